"""J and F as the DAVIS evaluator computes them: frame by frame, on whole frames, with numpy and OpenCV.

A plain implementation of the published conventions (docs/metrics.md), for benchmarks/metrics.py to measure
against. It takes no short cut that the reference does not take: no cropping, no packed bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

from rvosbench.types import BoolMask, Rle


def score_pairs(
    predictions: Sequence[Rle], truths: Sequence[Rle], tolerance: float = 0.008
) -> NDArray[np.float64]:
    """(2, n) J and F of n pairs of masks of one size."""
    scores = [
        (region_similarity(*pair), boundary_measure(*pair, tolerance))
        for pair in zip(map(decoded, predictions), map(decoded, truths), strict=True)
    ]
    return np.array(scores).T


def decoded(rle: Rle) -> BoolMask:
    """(H, W) bool."""
    return coco.decode({"size": [rle.height, rle.width], "counts": rle.counts}).astype(np.bool_)


def region_similarity(prediction: BoolMask, truth: BoolMask) -> float:
    """Intersection over union; 1 for two empty masks."""
    union = np.sum(prediction | truth)
    return float(np.sum(prediction & truth) / union) if union else 1.0


def boundary_measure(prediction: BoolMask, truth: BoolMask, tolerance: float) -> float:
    """F: each boundary against the other one, dilated by a disc."""
    radius = int(np.ceil(tolerance * np.linalg.norm(truth.shape)))
    predicted, true = boundary(prediction), boundary(truth)
    near_predicted = cv2.dilate(predicted.astype(np.uint8), disc(radius))
    near_true = cv2.dilate(true.astype(np.uint8), disc(radius))
    n_predicted, n_true = np.sum(predicted), np.sum(true)
    if not n_predicted and not n_true:
        return 1.0
    precision = np.sum(predicted * near_true) / n_predicted if n_predicted else 1.0
    recall = np.sum(true * near_predicted) / n_true if n_true else 1.0
    both = precision + recall
    return float(2 * precision * recall / both) if both else 0.0


def boundary(mask: BoolMask) -> BoolMask:
    """Pixels that differ from the one to the right, below, or below to the right."""
    right, below, across = (np.zeros_like(mask) for _ in range(3))
    right[:, :-1] = mask[:, 1:]
    below[:-1] = mask[1:]
    across[:-1, :-1] = mask[1:, 1:]
    edge = (mask ^ right) | (mask ^ below) | (mask ^ across)
    # The last row has nothing below, the last column nothing to the right, the corner neither.
    edge[-1] = mask[-1] ^ right[-1]
    edge[:, -1] = mask[:, -1] ^ below[:, -1]
    edge[-1, -1] = False
    return edge


@cache
def disc(radius: int) -> NDArray[np.uint8]:
    """(2 radius + 1, 2 radius + 1) ones at a distance of at most `radius` from the centre."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return (x * x + y * y <= radius * radius).astype(np.uint8)
