"""IoU of boxes, as ReferFormer and SOC compute it for RefCOCO: in single precision, with an epsilon.

They score the boxes that their models predict beside the masks. Of answers that are masks alone only the
bounding box of the mask is known, which is another box: `mask_box_overlaps` is for these, `score_coco_boxes`
for files that hold predicted ones.
tests/metrics/test_boxes.py compares with the reference evaluator.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

from rvosbench.errors import ScoreError, ShapeError
from rvosbench.masks import as_coco
from rvosbench.metrics.samples import THRESHOLDS
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


def score_coco_boxes(
    ground_truth: Mapping[str, Any],
    predictions: Sequence[Mapping[str, Any]],
    *,
    form: Literal["xyxy", "xywh"] = "xyxy",
) -> dict[str, float]:
    """The bbox P@K of ReferFormer and SOC, from the boxes that a model predicted.

    Args:
        ground_truth: COCO `images` (id) and `annotations` (image_id, bbox as left, top, width, height), one
            annotation per image.
        predictions: image_id, bbox, score; any number per image. The best-scored one counts, of equal scores
            the last in the list.
        form: of the predictions' bbox: left, top, right, bottom, as those repositories write it, or left,
            top, width, height, as COCO does. The two cannot always be told apart.

    Returns:
        "bbox P@0.5" to "bbox P@0.9", "bbox oIoU", "bbox mIoU"; NaN without samples. A sample without
        prediction counts as IoU 0; the reference crashes there.

    Raises:
        ScoreError: a sample is not there, or there twice; a box is no four finite numbers, or inside out.
    """
    truths: dict[Any, list[float]] = {}
    for annotation in ground_truth["annotations"]:
        image_id = annotation["image_id"]
        if image_id in truths:
            raise ScoreError(f"the sample {image_id} has two annotations; expected one object per sample")
        truths[image_id] = _corners(annotation.get("bbox"), "xywh", f"the ground truth of {image_id}")
    ids = [image["id"] for image in ground_truth["images"]]
    if len(set(ids)) != len(ids) or set(ids) != truths.keys():
        raise ScoreError(
            f"{len(ids)} samples and {len(truths)} annotations do not pair up; expected one annotation for "
            "each image"
        )
    best: dict[Any, tuple[float, list[float]]] = {}
    for index, row in enumerate(predictions):
        image_id, score = row.get("image_id"), row.get("score")
        name = f"prediction {index} (sample {image_id})"
        if image_id not in truths:
            raise ScoreError(f"{name} is of a sample that the ground truth does not have")
        if not isinstance(score, int | float) or not math.isfinite(score):
            raise ScoreError(f"{name} has the score {score!r}; expected a finite number")
        box = _corners(row.get("bbox"), form, name)
        if image_id not in best or score >= best[image_id][0]:
            best[image_id] = score, box
    nothing = (0.0, [0.0] * 4)
    answers = np.array([best.get(image_id, nothing)[1] for image_id in ids], np.float64).reshape(-1, 4)
    iou, intersection, union = box_iou(
        answers, np.array([truths[image_id] for image_id in ids], np.float64).reshape(-1, 4)
    )
    if not ids:
        return {f"bbox {name}": math.nan for name in (*(f"P@{k}" for k in THRESHOLDS), "oIoU", "mIoU")}
    figures = {f"bbox P@{k}": int(np.count_nonzero(iou > k)) / len(iou) for k in THRESHOLDS}
    # Added up one after the other, as the reference does: it decides the last bit.
    total = float(np.cumsum(union)[-1])
    figures["bbox oIoU"] = float(np.cumsum(intersection)[-1]) / total if total else 0.0
    figures["bbox mIoU"] = float(np.mean(iou))
    return figures


def _corners(box: Any, form: str, name: str) -> list[float]:
    """Left, top, right and bottom."""
    try:
        left, top, third, fourth = (float(side) for side in box)
    except (TypeError, ValueError):
        raise ScoreError(f"{name} has the box {box!r}; expected four numbers") from None
    right, bottom = (third, fourth) if form == "xyxy" else (left + third, top + fourth)
    if not all(map(math.isfinite, (left, top, right, bottom))) or right < left or bottom < top:
        raise ScoreError(
            f"{name} has the box {box!r}; expected "
            + ("left, top, right, bottom" if form == "xyxy" else "left, top, width, height")
            + (", perhaps it is of the other form" if name.startswith("prediction") else "")
        )
    return [left, top, right, bottom]


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
