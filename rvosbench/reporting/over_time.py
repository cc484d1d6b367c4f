"""How a run does over time: J along the clip, and whether its masks hold still as the objects do."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rvosbench.analysis.bootstrap import Comparison, compare, interval
from rvosbench.analysis.over_time import Part, over_clip
from rvosbench.analysis.stability import track_stability
from rvosbench.reporting.answers import ScoredRun
from rvosbench.runs.run import Run
from rvosbench.store import Store

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Mean:
    """A mean over expressions, with its 95 % interval over videos (NaN with fewer than two)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Stability:
    """`rvosbench.analysis.stability` of answers and of true objects, over the same pairs of frames."""

    n: int  # expressions (or objects) with at least two scored frames
    n_videos: int
    answers: Mean
    truths: Mean
    difference: Comparison  # answers minus truths; negative: the answers flicker


@dataclass(frozen=True, kw_only=True, slots=True)
class OverTime:
    """What a run does over time."""

    parts: tuple[Part, ...]  # J per tenth of the clip; empty when no expression has two scored frames
    stability: Stability | None  # None when no expression has two scored frames


def over_time(
    run: str | Path | Run,
    store: Store,
    *,
    predictions: Path | None = None,
    protocol: str | None = None,
    seed: int = 0,
) -> OverTime:
    """Read all answers of a scored run, one video at a time.

    Args:
        run: a run that `rvos evaluate` has scored.
        store: the store that it was scored against.
        predictions: where they are, when they are no longer where they were scored.
        protocol: whose scores; see `rvosbench.runs.run.Run.scores`.
        seed: of the bootstrap.

    Raises:
        MissingPathError: the run has no scores or predictions.
        ScoreError: the run was scored against another store, or answers are missing.
    """
    scored = ScoredRun(run, store, predictions, protocol)
    videos: list[str] = []
    answers: list[float] = []
    truths: list[float] = []
    for video_id in _with_time(scored.frame_scores):
        for track in scored.video(video_id)[1].values():
            if len(track.masks) > 1:
                videos.append(video_id)
                answers.append(float(track_stability(track.masks).mean()))
                truths.append(float(track_stability(track.query.truths).mean()))
    if not videos:
        return OverTime(parts=(), stability=None)
    return OverTime(
        parts=tuple(over_clip(scored.frame_scores, seed=seed)),
        stability=Stability(
            n=len(videos),
            n_videos=len(set(videos)),
            answers=_mean(answers, videos, seed),
            truths=_mean(truths, videos, seed),
            difference=compare(answers, truths, videos, seed),
        ),
    )


def _with_time(frame_scores: pa.Table) -> list[str]:
    """The videos where an expression has more than one scored frame; datasets of stills have none to read."""
    counts = frame_scores.group_by(["video_id", "expression_id"]).aggregate([("frame_index", "count")])
    several = counts.filter(pc.greater(counts["frame_index_count"], 1))
    return sorted(set(several["video_id"].to_pylist()))


def as_json(found: OverTime) -> dict[str, Any]:
    """Plain data; a number that could not be computed is null."""
    return {
        "schema_version": SCHEMA_VERSION,
        "j_per_part_of_the_clip": [_plain(asdict(part)) for part in found.parts],
        "stability": None if found.stability is None else _plain(asdict(found.stability)),
    }


def _mean(values: list[float], videos: list[str], seed: int) -> Mean:
    low, high = interval(values, videos, seed)
    return Mean(value=float(np.mean(values)), low=low, high=high)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Without NaN, which JSON does not know."""
    return {
        key: _plain(value)
        if isinstance(value, dict)
        else (None if isinstance(value, float) and not math.isfinite(value) else value)
        for key, value in values.items()
    }
