"""IoU of boxes by hand and against the reference evaluator; boxes of masks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.errors import ShapeError
from rvosbench.metrics.boxes import box_iou, mask_box_overlaps

GOLDENS = Path(__file__).parents[1] / "goldens" / "metrics" / "refcoco"


def test_equal_to_bbox_precision_of_referformer():
    data = json.loads((GOLDENS / "data.json").read_text())
    expected = json.loads((GOLDENS / "expected.json").read_text())["bbox"]
    best = {}
    for row in data["pred"]:
        if row["image_id"] not in best or row["score"] >= best[row["image_id"]]["score"]:
            best[row["image_id"]] = row
    truths = {row["image_id"]: row["bbox"] for row in data["gt"]["annotations"]}
    ids = [image["id"] for image in data["gt"]["images"]]
    truth = np.array([truths[image_id] for image_id in ids], np.float64)
    truth[:, 2:] += truth[:, :2]
    iou, intersection, union = box_iou(np.array([best[i]["bbox"] for i in ids], np.float64), truth)
    assert [float(np.mean(iou > k)) for k in (0.5, 0.6, 0.7, 0.8, 0.9)] == expected["P@K"]
    assert sum(intersection.tolist()) / sum(union.tolist()) == expected["overall_iou"]
    assert float(np.mean(iou.tolist())) == expected["mean_iou"]


def drawn(*boxes: tuple[int, int, int, int]) -> list:
    """Masks of 20x30 px with some pixels of each box: its corners, so that the box is known."""
    result = []
    for left, top, right, bottom in boxes:
        mask = np.zeros((20, 30), np.bool_)
        if right > left:
            mask[top, left] = mask[bottom - 1, right - 1] = True
        result.append(masks.encode(mask))
    return result


def test_the_boxes_of_masks_by_hand():
    answers = drawn((0, 0, 10, 10), (0, 0, 4, 4), (0, 0, 0, 0), (0, 0, 0, 0), (29, 19, 30, 20))
    truths = drawn((5, 5, 15, 15), (4, 4, 8, 8), (2, 3, 4, 7), (0, 0, 0, 0), (29, 19, 30, 20))
    intersection, union = mask_box_overlaps(answers, truths)
    assert intersection.tolist() == [25, 0, 0, 0, 1]
    assert union.tolist() == [175, 32, 8, 0, 1]


def test_no_masks_have_no_boxes():
    assert [values.tolist() for values in mask_box_overlaps([], [])] == [[], []]


def test_boxes_of_another_shape_are_refused():
    with pytest.raises(ShapeError, match=r"are \(1, 4\) and \(1, 3\); expected \(n, 4\)"):
        box_iou(np.zeros((1, 4)), np.zeros((1, 3)))
