"""Boundary measure F: how well the outlines of two masks agree, within a distance.

Source: Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation",
CVPR 2016. Numbers equal those of davis2017-evaluation (`db_eval_boundary`); tests/metrics/test_pairs.py.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rvosbench.errors import ScoreError
from rvosbench.metrics import bits
from rvosbench.metrics.region import check_masks
from rvosbench.types import BoolMask


def boundary_measure(
    prediction: BoolMask, truth: BoolMask, void: BoolMask | None = None, tolerance: float = 0.008
) -> float:
    """F of two masks of one frame: the harmonic mean of boundary precision and recall.

    A boundary pixel is found when the other boundary has a pixel within the tolerance. A mask has no
    boundary along the frame's edge, so a mask that fills the frame has none at all: against an empty one
    it scores F = 1 (and J = 0), as in DAVIS 2017.

    Args:
        prediction: (H, W) bool.
        truth: (H, W) bool, of the same size.
        void: (H, W) bool; masks are emptied there first, which makes a boundary of its own.
        tolerance: fraction of the frame's diagonal, rounded up to px; from 1 on, the distance itself in px.

    Returns:
        F in [0, 1]; 1.0 when neither mask has a boundary.

    Raises:
        MaskSizeError: the sizes differ. Masks are never resized to fit.
        ScoreError: a mask is not bool, or the tolerance is neither a fraction nor a whole number of px.
    """
    check_masks(prediction, truth, void)
    height, width = prediction.shape
    reach = radius(height, width, tolerance)
    masks = np.stack([prediction, truth])
    if void is not None:
        masks &= ~void
    box = bits.box_of_masks(masks)
    reach = min(reach, box.rows + box.columns)
    words = bits.pack_masks(masks, box, max(reach, 1))
    return float(boundary_scores(words[:1], words[1:], box.rows, reach)[0])


def radius(height: int, width: int, tolerance: float) -> int:
    """The tolerance in px for frames of this size.

    Raises:
        ScoreError: `tolerance` is negative, not a number, or above 1 and not whole.
    """
    if not (0 <= tolerance < math.inf) or (tolerance >= 1 and tolerance != int(tolerance)):
        raise ScoreError(
            f"the tolerance is {tolerance}; expected a fraction of the diagonal, below 1, or whole pixels"
        )
    # The comparison and the norm are those of DAVIS, so that the rounding is too.
    if tolerance >= 1 - np.finfo(float).eps:
        return int(tolerance)
    return int(np.ceil(tolerance * np.linalg.norm((height, width))))


def boundary_scores(
    predictions: bits.Words, truths: bits.Words, rows: int, radius_px: int
) -> NDArray[np.float64]:
    """F of N pairs of packed masks.

    Args:
        predictions: (N, X, Y) words with at least max(1, `radius_px`) free bits per column.
        truths: (N, X, Y) words.
        rows: pixels per column.
        radius_px: how far apart two boundary pixels may lie.

    Returns:
        (N,) float64.
    """
    predicted, true = bits.boundaries(predictions, rows), bits.boundaries(truths, rows)
    predicted_length, true_length = bits.count(predicted), bits.count(true)
    matched = bits.count(predicted & bits.dilated(true, radius_px))
    covered = bits.count(true & bits.dilated(predicted, radius_px))
    # Without a boundary, precision (or recall) is 1: nothing was claimed that is wrong.
    precision: NDArray[np.float64] = np.divide(
        matched, predicted_length, out=np.ones(len(matched)), where=predicted_length > 0
    )
    recall: NDArray[np.float64] = np.divide(
        covered, true_length, out=np.ones(len(matched)), where=true_length > 0
    )
    total = precision + recall
    measure: NDArray[np.float64] = np.zeros(len(matched))
    return np.divide(2 * precision * recall, total, out=measure, where=total > 0)
