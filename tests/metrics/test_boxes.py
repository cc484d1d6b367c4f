"""IoU of boxes by hand and against the reference evaluator; boxes of masks."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.errors import ScoreError, ShapeError
from rvosbench.metrics.boxes import box_iou, mask_box_overlaps, score_coco_boxes

GOLDENS = Path(__file__).parents[1] / "goldens" / "metrics" / "refcoco"


FIGURES = (*(f"bbox P@{k}" for k in (0.5, 0.6, 0.7, 0.8, 0.9)), "bbox oIoU", "bbox mIoU")


def data() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((GOLDENS / "data.json").read_text())
    return content


def test_equal_to_bbox_precision_of_referformer():
    expected = json.loads((GOLDENS / "expected.json").read_text())["bbox"]
    found = score_coco_boxes(data()["gt"], data()["pred"])
    assert tuple(found) == FIGURES
    assert list(found.values()) == [*expected["P@K"], expected["overall_iou"], expected["mean_iou"]]


def test_the_form_of_the_boxes_is_what_was_said():
    truth = {"images": [{"id": 1}], "annotations": [{"image_id": 1, "bbox": [10, 10, 20, 20]}]}
    right = {"image_id": 1, "score": 1, "bbox": [10, 10, 30, 30]}
    assert score_coco_boxes(truth, [right])["bbox mIoU"] == 1.0
    assert score_coco_boxes(truth, [right], form="xywh")["bbox mIoU"] == pytest.approx(400 / 900)
    as_coco = right | {"bbox": [10, 10, 20, 20]}
    assert score_coco_boxes(truth, [as_coco], form="xywh")["bbox P@0.9"] == 1.0
    with pytest.raises(ScoreError, match=r"has the box \[10, 10, 5, 5\]; expected left, .* the other form"):
        score_coco_boxes(truth, [right | {"bbox": [10, 10, 5, 5]}])


def test_a_sample_without_prediction_is_missed_and_of_equal_scores_the_last_counts():
    truth = {
        "images": [{"id": 1}, {"id": 2}],
        "annotations": [{"image_id": n, "bbox": [0, 0, 10, 10]} for n in (1, 2)],
    }
    boxes = [[0, 0, 1, 1], [0, 0, 10, 10]]
    found = score_coco_boxes(truth, [{"image_id": 1, "score": 0.5, "bbox": box} for box in boxes])
    assert (found["bbox P@0.5"], found["bbox oIoU"]) == (0.5, 100 / 200)
    assert math.isnan(score_coco_boxes({"images": [], "annotations": []}, [])["bbox P@0.5"])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"bbox": None}, r"^prediction 0 \(sample 1\) has the box None; expected four numbers$"),
        ({"bbox": [1, 2, 3]}, "expected four numbers"),
        ({"bbox": [0, 0, float("nan"), 1]}, "expected left, top, right, bottom"),
        ({"score": "high"}, "has the score 'high'; expected a finite number"),
        ({"score": float("inf")}, "has the score inf"),
        ({"image_id": 7}, "is of a sample that the ground truth does not have"),
    ],
)
def test_what_is_no_box_is_refused(change, complaint):
    truth = {"images": [{"id": 1}], "annotations": [{"image_id": 1, "bbox": [0, 0, 1, 1]}]}
    with pytest.raises(ScoreError, match=complaint):
        score_coco_boxes(truth, [{"image_id": 1, "score": 1, "bbox": [0, 0, 1, 1]} | change])


def test_samples_and_annotations_that_do_not_pair_up_are_refused():
    one = {"image_id": 1, "bbox": [0, 0, 1, 1]}
    with pytest.raises(ScoreError, match="the sample 1 has two annotations"):
        score_coco_boxes({"images": [{"id": 1}], "annotations": [one, one]}, [])
    with pytest.raises(ScoreError, match="2 samples and 1 annotations do not pair up"):
        score_coco_boxes({"images": [{"id": 1}, {"id": 2}], "annotations": [one]}, [])


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
