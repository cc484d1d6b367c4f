"""IoU of boxes, as ReferFormer and SOC compute it for RefCOCO: in single precision, with an epsilon.

They score the boxes that their models predict beside the masks. Of answers that are masks alone only the
bounding box of the mask is known, which is another box: `mask_box_overlaps` is for these.
tests/metrics/test_boxes.py compares with the reference evaluator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

from rvosbench.errors import ShapeError
from rvosbench.masks import as_coco
from rvosbench.types import Rle

_EPSILON = np.float32(1e-6)


def box_iou(
    predicted: NDArray[np.float64], truth: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The IoU of pairs of boxes.

    Args:
        predicted: (n, 4) left, top, right and bottom in px.
        truth: (n, 4) likewise. COCO writes left, top, width and height: add first.

    Returns:
        (n,) IoU, intersection and union (px), float64 that hold float32 values.

    Raises:
        ShapeError: the arrays are of another shape.
    """
    if predicted.shape != truth.shape or predicted.ndim != 2 or predicted.shape[1] != 4:
        raise ShapeError(f"the boxes are {predicted.shape} and {truth.shape}; expected (n, 4) twice")
    one, other = predicted.astype(np.float32), truth.astype(np.float32)
    sides = np.minimum(one[:, 2:], other[:, 2:]) - np.maximum(one[:, :2], other[:, :2])
    sides = np.maximum(sides, 0)
    intersection = sides[:, 0] * sides[:, 1]
    union = _area(one) + _area(other) - intersection
    iou = (intersection + _EPSILON) / (union + _EPSILON)
    return iou.astype(np.float64), intersection.astype(np.float64), union.astype(np.float64)


def mask_box_overlaps(
    answers: Sequence[Rle], truths: Sequence[Rle]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The bounding boxes of masks, pair by pair: (n,) intersection and (n,) union in px.

    An empty mask has an empty box.
    """
    if not answers:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    one, other = _boxes(answers), _boxes(truths)
    sides = np.minimum(one[:, 2:], other[:, 2:]) - np.maximum(one[:, :2], other[:, :2])
    intersection = np.prod(np.maximum(sides, 0), axis=1)
    return intersection, _area(one) + _area(other) - intersection


def _boxes(rles: Sequence[Rle]) -> NDArray[np.int64]:
    """(n, 4) left, top, right and bottom of the pixels, the last two past the end."""
    boxes: NDArray[np.int64] = coco.toBbox([as_coco(rle) for rle in rles]).astype(np.int64)
    boxes[:, 2:] += boxes[:, :2]
    return boxes


def _area(boxes: NDArray[Any]) -> NDArray[Any]:
    areas: NDArray[Any] = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return areas
