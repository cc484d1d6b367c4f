"""Rows of predictions -> an answer to every query of a video, complete, merged and matched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.evaluation.merge import merge_expressions
from rvosbench.evaluation.targets import NOWHERE, Query
from rvosbench.metrics.labels import label_ids
from rvosbench.metrics.matching import match
from rvosbench.plugins.protocol import Protocol
from rvosbench.runs.predictions import Prediction
from rvosbench.types import Video

Answers = Mapping[tuple[str, int], Sequence[Prediction]]
"""(expression, frame) -> its candidates, best first as the file says."""


def answer(
    video: Video, asked: Sequence[Query], rows: Iterable[Prediction], rules: Protocol, *, merged: bool
) -> tuple[list[Query], Answers]:
    """What was answered to each query.

    Args:
        video: the video.
        asked: its queries, at least one.
        rows: all rows of the video, by expression, frame and candidate.
        rules: the protocol.
        merged: the rows are those of merged annotators, see `rvosbench.evaluation.merge`.

    Returns:
        The queries, in the order in which they count; and the candidates for each query and frame.

    Raises:
        ScoreError: answers are missing, belong to nothing in this video, or cannot be merged or matched.
    """
    given: dict[tuple[str, int], list[Prediction]] = {}
    for row in rows:
        given.setdefault((row.expression_id, row.frame_index), []).append(row)
    if rules.annotators == "mean":
        return _by_annotator(video, asked, given, rules, merged=merged)
    known = {expression.expression_id for expression in video.expressions}
    if rules.unit == "object":
        known = {str(obj.object_id) for obj in video.objects}
        given = _with_nowhere(video, asked, given)
        known |= {str(label) for label in label_ids(video)}
    _refuse_unknown(video, given, known, rules.unit)
    needed = [(query.expression_id, frame) for query in asked for frame in query.frames]
    if rules.matching == "none":
        _refuse_missing(video, given, needed, rules.unit)
        return list(asked), {key: given[key] for key in needed}
    tracks = {expression_id for expression_id, _ in [*given, *needed]}  # any may answer for any object
    every = [(track, frame) for track in sorted(tracks) for frame in asked[0].frames]
    _refuse_missing(video, given, every, rules.unit)
    return _matched(video, asked, given, rules)


def _by_annotator(
    video: Video,
    asked: Sequence[Query],
    given: dict[tuple[str, int], list[Prediction]],
    rules: Protocol,
    *,
    merged: bool,
) -> tuple[list[Query], Answers]:
    frames = asked[0].frames
    if not merged:
        expressions = [expression.expression_id for expression in video.expressions]
        _refuse_unknown(video, given, set(expressions), "expression")
        _refuse_missing(video, given, [(s, frame) for s in expressions for frame in frames], "expression")
        best = {key: candidates[0] for key, candidates in given.items()}
        given = {
            (row.expression_id, row.frame_index): [row] for row in merge_expressions(video, frames, best)
        }
    tracks = {expression_id for expression_id, _ in given}
    order: list[Query] = []
    answers: dict[tuple[str, int], Sequence[Prediction]] = {}
    for annotator in dict.fromkeys(query.annotator for query in asked):
        mine = sorted(track for track in tracks if track.startswith(f"{annotator}/")) or [f"{annotator}/1"]
        _refuse_missing(video, given, [(track, frame) for track in mine for frame in frames], "label")
        theirs = {key: rows for key, rows in given.items() if key[0] in mine}
        queries = [query for query in asked if query.annotator == annotator]
        matched, chosen = _matched(video, queries, theirs, rules)
        order += matched
        answers |= chosen
    return order, answers


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


def _refuse_unknown(
    video: Video, given: Mapping[tuple[str, int], object], known: set[str], unit: str
) -> None:
    unknown = sorted({expression_id for expression_id, _ in given} - known)
    if unknown:
        raise ScoreError(
            f"there are predictions for {', '.join(unknown[:3])} of video {video.video_id}, which has "
            f"{', '.join(sorted(known)[:5]) or 'none'} (unit: {unit}); are they of another version of "
            "the dataset?"
        )


def _refuse_missing(
    video: Video,
    given: Mapping[tuple[str, int], Sequence[Prediction]],
    needed: Sequence[tuple[str, int]],
    unit: str,
) -> None:
    missing = [key for key in needed if key not in given or given[key][0].candidate != 0]
    if missing:
        names = [f"{expression_id}/{video.frames[frame].name}" for expression_id, frame in missing[:3]]
        raise ScoreError(
            f"{len(missing)} of {len(needed)} predictions for video {video.video_id} are missing: "
            f"{', '.join(names)}{' ...' if len(missing) > 3 else ''} ({unit}/frame); where nothing is there, "
            "write an empty mask"
        )
