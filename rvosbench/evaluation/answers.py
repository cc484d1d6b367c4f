"""Rows of predictions -> an answer to every query of a video, complete, merged and matched.

What is missing or belongs to nothing is refused, or let pass and counted, as the tolerance says.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.evaluation.targets import NOWHERE, Query
from rvosbench.metrics.labels import label_ids
from rvosbench.metrics.matching import match
from rvosbench.plugins.protocol import Protocol
from rvosbench.runs.predictions import Prediction
from rvosbench.runs.tolerance import STRICT, Adjusted, Tolerance
from rvosbench.submission.merge import merge_expressions
from rvosbench.submission.sources import unasked
from rvosbench.types import Video

Answers = Mapping[tuple[str, int], Sequence[Prediction]]
"""(expression, frame) -> its candidates, best first as the file says."""

# Of a mask that is missing: after every detection, where an empty one changes no average precision.
_LAST = -sys.float_info.max


class Answered(NamedTuple):
    """What was answered to the queries of a video."""

    asked: list[Query]  # in the order in which they count
    answers: Answers  # the candidates for each query and frame
    adjusted: Adjusted  # what had to be let pass


def answer(
    video: Video,
    asked: Sequence[Query],
    rows: Iterable[Prediction],
    rules: Protocol,
    *,
    merged: bool,
    tolerance: Tolerance = STRICT,
) -> Answered:
    """What was answered to each query.

    Args:
        video: the video.
        asked: its queries, at least one.
        rows: all rows of the video, by expression, frame and candidate.
        rules: the protocol.
        merged: the rows are those of merged annotators, see `rvosbench.submission.merge`.
        tolerance: whether what is missing counts as empty, and what belongs to nothing is ignored.

    Raises:
        ScoreError: answers are missing, belong to nothing in this video, or cannot be merged or matched.
    """
    given = _Given(video, rows, tolerance)
    if rules.annotators == "mean":
        return _by_annotator(video, asked, given, rules, merged=merged)
    known = {expression.expression_id for expression in video.expressions}
    if rules.unit == "object":
        known = {str(obj.object_id) for obj in video.objects}
        known |= {str(label) for label in label_ids(video)}
        given.rows = _with_nowhere(video, asked, given.rows)
    given.keep(known, rules.unit)
    needed = [(query.expression_id, frame) for query in asked for frame in query.frames]
    if rules.matching == "none":
        given.complete(needed, rules.unit)
        return Answered(list(asked), {key: given.rows[key] for key in needed}, given.adjusted)
    tracks = {expression_id for expression_id, _ in [*given.rows, *needed]}  # any may answer for any object
    given.complete([(track, frame) for track in sorted(tracks) for frame in asked[0].frames], rules.unit)
    return Answered(*_matched(video, asked, given.rows, rules), given.adjusted)


def _by_annotator(
    video: Video, asked: Sequence[Query], given: _Given, rules: Protocol, *, merged: bool
) -> Answered:
    frames = asked[0].frames
    if not merged:
        expressions = [expression.expression_id for expression in video.expressions]
        given.keep(set(expressions), "expression")
        given.complete([(s, frame) for s in expressions for frame in frames], "expression")
        best = {key: candidates[0] for key, candidates in given.rows.items()}
        given.rows = {
            (row.expression_id, row.frame_index): [row] for row in merge_expressions(video, frames, best)
        }
    tracks = {expression_id for expression_id, _ in given.rows}
    order: list[Query] = []
    answers: dict[tuple[str, int], Sequence[Prediction]] = {}
    for annotator in dict.fromkeys(query.annotator for query in asked):
        mine = sorted(track for track in tracks if track.startswith(f"{annotator}/")) or [f"{annotator}/1"]
        given.complete([(track, frame) for track in mine for frame in frames], "label")
        theirs = {key: rows for key, rows in given.rows.items() if key[0] in mine}
        queries = [query for query in asked if query.annotator == annotator]
        matched, chosen = _matched(video, queries, theirs, rules)
        order += matched
        answers |= chosen
    return Answered(order, answers, given.adjusted)


def _matched(
    video: Video,
    asked: Sequence[Query],
    given: Mapping[tuple[str, int], Sequence[Prediction]],
    rules: Protocol,
) -> tuple[list[Query], Answers]:
    """The queries about objects, and the track that answers for each object."""
    frames = asked[0].frames
    template = next(iter(given.values()))[0]
    proposals = {
        _number(track): [given[track, frame][0].mask for frame in frames]
        for track in sorted({track for track, _ in given})
    }
    by_object = {_number(query.expression_id): query for query in asked}
    chosen = match(
        proposals,
        {object_id: query.truths for object_id, query in by_object.items()},
        asked[0].voids,
        rules.matching,
        f"video {video.video_id} by {asked[0].annotator}"
        if asked[0].annotator
        else f"video {video.video_id}",
    )
    answers = {}
    for object_id, track in chosen:
        name = by_object[object_id].expression_id
        for frame, mask in zip(frames, track, strict=True):
            answers[name, frame] = [
                replace(template, expression_id=name, frame_index=frame, candidate=0, mask=mask)
            ]
    return [by_object[object_id] for object_id, _ in chosen], answers


def _with_nowhere(
    video: Video, asked: Sequence[Query], given: dict[tuple[str, int], list[Prediction]]
) -> dict[tuple[str, int], list[Prediction]]:
    """Without an answer to what is nowhere and has no name, nobody claims to see it."""
    nothing = masks.empty(video.height, video.width)
    silent = {
        (query.expression_id, frame): [
            Prediction(
                video_id=video.video_id,
                expression_id=query.expression_id,
                frame_index=frame,
                candidate=0,
                score=1.0,
                mask=nothing,
            )
        ]
        for query in asked
        if query.text == NOWHERE
        for frame in query.frames
    }
    return silent | given


def _number(track: str) -> int:
    return int(track.rpartition("/")[2])


class _Given:
    """The rows of a video by expression and frame, and what was done to make them complete."""

    def __init__(self, video: Video, rows: Iterable[Prediction], tolerance: Tolerance) -> None:
        self.rows: dict[tuple[str, int], list[Prediction]] = {}
        self.adjusted = Adjusted()
        self._video = video
        self._tolerance = tolerance
        for row in rows:
            self.rows.setdefault((row.expression_id, row.frame_index), []).append(row)

    def keep(self, known: set[str], unit: str) -> None:
        """Refuse rows of other expressions (or objects), or leave them out."""
        names = unasked({key[0] for key in self.rows}, known, unit, self._video, self._tolerance)
        surplus = [key for key in self.rows if key[0] in names]
        for key in surplus:
            del self.rows[key]
        self.adjusted += Adjusted(surplus=len(surplus))

    def complete(self, needed: Sequence[tuple[str, int]], unit: str) -> None:
        """Refuse gaps, or fill them with empty masks."""
        missing = [key for key in needed if key not in self.rows]
        headless = [key for key in needed if key in self.rows and self.rows[key][0].candidate != 0]
        if headless or (missing and self._tolerance.missing == "error"):
            raise self._gaps([*headless, *missing], len(needed), unit, fillable=not headless)
        empty = masks.empty(self._video.height, self._video.width)
        for expression_id, frame in missing:
            self.rows[expression_id, frame] = [
                Prediction(
                    video_id=self._video.video_id,
                    expression_id=expression_id,
                    frame_index=frame,
                    candidate=0,
                    score=_LAST,
                    mask=empty,
                )
            ]
        self.adjusted += Adjusted(missing=len(missing))

    def _gaps(
        self, missing: Sequence[tuple[str, int]], needed: int, unit: str, *, fillable: bool
    ) -> ScoreError:
        names = [f"{expression_id}/{self._video.frames[frame].name}" for expression_id, frame in missing[:3]]
        way_out = ", or add --missing zero, which every table will say" if fillable else " as candidate 0"
        return ScoreError(
            f"{len(missing)} of {needed} predictions for video {self._video.video_id} are missing: "
            f"{', '.join(names)}{' ...' if len(missing) > 3 else ''} ({unit}/frame); where nothing is there, "
            f"write an empty mask{way_out}"
        )
