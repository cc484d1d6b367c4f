"""How a run does over time: J along the clip, and whether its masks hold still as the objects do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rvosbench.analysis.bootstrap import Comparison, Figure, compare, intervals
from rvosbench.analysis.over_time import Part, over_clip
from rvosbench.analysis.stability import track_stabilities
from rvosbench.reporting.answers import ScoredRun, Track

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
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


def over_time(scored: ScoredRun, *, seed: int = 0) -> OverTime:
    """Read all answers of a scored run, one video at a time.

    Args:
        scored: the run beside its store.
        seed: of the bootstrap.

    Raises:
        ScoreError: answers are missing.
    """
    tracks = TracksOverTime(scored)
    for video_id in tracks.video_ids:
        tracks.add(video_id, scored.video(video_id)[1])
    return tracks.summary(seed)


class TracksOverTime:
    """Collects the stability of tracks video by video, for who reads the videos for something else too."""

    def __init__(self, scored: ScoredRun) -> None:
        self._scored = scored
        self.video_ids = _with_time(scored.frames)
        """The videos that have something to say: an expression with more than one scored frame; sorted."""
        self._videos: list[str] = []
        self._answers: list[float] = []
        self._truths: list[float] = []

    def add(self, video_id: str, tracks: Mapping[str, Track]) -> None:
        """Take the tracks of one of the videos, see `ScoredRun.video`."""
        moving = [track for track in tracks.values() if len(track.masks) > 1]
        # Several expressions about one object share its truth, which is then looked at once.
        masks = dict.fromkeys([series for track in moving for series in (track.masks, track.query.truths)])
        means = {
            series: float(steps.mean())
            for series, steps in zip(masks, track_stabilities(list(masks)), strict=True)
        }
        self._videos += [video_id] * len(moving)
        self._answers += [means[track.masks] for track in moving]
        self._truths += [means[track.query.truths] for track in moving]

    def summary(self, seed: int = 0) -> OverTime:
        """What they come to, when all videos have been added."""
        videos, answers, truths = self._videos, self._answers, self._truths
        if not videos:
            return OverTime(parts=(), stability=None)
        ends = intervals([Figure(answers, videos), Figure(truths, videos)], seed)
        return OverTime(
            parts=tuple(over_clip(self._scored.frames, seed=seed)),
            stability=Stability(
                n=len(videos),
                n_videos=len(set(videos)),
                answers=Mean(float(np.mean(answers)), *ends[0]),
                truths=Mean(float(np.mean(truths)), *ends[1]),
                difference=compare(answers, truths, videos, seed),
            ),
        )


def _with_time(frame_scores: pa.Table) -> list[str]:
    """The videos where an expression has more than one scored frame; datasets of stills have none to read."""
    counts = frame_scores.group_by(["video_id", "expression_id"]).aggregate([("frame_index", "count")])
    several = counts.filter(pc.greater(counts["frame_index_count"], 1))
    return sorted(set(several["video_id"].to_pylist()))


def as_json(summary: OverTime) -> dict[str, Any]:
    """Plain data; a number that could not be computed is null."""
    return {
        "schema_version": SCHEMA_VERSION,
        "j_per_part_of_the_clip": [_plain(asdict(part)) for part in summary.parts],
        "stability": None if summary.stability is None else _plain(asdict(summary.stability)),
    }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Without NaN, which JSON does not know."""
    return {
        key: _plain(value)
        if isinstance(value, dict)
        else (None if isinstance(value, float) and not math.isfinite(value) else value)
        for key, value in values.items()
    }
