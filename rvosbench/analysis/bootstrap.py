"""How sure a number is: intervals and comparisons that respect that sentences of one video belong together.

What is drawn again is videos, not sentences: the sentences of a video share its difficulty, and treating
them as independent makes intervals too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rvosbench.errors import ShapeError

REPLICATES = 10_000
_AT_ONCE = 1 << 21  # draws held in memory


def interval(
    values: ArrayLike,
    clusters: Sequence[Hashable],
    seed: int = 0,
    replicates: int = REPLICATES,
    *,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> tuple[float, float]:
    """A percentile bootstrap interval of a mean, or of a ratio of sums, over clusters.

    Args:
        values: (n,) scores; for a ratio such as overall IoU, the numerators (not divided yet).
        clusters: n labels, such as the video of each score; whole clusters are drawn.
        seed: the same seed draws the same clusters.
        replicates: how often to draw.
        weights: (n,) denominators of a ratio: the figure is sum(values) / sum(weights). Without them, the
            mean of the values.
        level: the probability that the interval holds.

    Returns:
        (low, high); NaN when there are fewer than two clusters, which say nothing about the next one.

    Raises:
        ShapeError: the sequences differ in length.
    """
    upper, lower = _cluster_sums(values, clusters, weights)
    if len(upper) < 2:
        return math.nan, math.nan
    figures = np.concatenate(
        [
            _ratio(upper[drawn].sum(axis=1), lower[drawn].sum(axis=1))
            for drawn in _draws(len(upper), replicates, seed)
        ]
    )
    low, high = np.nanquantile(figures, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Mean of A minus mean of B over the same items."""

    difference: float
    low: float  # 95 % interval over clusters; NaN with fewer than two
    high: float
    p: float  # two-sided: how often chance alone makes a difference at least this large


def compare(
    a: ArrayLike, b: ArrayLike, clusters: Sequence[Hashable], seed: int = 0, replicates: int = REPLICATES
) -> Comparison:
    """Compare two models on the same items.

    The interval is a paired bootstrap over clusters. The p value is that of a sign-flip permutation test:
    if the models were equally good, swapping them in a cluster would change nothing.

    Args:
        a: (n,) scores of one model.
        b: (n,) scores of the other, in the same order.
        clusters: n labels, such as the video of each score.
        seed: the same seed draws the same clusters and signs.
        replicates: how often to draw.

    Raises:
        ShapeError: the sequences differ in length.
    """
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if first.shape != second.shape:
        raise ShapeError(f"the models have {first.shape} and {second.shape} scores; expected the same items")
    differences = first - second
    sums, _ = _cluster_sums(differences, clusters, None)
    low, high = interval(differences, clusters, seed, replicates)
    observed = abs(sums.sum())
    rng = np.random.default_rng([seed, 1])
    as_large = 0
    for size in _chunks(len(sums), replicates):
        signs = rng.integers(0, 2, (size, len(sums)), dtype=np.int8) * 2 - 1
        # Sums of floats in another order differ in the last bits; those are ties, not smaller ones.
        as_large += int(np.count_nonzero(np.abs(signs @ sums) >= observed * (1 - 1e-12)))
    return Comparison(float(differences.mean()), low, high, (as_large + 1) / (replicates + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p values of several comparisons (Holm), so that any false alarm stays as unlikely as one."""
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def _cluster_sums(
    values: ArrayLike, clusters: Sequence[Hashable], weights: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Numerator and denominator of every cluster."""
    upper = np.asarray(values, np.float64)
    lower = np.ones(len(upper)) if weights is None else np.asarray(weights, np.float64)
    if not len(upper) == len(lower) == len(clusters):
        raise ShapeError(
            f"{len(upper)} values, {len(lower)} weights and {len(clusters)} cluster labels; expected one each"
        )
    places: dict[Hashable, int] = {}
    owner = np.array([places.setdefault(cluster, len(places)) for cluster in clusters], np.int64)
    upper_sums, lower_sums = np.zeros((2, len(places)))
    np.add.at(upper_sums, owner, upper)
    np.add.at(lower_sums, owner, lower)
    return upper_sums, lower_sums


def _ratio(upper: NDArray[np.float64], lower: NDArray[np.float64]) -> NDArray[np.float64]:
    quotient: NDArray[np.float64] = np.full(len(upper), np.nan)
    return np.divide(upper, lower, out=quotient, where=lower != 0)


def _draws(count: int, replicates: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """(some, count) indices, `replicates` rows in all."""
    rng = np.random.default_rng(seed)
    for size in _chunks(count, replicates):
        yield rng.integers(0, count, (size, count))


def _chunks(count: int, replicates: int) -> Iterator[int]:
    step = max(1, _AT_ONCE // max(1, count))
    for start in range(0, replicates, step):
        yield min(step, replicates - start)
