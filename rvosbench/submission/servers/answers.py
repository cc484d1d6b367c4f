"""Rows of predictions -> the best answer of everything that a zip must hold, and what has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rvosbench.errors import ScoreError
from rvosbench.files.text import some
from rvosbench.plugins.protocol import ANNOTATORS
from rvosbench.runs.predictions import Prediction
from rvosbench.submission.merge import merge_expressions
from rvosbench.submission.servers.server import Layout
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


def best_answers(
    video: Video, rows: Sequence[Prediction], layout: Layout, about: About, *, merged: bool
) -> Answered:
    """The answers that go into a zip, candidate 0 of each.

    Args:
        video: the video.
        rows: all of its rows.
        layout: of the zip.
        about: what the rows are about.
        merged: the rows are those of merged annotators, `<annotator>/<label>`.

    Raises:
        ScoreError: rows belong to nothing in this video, or cannot be made into label maps.
    """
    best = {(row.expression_id, row.frame_index): row for row in rows if not row.candidate}
    if merged:
        if layout.unit != "annotator":
            raise ScoreError(
                f"the predictions are label maps of {len(ANNOTATORS)} annotators, a zip of {layout.template} "
                "holds others; name the masks per expression, or --server davis"
            )
        return _merged(video, best)
    known = _objects(video) if about == "object" else [e.expression_id for e in video.expressions]
    unknown = sorted({row.expression_id for row in rows} - set(known))
    if unknown:
        raise ScoreError(
            f"there are predictions for {some(unknown)} of video {video.video_id}, which has "
            f"{some(known, 5, in_order=False) or 'none'} ({about}s); are they of another version of the "
            "dataset?"
        )
    frames = range(len(video.frames))
    asked = len(known) * len(frames)
    gaps = _gaps(video, known, best)
    if gaps:
        return Answered({}, gaps, asked)
    if layout.unit == "annotator":
        return Answered(_by_annotator(merge_expressions(video, frames, best)), [], asked)
    names = {key: key for key in known}  # label or expression -> who answers
    if layout.unit == "object" and about == "expression":
        names = dict(sorted(_expression_of_object(video).items(), key=lambda item: int(item[0])))
    return Answered({key: [best[name, frame] for frame in frames] for key, name in names.items()}, [], asked)


def _objects(video: Video) -> list[str]:
    return [str(obj.object_id) for obj in video.objects if obj.category != VOID]


def _merged(video: Video, best: Mapping[tuple[str, int], Prediction]) -> Answered:
    """The label maps of four annotators, as they came; every file has its label 1."""
    frames = range(len(video.frames))
    asked = len(ANNOTATORS) * len(frames)
    gaps = _gaps(video, [f"{annotator}/1" for annotator in ANNOTATORS], best)
    if gaps:
        gaps = [replace(gap, expression_id=gap.expression_id.partition("/")[0]) for gap in gaps]
        return Answered({}, gaps, asked)
    keys = sorted({key for key, _ in best}, key=lambda key: (key.partition("/")[0], _label(key)))
    return Answered({key: [best[key, frame] for frame in frames] for key in keys}, [], asked)


def _gaps(video: Video, known: Sequence[str], best: Mapping[tuple[str, int], Prediction]) -> list[Gap]:
    gaps = []
    for key in known:
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
