"""Rows of predictions -> the best answer of everything that a zip must hold, and what has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.files.text import some
from rvosbench.plugins.protocol import ANNOTATORS
from rvosbench.runs.predictions import Prediction
from rvosbench.runs.tolerance import NOTHING, STRICT, Adjusted, Tolerance
from rvosbench.submission.merge import merge_expressions
from rvosbench.submission.servers.server import Layout
from rvosbench.submission.sources import VideoRows, unasked
from rvosbench.types import VOID, Video

About = Literal["expression", "object"]
"""What predictions are about, whatever a server wants."""


@dataclass(frozen=True, slots=True)
class Gap:
    """An expression (or object) of a video without a prediction in some frames."""

    video_id: str
    expression_id: str  # or object id, or annotator
    frames: tuple[str, ...]  # names of those without
    of: int  # frames that the video has

    def __str__(self) -> str:
        names = "all" if len(self.frames) == self.of else some(self.frames, 3, in_order=False)
        return f"{self.video_id}/{self.expression_id}: {len(self.frames)} of {self.of} frames ({names})"


Tracks = Mapping[str, Sequence[Prediction]]
"""Expression id, or label, or <annotator>/<label> -> one answer per frame of the video."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered about a video."""

    tracks: Tracks  # empty where something is missing
    gaps: list[Gap]
    asked: int  # masks that the server wants, one per expression (or object) and frame
    adjusted: Adjusted = NOTHING  # what had to be let pass


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What predictions are about, what a zip holds, and what may be wrong between the two."""

    layout: Layout
    about: About
    merged: bool = False  # the rows are those of merged annotators, <annotator>/<label>
    tolerance: Tolerance = STRICT


def best_answers(video: Video, read: VideoRows, asked: Asked) -> Answered:
    """The answers that go into a zip, candidate 0 of each.

    Args:
        video: the video.
        read: all of its rows.
        asked: what they are made into.

    Raises:
        ScoreError: rows belong to nothing in this video, or cannot be made into label maps.
    """
    rows, surplus = _known(video, read.rows, asked)
    best = {(row.expression_id, row.frame_index): row for row in rows if not row.candidate}
    headless = {(row.expression_id, row.frame_index) for row in rows} - best.keys()
    keys = _keys(video, rows, asked)
    gaps = _gaps(video, keys, best)
    frames = range(len(video.frames))
    count = len(frames) * (len(ANNOTATORS) if asked.merged else len(keys))
    filled = 0
    if gaps and asked.tolerance.missing == "zero" and not headless:
        empty = masks.empty(video.height, video.width)
        for key in keys:
            for frame in frames:
                if (key, frame) not in best:
                    filled += 1
                    best[key, frame] = Prediction(
                        video_id=video.video_id,
                        expression_id=key,
                        frame_index=frame,
                        candidate=0,
                        score=0.0,
                        mask=empty,
                    )
        gaps = []
    if gaps:
        return Answered({}, gaps, count)
    adjusted = read.adjusted + Adjusted(missing=filled, surplus=surplus)
    return Answered(_tracks(video, keys, best, asked), [], count, adjusted)


def _known(video: Video, rows: Sequence[Prediction], asked: Asked) -> tuple[Sequence[Prediction], int]:
    """The rows that answer something of this video, and how many (expression, frame) do not.

    Raises:
        ScoreError: some do not, and that is not let pass.
    """
    if asked.merged:
        if asked.layout.unit != "annotator":
            raise ScoreError(
                f"the predictions are label maps of {len(ANNOTATORS)} annotators, a zip of "
                f"{asked.layout.template} holds others; name the masks per expression, or --server davis"
            )
        return rows, 0
    known = _objects(video) if asked.about == "object" else [e.expression_id for e in video.expressions]
    names = {row.expression_id for row in rows}
    surplus_names = unasked(names, known, asked.about, video, asked.tolerance)
    surplus = {(row.expression_id, row.frame_index) for row in rows if row.expression_id in surplus_names}
    return [row for row in rows if row.expression_id in known], len(surplus)


def _keys(video: Video, rows: Sequence[Prediction], asked: Asked) -> list[str]:
    """What wants an answer in every frame, as rows call it."""
    if asked.merged:  # label 1 is there wherever there is a map
        labels = {row.expression_id for row in rows} | {f"{annotator}/1" for annotator in ANNOTATORS}
        return sorted(labels, key=lambda key: (key.partition("/")[0], _label(key)))
    return _objects(video) if asked.about == "object" else [e.expression_id for e in video.expressions]


def _tracks(
    video: Video, keys: Sequence[str], best: Mapping[tuple[str, int], Prediction], asked: Asked
) -> Tracks:
    """Complete answers under the names that the layout wants."""
    frames = range(len(video.frames))
    if asked.layout.unit == "annotator" and not asked.merged:
        return _by_annotator(merge_expressions(video, frames, best))
    names = {key: key for key in keys}  # label or expression -> who answers
    if asked.layout.unit == "object" and asked.about == "expression":
        names = dict(sorted(_expression_of_object(video).items(), key=lambda item: int(item[0])))
    return {key: [best[name, frame] for frame in frames] for key, name in names.items()}


def _objects(video: Video) -> list[str]:
    return [str(obj.object_id) for obj in video.objects if obj.category != VOID]


def _gaps(video: Video, keys: Sequence[str], best: Mapping[tuple[str, int], Prediction]) -> list[Gap]:
    gaps = []
    for key in keys:
        names = tuple(frame.name for index, frame in enumerate(video.frames) if (key, index) not in best)
        if names:
            gaps.append(Gap(video.video_id, key, names, len(video.frames)))
    return gaps


def _by_annotator(rows: Sequence[Prediction]) -> Tracks:
    """Merged rows under <annotator>/<label>.

    The labels are counted from 1 without gaps: one in between that nobody uses would be one more proposal,
    and an empty one is right wherever an object is absent.
    """
    tracks: dict[str, list[Prediction]] = {}
    for row in sorted(rows, key=lambda row: row.frame_index):
        tracks.setdefault(row.expression_id, []).append(row)
    numbered: dict[str, list[Prediction]] = {}
    for annotator in ANNOTATORS:
        mine = sorted((key for key in tracks if key.startswith(f"{annotator}/")), key=_label)
        numbered |= {f"{annotator}/{rank}": tracks[key] for rank, key in enumerate(mine, start=1)}
    return numbered


def _label(key: str) -> int:
    return int(key.rpartition("/")[2])


def _expression_of_object(video: Video) -> dict[str, str]:
    """Object id -> the one expression that means it and nothing else.

    Raises:
        ScoreError: it is otherwise.
    """
    instead = "give predictions about objects, with --about object"
    meant: dict[str, str] = {}
    for expression in video.expressions:
        where = f"expression {expression.expression_id} of video {video.video_id}"
        if expression.object_ids is None or len(expression.object_ids) != 1:
            objects = "hidden objects" if expression.object_ids is None else list(expression.object_ids)
            raise ScoreError(f"{where} means {objects}, a label map wants exactly one object; {instead}")
        object_id = str(expression.object_ids[0])
        if object_id in meant:
            raise ScoreError(
                f"{where} means object {object_id} as expression {meant[object_id]} does, a label map has "
                f"one answer for it; {instead}"
            )
        meant[object_id] = expression.expression_id
    return meant
