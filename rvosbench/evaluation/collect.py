"""Videos -> rows: every scored frame, every expression, the ranked detections; no number over videos yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rvosbench.errors import ScoreError
from rvosbench.evaluation.answers import Answers, answer
from rvosbench.evaluation.detections import matched_detections
from rvosbench.evaluation.partial_truth import rules_for
from rvosbench.evaluation.targets import Query, nothing_counts, queries
from rvosbench.metrics import statistics
from rvosbench.metrics.boxes import mask_box_overlaps
from rvosbench.metrics.coco_figures import join_matches
from rvosbench.metrics.pairs import PairScores, measure_pairs
from rvosbench.plugins.protocol import Protocol
from rvosbench.plugins.table import Matches, Table
from rvosbench.runs.predictions import Prediction
from rvosbench.runs.tables import EXPRESSION_SCHEMA, FRAME_SCHEMA, SAMPLE_SCHEMA
from rvosbench.runs.tolerance import NOTHING, STRICT, Adjusted, Tolerance
from rvosbench.store import Store
from rvosbench.submission import PredictionSource
from rvosbench.types import Video

_BLOCK = 256  # videos


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What decides the rows of a video."""

    store: Store
    split: str
    source: PredictionSource
    rules: Protocol
    left_out: frozenset[str] = frozenset()  # expressions that nobody asked, <video>/<expression>
    ranks: bool = False  # some metric ranks the detections of all samples
    tolerance: Tolerance = STRICT  # what is let pass
    partly: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Video -> (frames with masks, frames that should have them), of those that are scored all the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoredVideos:
    """The rows of some videos, in the order in which the videos were scored."""

    frames: pa.Table  # FRAME_SCHEMA; SAMPLE_SCHEMA where the protocol counts frame samples
    expressions: pa.Table  # EXPRESSION_SCHEMA
    annotators: tuple[str | None, ...]  # one per expression: who asked, where the protocol tells them apart
    matches: Matches | None  # where the task ranks
    sample_ids: tuple[str, ...] = ()  # of what is ranked; equal scores are ordered by them
    adjusted: Adjusted = NOTHING  # what had to be let pass
    authors: tuple[str | None, ...] = ()  # one per expression: who wrote it, where the release says
    unscored: tuple[str, ...] = ()  # videos of which nothing counts

    @property
    def table(self) -> Table:
        """As metrics see it."""
        return Table(self.frames, self.expressions, self.matches)

    @property
    def all_empty(self) -> bool:
        """Nothing was predicted anywhere, though there was something to find."""
        frames = self.table.frames
        return not frames.predicted_area.any() and bool(frames.true_area.any())

    @property
    def equals_truth(self) -> bool:
        """Every mask is the truth, to the pixel."""
        frames = self.table.frames
        return bool((frames.intersection == frames.union).all())


def score_videos(
    task: Task, video_ids: Sequence[str], on_progress: Callable[[int, int], None] | None = None
) -> ScoredVideos:
    """Score videos one after the other; memory holds the masks of one at a time.

    A pure function of what it is given, so that several processes may each take a range of the sorted ids.

    Args:
        task: what decides the rows.
        video_ids: of the split.
        on_progress: called with (videos done, videos in all).

    Raises:
        ScoreError: answers are missing, belong to nothing, or cannot be scored; the truth is hidden.
        ShapeError: a mask has another size than its video.
    """
    blocks: list[ScoredVideos] = []
    parts: list[ScoredVideos] = []
    for done, video_id in enumerate(video_ids):
        video = task.store.video(task.split, video_id)
        part = _scored(task, video)
        if part is not None:
            parts.append(part)
        elif nothing_counts(video, task.rules):
            parts.append(replace(joined([]), unscored=(video_id,)))
        if len(parts) >= _BLOCK:  # a table of a few rows takes many times what its rows need
            blocks.append(joined(parts))
            parts = []
        if on_progress is not None:
            on_progress(done + 1, len(video_ids))
    return joined([*blocks, *parts])


def joined(parts: Sequence[ScoredVideos]) -> ScoredVideos:
    """The rows of all parts, as if their videos had been scored one after the other."""
    ids = tuple(sample_id for part in parts for sample_id in part.sample_ids)
    matches = [part.matches for part in parts if part.matches is not None]
    frames = [part.frames for part in parts if part.frames.num_rows]
    return ScoredVideos(
        frames=pa.concat_tables(frames or [FRAME_SCHEMA.empty_table()]).combine_chunks(),
        expressions=pa.concat_tables(
            [EXPRESSION_SCHEMA.empty_table(), *(part.expressions for part in parts)]
        ).combine_chunks(),
        annotators=tuple(annotator for part in parts for annotator in part.annotators),
        matches=join_matches(matches, ids) if matches else None,
        sample_ids=ids,
        adjusted=sum((part.adjusted for part in parts), NOTHING),
        authors=tuple(author for part in parts for author in part.authors),
        unscored=tuple(video_id for part in parts for video_id in part.unscored),
    )


def asked_of(video: Video, rules: Protocol, left_out: frozenset[str]) -> list[Query]:
    """The queries of a video, without those about expressions that the run did not ask."""
    asked = queries(video, rules)
    if rules.answers != "annotator":
        return [q for q in asked if f"{video.video_id}/{q.expression_id}" not in left_out]
    gone = sum(f"{video.video_id}/{expression.expression_id}" in left_out for expression in video.expressions)
    if 0 < gone < len(video.expressions):
        raise ScoreError(
            f"the run did not ask {gone} of the {len(video.expressions)} expressions of video "
            f"{video.video_id}, '{rules.name}' merges them all; choose davis-expressions"
        )
    return [] if gone else asked


def scored_candidate(candidates: Sequence[Prediction], rules: Protocol) -> Prediction:
    """The one that J and F are taken from: candidate 0.

    For frame samples the best score, of equal ones the last, as published.
    """
    if rules.unit != "frame sample":
        return candidates[0]
    return max(candidates, key=lambda row: (row.score, row.candidate))


def _scored(task: Task, video: Video) -> ScoredVideos | None:
    """One video; None if nothing is asked about it."""
    partial = Adjusted(partial_truth=int(video.video_id in task.partly))
    if without_truth(video.video_id, task):
        return _nothing_scored(partial)
    rules = rules_for(video, task.rules) if video.video_id in task.partly else task.rules
    asked = asked_of(video, rules, task.left_out)
    if not asked:
        return _nothing_scored(partial) if partial.partial_truth else None
    read = task.source.read(video)
    asked, answers, adjusted = answer(
        video, asked, read.rows, task.rules, merged=task.source.merged, tolerance=task.tolerance
    )
    measured = _measured(asked, answers, task.rules)
    counts = [len(query.frames) for query in asked]
    ends = np.cumsum(counts)[:-1]
    # nanmean over each expression, as DAVIS: the order of the additions decides the last bit.
    j, f = (
        [statistics.mean(series) for series in np.split(values, ends)] for values in (measured.j, measured.f)
    )
    matches, ids = matched_detections(video, asked, answers, task.rules) if task.ranks else (None, ())
    names = [query.expression_id for query in asked]
    frames = {
        "video_id": [video.video_id] * sum(counts),
        "expression_id": [name for name, count in zip(names, counts, strict=True) for _ in range(count)],
        "frame_index": [frame for query in asked for frame in query.frames],
        "j": measured.j,
        "f": measured.f,
        "intersection": measured.intersection,
        "union": measured.union,
        "predicted_area": measured.predicted_area,
        "true_area": measured.true_area,
    }
    samples = task.rules.unit == "frame sample"
    if samples:
        frames["box_intersection"], frames["box_union"] = _boxes(asked, answers, task.rules)
    expressions = {
        "video_id": [video.video_id] * len(asked),
        "expression_id": names,
        "text": [query.text for query in asked],
        "j": j,
        "f": f,
        "j_and_f": [(one + other) / 2 for one, other in zip(j, f, strict=True)],
        "n_frames": counts,
    }
    return ScoredVideos(
        frames=pa.table(frames, schema=SAMPLE_SCHEMA if samples else FRAME_SCHEMA),
        expressions=pa.table(expressions, schema=EXPRESSION_SCHEMA),
        annotators=tuple(query.annotator for query in asked),
        matches=matches,
        sample_ids=tuple(ids),
        adjusted=read.adjusted + adjusted + partial,
        authors=tuple(query.author for query in asked),
    )


def without_truth(video_id: str, task: Task) -> bool:
    """Whether nothing of a video is annotated, though its source promises all of it: it cannot be scored."""
    return task.partly.get(video_id, (1, 1))[0] == 0


def _nothing_scored(adjusted: Adjusted) -> ScoredVideos:
    return ScoredVideos(
        frames=FRAME_SCHEMA.empty_table(),
        expressions=EXPRESSION_SCHEMA.empty_table(),
        annotators=(),
        matches=None,
        adjusted=adjusted,
    )


def _boxes(
    asked: Sequence[Query], answers: Answers, rules: Protocol
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Intersection and union of the bounding boxes, by query and frame."""
    best = [scored_candidate(answers[q.expression_id, frame], rules) for q in asked for frame in q.frames]
    return mask_box_overlaps([row.mask for row in best], [truth for q in asked for truth in q.truths])


def _measured(asked: Sequence[Query], answers: Answers, rules: Protocol) -> PairScores:
    """J, F and areas of every scored frame of a video, by query."""
    keys = [(query, index) for query in asked for index in range(len(query.frames))]
    best = [scored_candidate(answers[q.expression_id, q.frames[index]], rules) for q, index in keys]
    voids = [None if q.voids is None else q.voids[index] for q, index in keys]
    return measure_pairs(
        [row.mask for row in best],
        [query.truths[index] for query, index in keys],
        voids if any(void is not None for void in voids) else None,
    )
