"""How sure a mean average precision is: the bootstrap over videos, without matching anything again.

Which detections match their sample does not depend on which videos are drawn, and copies of a sample keep
their place in the ranking. So a replicate only counts every sample as often as it was drawn.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from rvosbench.analysis.bootstrap import draws, quantiles
from rvosbench.errors import ShapeError

_RECALLS = np.linspace(0.0, 1.0, 101)


def average_precision_interval(
    ranked: NDArray[np.int64],
    hits: NDArray[np.bool_],
    clusters: Sequence[Hashable],
    seed: int = 0,
    replicates: int = 2_000,
    *,
    level: float = 0.95,
) -> tuple[float, float]:
    """A percentile bootstrap interval of mAP over clusters of samples, such as videos.

    Args:
        ranked: (D,) the sample of every detection, best score first.
        hits: (D, K) bool, True where the detection is the one that matches its sample at threshold k; at
            most one per sample and threshold.
        clusters: a label for each sample.
        seed: the same seed draws the same clusters.
        replicates: how often to draw; each costs about 1 ms for 5,000 samples of 20 detections.
        level: the probability that the interval holds.

    Returns:
        (low, high); NaN when there are fewer than two clusters.

    Raises:
        ShapeError: `ranked` and `hits` differ in length.
    """
    return average_precision_intervals(ranked, [hits], clusters, seed, replicates, level=level)[0]


def average_precision_intervals(
    ranked: NDArray[np.int64],
    several: Sequence[NDArray[np.bool_]],
    clusters: Sequence[Hashable],
    seed: int = 0,
    replicates: int = 2_000,
    *,
    level: float = 0.95,
) -> list[tuple[float, float]]:
    """As `average_precision_interval`, of several metrics over one ranking.

    All see the same draws, and a threshold that several have, such as that of AP@0.5 in mAP, is counted once.

    Args:
        ranked: as there.
        several: the hits of each metric.
        clusters: as there.
        seed: as there.
        replicates: as there.
        level: as there.

    Raises:
        ShapeError: `ranked` and the hits differ in length.
    """
    for hits in several:
        if len(ranked) != len(hits):
            raise ShapeError(
                f"{len(ranked)} ranked detections and {len(hits)} rows of hits; expected one each"
            )
    numbers: dict[Hashable, int] = {}
    owner = np.array([numbers.setdefault(cluster, len(numbers)) for cluster in clusters], np.int64)
    if len(numbers) < 2:
        return [(math.nan, math.nan)] * len(several)
    sizes = np.bincount(owner).astype(np.float64)
    rows: list[NDArray[np.int64]] = []
    number_of: dict[bytes, int] = {}
    columns = []  # of each metric, the numbers of its thresholds among all
    for hits in several:
        mine = []
        for hit in hits.T:
            number = number_of.setdefault(np.packbits(hit).tobytes(), len(rows))
            if number == len(rows):
                rows.append(np.flatnonzero(hit))
            mine.append(number)
        columns.append(mine)
    ranked = owner[ranked]
    figures: list[list[NDArray[np.float64]]] = [[] for _ in several]
    for block in draws(len(numbers), replicates, seed):
        areas = [_areas(ranked, rows, copies, sizes) for copies in block]
        for mine, blocks in zip(columns, figures, strict=True):
            means = [float(np.mean([of_draw[number] for number in mine])) for of_draw in areas]
            blocks.append(np.array(means))
    return [quantiles(blocks, level) for blocks in figures]


def resampled_average_precision(
    ranked: NDArray[np.int64],
    hit_rows: Sequence[NDArray[np.int64]],
    copies: NDArray[np.float64],
    sizes: NDArray[np.float64],
) -> float:
    """The mAP by the COCO rules (101 recalls, envelope) when every cluster of samples comes `copies` times.

    Args:
        ranked: (D,) the cluster of every detection, best score first.
        hit_rows: for each threshold, the ascending places in `ranked` of the matching detections.
        copies: one whole number per cluster; all ones for the figure itself.
        sizes: the number of samples of every cluster.
    """
    return float(np.mean(_areas(ranked, hit_rows, copies, sizes)))


def _areas(
    ranked: NDArray[np.int64],
    hit_rows: Sequence[NDArray[np.int64]],
    copies: NDArray[np.float64],
    sizes: NDArray[np.float64],
) -> list[float]:
    """The average precision at each threshold; arguments as for `resampled_average_precision`."""
    copied = copies[ranked]
    seen = np.cumsum(copied)  # detections down to here
    total = float(copies @ sizes)
    areas = []
    for rows in hit_rows:
        # From one hit to the next, precision only falls, so the envelope is decided at the hits.
        true_so_far = np.cumsum(copied[rows])
        envelope = np.maximum.accumulate((true_so_far / (seen[rows] + np.spacing(1)))[::-1])[::-1]
        reached = np.searchsorted(true_so_far / total, _RECALLS, side="left")
        areas.append(np.append(envelope, 0.0)[reached].mean())
    return areas
