"""J and F of many pairs of masks, straight from run lengths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rvosbench.errors import MaskSizeError, ScoreError
from rvosbench.masks.run_lengths import foreground_runs
from rvosbench.metrics import bits
from rvosbench.metrics.boundary import boundary_scores, radius
from rvosbench.types import Rle

# Pixels per stack of frames: with fewer, numpy's calls cost more than its work (480x854, 720x1280).
_STACK_PIXELS = 1 << 22


@dataclass(frozen=True, slots=True)
class PairScores:
    """What was measured for each pair; all arrays are (n,). Areas leave void pixels out."""

    j: NDArray[np.float64]
    f: NDArray[np.float64]
    intersection: NDArray[np.int64]  # px
    union: NDArray[np.int64]  # px
    predicted_area: NDArray[np.int64]  # px
    true_area: NDArray[np.int64]  # px


def score_pairs(
    predictions: Sequence[Rle],
    truths: Sequence[Rle],
    voids: Sequence[Rle | None] | None = None,
    tolerance: float = 0.008,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Region similarity J and boundary measure F of each pair of masks.

    Args:
        predictions: n masks.
        truths: n masks; the i-th has the size of the i-th prediction, sizes may differ between pairs.
        voids: n masks of pixels that count for nothing, or None where there are none.
        tolerance: see `boundary_measure`.

    Returns:
        (n,) float64 J and (n,) float64 F, each in [0, 1]; equal to `region_similarity` and
        `boundary_measure` of the decoded masks.

    Raises:
        MaskSizeError: the masks of a pair differ in size. Masks are never resized to fit.
        ScoreError: the sequences differ in length, or a mask is not valid run lengths.
    """
    scores = measure_pairs(predictions, truths, voids, tolerance)
    return scores.j, scores.f


def measure_pairs(
    predictions: Sequence[Rle],
    truths: Sequence[Rle],
    voids: Sequence[Rle | None] | None = None,
    tolerance: float = 0.008,
) -> PairScores:
    """`score_pairs` with the areas that the scores are made of."""
    _check(predictions, truths, voids)
    n = len(predictions)
    areas = np.zeros((4, n), np.int64)  # intersection, union, predicted, true
    f = np.zeros(n)
    for first, last in _stacks(predictions):
        pick = slice(first, last)
        void = None if voids is None else voids[pick]
        areas[:, pick], f[pick] = _measure_stack(predictions[pick], truths[pick], void, first, tolerance)
    intersection, union, predicted, true = areas
    j = np.divide(intersection, union, out=np.ones(n), where=union > 0)
    return PairScores(j, f, intersection, union, predicted, true)


def _check(predictions: Sequence[Rle], truths: Sequence[Rle], voids: Sequence[Rle | None] | None) -> None:
    count = len(predictions)
    if len(truths) != count or (voids is not None and len(voids) != count):
        lengths = f"{count} predictions, {len(truths)} ground truths"
        lengths += "" if voids is None else f", {len(voids)} voids"
        raise ScoreError(f"there are {lengths}; expected the same number of each")
    for index, (prediction, truth) in enumerate(zip(predictions, truths, strict=True)):
        void = None if voids is None else voids[index]
        for kind, rle in (("prediction", prediction), ("ground truth", truth), ("void", void)):
            if not isinstance(rle, Rle) and not (kind == "void" and rle is None):
                given = (
                    f"{rle.shape} {rle.dtype} array" if isinstance(rle, np.ndarray) else type(rle).__name__
                )
                raise ScoreError(
                    f"{kind} {index} is a {given}, expected run lengths; encode bool masks with "
                    "rvosbench.masks.encode"
                )
        sizes = [(rle.height, rle.width) for rle in (prediction, truth, void) if rle is not None]
        if len(set(sizes)) > 1:
            text = " and ".join(f"{height}x{width}" for height, width in sizes)
            raise MaskSizeError(
                f"pair {index}: the masks are {text} px (height x width); expected one size, masks are "
                "never resized to fit"
            )


def _stacks(rles: Sequence[Rle]) -> Iterator[tuple[int, int]]:
    """Neighbours of one size, a few at a time."""
    first = 0
    while first < len(rles):
        size = rles[first].height, rles[first].width
        limit = first + max(1, _STACK_PIXELS // max(1, size[0] * size[1]))
        last = first + 1
        while last < min(limit, len(rles)) and (rles[last].height, rles[last].width) == size:
            last += 1
        yield first, last
        first = last


def _measure_stack(
    predictions: Sequence[Rle],
    truths: Sequence[Rle],
    voids: Sequence[Rle | None] | None,
    first: int,
    tolerance: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Areas (4, N) and F (N,) of N pairs of one size."""
    height, width = predictions[0].height, predictions[0].width
    count = len(predictions)

    known = [] if voids is None else [(i, void) for i, void in enumerate(voids) if void is not None]
    names = [(kind, first + i) for kind in ("prediction", "ground truth") for i in range(count)]
    names += [("void", first + i) for i, _ in known]
    masks = [*predictions, *truths, *(void for _, void in known)]
    runs = foreground_runs(masks, lambda index: "{} {}".format(*names[index]))

    reach = radius(height, width, tolerance)
    box = bits.box_of_runs(runs, height, width)
    reach = min(reach, box.rows + box.columns)
    words = bits.pack_runs(runs, len(masks), height, box, max(reach, 1))
    predicted, true = words[:count], words[count : 2 * count]
    for (index, _), void_words in zip(known, words[2 * count :], strict=True):
        predicted[index] &= ~void_words
        true[index] &= ~void_words
    areas = np.stack(
        [bits.count(predicted & true), bits.count(predicted | true), bits.count(predicted), bits.count(true)]
    )
    return areas, boundary_scores(predicted, true, box.rows, reach)
