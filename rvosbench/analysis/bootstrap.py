"""How sure a number is: intervals and comparisons that respect that expressions of one video belong together.

What is drawn again is videos, not expressions: the expressions of a video share its difficulty, and treating
them as independent makes intervals too narrow.

Sources: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993 (percentile intervals; p values with
one added); Holm, "A simple sequentially rejective multiple test procedure", 1979.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rvosbench.errors import ShapeError

REPLICATES = 10_000
_AT_ONCE = 1 << 18  # draws held in memory; few enough to stay in the processor's cache

Floats = NDArray[np.float64]


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
    return intervals([Figure(values, clusters, weights)], seed, replicates, level=level)[0]


@dataclass(frozen=True, slots=True)
class Figure:
    """What an interval is asked of: a mean, or with `weights` a ratio of sums; see `interval`."""

    values: ArrayLike  # (n,)
    clusters: Sequence[Hashable] | NDArray[Any]  # n labels
    weights: ArrayLike | None = None  # (n,)


def intervals(
    figures: Sequence[Figure], seed: int = 0, replicates: int = REPLICATES, *, level: float = 0.95
) -> list[tuple[float, float]]:
    """The intervals of several figures, each as `interval` gives it, from one set of draws.

    Every figure would draw the same clusters anyway; most of the time goes into drawing.
    """
    owners: dict[int, NDArray[np.int64]] = {}
    sums = [_sums(figure.values, figure.clusters, figure.weights, owners) for figure in figures]
    limits = [(math.nan, math.nan)] * len(figures)
    for count in sorted({len(clusters) for clusters in sums if len(clusters) > 1}):
        members = [number for number, clusters in enumerate(sums) if len(clusters) == count]
        resampled: list[list[Floats]] = [[] for _ in members]
        for counts in draws(count, replicates, seed):
            for number, blocks in zip(members, resampled, strict=True):
                blocks.append(_ratio(counts @ sums[number]))
        for number, blocks in zip(members, resampled, strict=True):
            limits[number] = quantiles(blocks, level)
    return limits


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure of A minus the same figure of B over the same items."""

    difference: float
    low: float  # 95 % interval over clusters; NaN with fewer than two
    high: float
    p: float  # two-sided: how often chance alone makes a difference at least this large
    swaps: int | None = None  # how many random swaps p was estimated from; None: all were tried, p is exact

    @property
    def p_is_a_bound(self) -> bool:
        """No random swap made a difference as large: p is at most what is given, and may be far less."""
        return self.swaps is not None and self.p <= 1 / (self.swaps + 1)


def compare(
    a: ArrayLike,
    b: ArrayLike,
    clusters: Sequence[Hashable],
    seed: int = 0,
    replicates: int = REPLICATES,
    *,
    weights: tuple[ArrayLike, ArrayLike] | None = None,
) -> Comparison:
    """Compare two models on the same items.

    The interval is a paired bootstrap: every replicate draws clusters once and takes both models' items of
    them. The p value is that of a sign-flip permutation test: if the models were equally good, swapping
    their answers in a whole cluster would change nothing. All swaps are tried where they are no more than
    `replicates`; the p value is then exact.

    Args:
        a: (n,) scores of one model; for a ratio, its numerators.
        b: (n,) scores of the other, in the same order.
        clusters: n labels, such as the video of each score.
        seed: the same seed draws the same clusters and swaps.
        replicates: how often to draw.
        weights: for a ratio, the (n,) denominators of each model; they are drawn and swapped together with
            the numerators.

    Raises:
        ShapeError: the sequences differ in length.
    """
    return comparisons([Pair(a, b, clusters, weights)], seed, replicates)[0]


@dataclass(frozen=True, slots=True)
class Pair:
    """One figure of two models over the same items; see `compare`."""

    a: ArrayLike  # (n,)
    b: ArrayLike  # (n,)
    clusters: Sequence[Hashable] | NDArray[Any]  # n labels
    weights: tuple[ArrayLike, ArrayLike] | None = None  # (n,) each


def comparisons(pairs: Sequence[Pair], seed: int = 0, replicates: int = REPLICATES) -> list[Comparison]:
    """Several comparisons, each as `compare` makes it, from one set of draws and one of swaps.

    Raises:
        ShapeError: the sequences of a pair differ in length.
    """
    owners: dict[int, NDArray[np.int64]] = {}
    sides = [_sides(pair, owners) for pair in pairs]
    results: list[Comparison | None] = [None] * len(pairs)
    for count in sorted({len(first) for first, _ in sides}):
        members = [number for number, (first, _) in enumerate(sides) if len(first) == count]
        compared = _compared([sides[number] for number in members], count, seed, replicates)
        for number, comparison in zip(members, compared, strict=True):
            results[number] = comparison
    return [comparison for comparison in results if comparison is not None]


def _sides(pair: Pair, owners: dict[int, NDArray[np.int64]]) -> tuple[Floats, Floats]:
    """(clusters, numerator and denominator) of both models."""
    if np.shape(pair.a) != np.shape(pair.b):
        raise ShapeError(
            f"the models have {np.shape(pair.a)} and {np.shape(pair.b)} scores; expected the same items in "
            "one order"
        )
    below_a, below_b = (None, None) if pair.weights is None else pair.weights
    return _sums(pair.a, pair.clusters, below_a, owners), _sums(pair.b, pair.clusters, below_b, owners)


def _compared(
    sides: Sequence[tuple[Floats, Floats]], count: int, seed: int, replicates: int
) -> list[Comparison]:
    """Comparisons over equally many clusters."""
    numbers = range(len(sides))
    figures = [_ratio(np.stack([first.sum(axis=0), second.sum(axis=0)])) for first, second in sides]
    observed = [float(a - b) for a, b in figures]
    ends = [(math.nan, math.nan)] * len(sides)
    if count > 1:
        resampled: list[list[Floats]] = [[] for _ in sides]
        for counts in draws(count, replicates, seed):
            for (first, second), blocks in zip(sides, resampled, strict=True):
                blocks.append(_ratio(counts @ first) - _ratio(counts @ second))
        ends = [quantiles(blocks, 0.95) for blocks in resampled]
    # Sums of floats in another order differ in the last bits; those are ties, not smaller ones.
    thresholds = [abs(observed[n]) - 1e-12 * float(np.abs(figures[n]).sum()) for n in numbers]
    as_large = [0] * len(sides)
    tried = 0
    for swapped in _swaps(count, replicates, seed):
        for number, (first, second) in enumerate(sides):
            moved = swapped @ (second - first)
            shuffled = _ratio(first.sum(axis=0) + moved) - _ratio(second.sum(axis=0) - moved)
            as_large[number] += int(np.count_nonzero(~(np.abs(shuffled) < thresholds[number])))
        tried += len(swapped)
    if _all_swaps_fit(count, replicates):
        return [Comparison(observed[n], *ends[n], as_large[n] / tried) for n in numbers]
    # The swap that was observed is one of them.
    return [Comparison(observed[n], *ends[n], (as_large[n] + 1) / (tried + 1), swaps=tried) for n in numbers]


def p_text(p: float, *, is_a_bound: bool = False) -> str:
    """A p value for the eye.

    Example:
        >>> p_text(0.25), p_text(1 / 10001, is_a_bound=True), p_text(0.3333333)
        ('0.2500', '<= 0.0001', '0.3333')
    """
    return f"{'<= ' if is_a_bound else ''}{p:.4f}"


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p values of several comparisons (Holm), so that any false alarm stays as unlikely as one."""
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def draws(count: int, replicates: int, seed: int) -> Iterator[Floats]:
    """How often each of `count` clusters was drawn.

    Yields:
        (some, count) float64 whole numbers, each row adding up to `count`; `replicates` rows in all. A
        product with the sums of every cluster makes the sums of every replicate.
    """
    rng = np.random.default_rng(seed)
    for size in _chunks(count, replicates):
        drawn = rng.integers(0, count, (size, count))
        drawn += count * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count).astype(np.float64)


def quantiles(figures: Sequence[Floats], level: float) -> tuple[float, float]:
    """The middle `level` of a figure's replicates; NaN without any that could be computed."""
    known = np.concatenate([np.zeros(0), *figures])
    known = known[~np.isnan(known)]
    if not len(known):
        return math.nan, math.nan
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _sums(
    values: ArrayLike,
    clusters: Sequence[Hashable] | NDArray[Any],
    weights: ArrayLike | None,
    owners: dict[int, NDArray[np.int64]],
) -> Floats:
    """(clusters, 2) numerator and denominator of every cluster, in the order of their first items.

    Args:
        values: (n,) numerators.
        clusters: n labels.
        weights: (n,) denominators; without them 1 each.
        owners: the number of each item's cluster by the `id` of the labels, filled here: many figures share
            their labels.
    """
    upper = np.asarray(values, np.float64)
    lower = np.ones(len(upper)) if weights is None else np.asarray(weights, np.float64)
    if not len(upper) == len(lower) == len(clusters):
        raise ShapeError(
            f"{len(upper)} values, {len(lower)} weights and {len(clusters)} cluster labels; expected one each"
        )
    owner = owners.get(id(clusters))
    if owner is None:
        labels = clusters.tolist() if isinstance(clusters, np.ndarray) else clusters
        numbers: dict[Hashable, int] = {}
        owner = np.array([numbers.setdefault(label, len(numbers)) for label in labels], np.int64)
        owners[id(clusters)] = owner
    count = int(owner.max(initial=-1)) + 1
    return np.stack([np.bincount(owner, part, count) for part in (upper, lower)], axis=1)


def _ratio(sums: Floats) -> Floats:
    """(..., 2) numerators and denominators -> (...,); NaN where the denominator is 0."""
    quotient: Floats = np.full(sums.shape[:-1], np.nan)
    return np.divide(sums[..., 0], sums[..., 1], out=quotient, where=sums[..., 1] != 0)


def _swaps(count: int, replicates: int, seed: int) -> Iterator[Floats]:
    """(some, count) float64, 1 where the models change places in a cluster; all patterns if they fit."""
    if _all_swaps_fit(count, replicates):
        patterns = np.arange(2**count, dtype=np.int64)
        yield (patterns[:, None] >> np.arange(count) & 1).astype(np.float64)
        return
    rng = np.random.default_rng([seed, 1])
    for size in _chunks(count, replicates):
        yield rng.integers(0, 2, (size, count), dtype=np.int8).astype(np.float64)


def _all_swaps_fit(count: int, replicates: int) -> bool:
    return count < 30 and 2**count <= replicates


def _chunks(count: int, replicates: int) -> Iterator[int]:
    step = max(1, _AT_ONCE // max(1, count))
    for start in range(0, replicates, step):
        yield min(step, replicates - start)
