"""J as a function of time in the clip: where in a video is the object lost?"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rvosbench.analysis.bootstrap import Figure, intervals

PARTS = 10


@dataclass(frozen=True, slots=True)
class Part:
    """A part of all clips, such as their first tenth."""

    start: float  # as a share of the clip
    stop: float
    n: int  # expressions
    n_videos: int
    mean: float
    low: float  # 95 % interval over videos; NaN with fewer than two
    high: float


def over_clip(
    frame_scores: pa.Table,
    *,
    metric: str = "j",
    parts: int = PARTS,
    seed: int = 0,
    replicates: int = 2_000,
) -> list[Part]:
    """The mean of a score in every part of the clip.

    An expression's T scored frames divide its clip evenly, and each lasts until the next. The score of a part
    is the mean over its time, so a frame that reaches into two parts counts in both by its share. Thus every
    expression has a say in every part, however few its frames, and the mean over the parts is the mean
    over the frames.

    Args:
        frame_scores: as in a run's frame_scores.parquet.
        metric: the column.
        parts: into how many equal parts the clip is cut.
        seed: of the bootstrap.
        replicates: of the bootstrap.

    Returns:
        `parts` parts, in time; each score is a mean over expressions.
    """
    series = _series(frame_scores, metric)
    if not series:
        return []
    videos: list[Hashable] = [video_id for video_id, _ in series]
    shares = np.stack([part_means(values, parts) for values in series.values()])
    ends = intervals([Figure(values, videos) for values in shares.T], seed, replicates)
    return [
        Part(
            part / parts, (part + 1) / parts, len(values), len(set(videos)), float(values.mean()), *ends[part]
        )
        for part, values in enumerate(shares.T)
    ]


def part_means(values: Sequence[float] | NDArray[np.float64], parts: int) -> NDArray[np.float64]:
    """(parts,) means over equal parts of the time that T values cover evenly."""
    totals = np.concatenate([np.zeros(1), np.cumsum(np.asarray(values, np.float64))])
    edges = np.linspace(0, len(totals) - 1, parts + 1)
    upto: NDArray[np.float64] = np.interp(edges, np.arange(len(totals)), totals)
    return np.diff(upto) * (parts / (len(totals) - 1))


def _series(frame_scores: pa.Table, metric: str) -> dict[tuple[str, str], NDArray[np.float64]]:
    """(video, expression) -> the scores of its frames, in time."""
    names = ("video_id", "expression_id")
    ordered = frame_scores.sort_by([(name, "ascending") for name in (*names, "frame_index")])
    if not ordered.num_rows:
        return {}
    begins = np.zeros(ordered.num_rows, np.bool_)
    begins[0] = True
    for name in names:  # as numbers: millions of rows hold few names
        codes = ordered[name].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
        begins[1:] |= codes[1:] != codes[:-1]
    starts = np.flatnonzero(begins)
    owners = ordered.select(names).take(pa.array(starts))
    keys = zip(*(owners[name].to_pylist() for name in names), strict=True)
    values = np.asarray(ordered[metric].to_numpy(), np.float64)
    return dict(zip(keys, np.split(values, starts[1:]), strict=True))
