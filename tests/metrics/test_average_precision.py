"""mAP, P@K and IoU equal the reference evaluators' to the last bit; what is refused."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.errors import MaskSizeError, ScoreError
from rvosbench.metrics.average_precision import COCO_FIGURES, score_coco
from rvosbench.metrics.samples import THRESHOLDS

GOLDENS = Path(__file__).parents[1] / "goldens" / "metrics"


@pytest.mark.parametrize("name", ["main", "main_no_missing", "jhmdb", "clean", "maxdets"])
def test_equal_to_the_evaluators_of_a2d(name):
    folder = GOLDENS / "a2d"
    data = json.loads((folder / f"{name}.json").read_text())
    expected = json.loads((folder / "expected.json").read_text())[name]
    untouched = copy.deepcopy(data)
    found = score_coco(data["gt"], data["pred"])
    assert data == untouched
    assert [found[figure] for figure in COCO_FIGURES] == expected["stats12"]
    assert found["thresholds"] == expected["iouThrs"]
    assert found["AP per threshold"] == expected["AP_per_iou_all_maxdet100"]
    assert found["AR per threshold"] == expected["AR_per_iou_all_maxdet100"]
    assert found["n"] == expected["n_images"]
    if name != "main":  # samples without prediction crash the reference's P@K
        assert [found[f"P@{k}"] for k in THRESHOLDS] == expected["pk"]["P@K"]
        assert found["oIoU"] == expected["pk"]["overall_iou"]
        assert found["mIoU"] == expected["pk"]["mean_iou"]


def test_equal_to_the_evaluators_of_refcoco():
    folder = GOLDENS / "refcoco"
    data = json.loads((folder / "data.json").read_text())
    expected = json.loads((folder / "expected.json").read_text())
    found = score_coco(data["gt"], data["pred"])
    assert [found[figure] for figure in COCO_FIGURES] == expected["segm_coco_stats12"]
    assert [found[f"P@{k}"] for k in THRESHOLDS] == expected["mask"]["P@K"]
    assert (found["oIoU"], found["mIoU"]) == (expected["mask"]["overall_iou"], expected["mask"]["mean_iou"])


def strip(columns: int) -> dict[str, object]:
    """A 10x20 mask with its first `columns` columns set."""
    mask = np.zeros((10, 20), np.bool_)
    mask[:, :columns] = True
    rle = masks.encode(mask)
    return {"size": [10, 20], "counts": rle.counts}


def truth(*samples: str) -> dict[str, list[dict[str, object]]]:
    return {
        "images": [{"id": sample, "height": 10, "width": 20} for sample in samples],
        "annotations": [
            {
                "id": number,
                "image_id": sample,
                "category_id": 1,
                "segmentation": strip(10),
                "area": 100.0,
                "bbox": [0.0, 0.0, 10.0, 10.0],
                "iscrowd": 0,
            }
            for number, sample in enumerate(samples, 1)
        ],
        "categories": [{"id": 1, "name": "object"}],
    }


def found(sample: str, columns: int, score: float = 0.5) -> dict[str, object]:
    return {"image_id": sample, "category_id": 1, "segmentation": strip(columns), "score": score}


def test_by_hand():
    scores = score_coco(truth("a", "b"), [found("a", 10), found("b", 5), found("b", 10, score=0.1)])
    assert scores["mIoU"] == pytest.approx(0.75)
    assert scores["oIoU"] == 150 / 200
    assert scores["P@0.5"] == 0.5  # 0.5 exactly is no hit
    # COCO counts 0.5 as a match at 0.5: of three detections by score, the first two match there.
    assert scores["AP per threshold"][0] == pytest.approx(1.0)
    assert scores["AR@1"] == pytest.approx((10 + 1) / 20)


def test_a_sample_without_prediction_counts_as_nothing_found():
    scores = score_coco(truth("a", "b"), [found("b", 10)])
    assert scores["mIoU"] == 0.5
    assert scores["oIoU"] == 100 / 200
    assert scores["P@0.9"] == 0.5
    assert score_coco(truth("a"), [])["mAP"] == 0.0
    assert score_coco(truth("a"), [])["mIoU"] == 0.0


def test_of_equal_scores_the_last_is_the_answer():
    assert score_coco(truth("a"), [found("a", 10), found("a", 2)])["mIoU"] == pytest.approx(0.2)
    assert score_coco(truth("a"), [found("a", 2), found("a", 10)])["mIoU"] == 1.0


def test_bad_predictions_are_refused_and_named():
    with pytest.raises(ScoreError, match=r"prediction 1 \(sample a\) has the score nan"):
        score_coco(truth("a"), [found("a", 1), found("a", 2, score=float("nan"))])
    with pytest.raises(ScoreError, match=r"prediction 0 \(sample z\) is of a sample"):
        score_coco(truth("a"), [found("z", 1)])
    broken = found("a", 1) | {"segmentation": {"size": [10, 20], "counts": "5L?"}}
    with pytest.raises(ScoreError, match=r"prediction 0 \(sample a\) has a run of negative length"):
        score_coco(truth("a"), [broken])
    polygon = found("a", 1) | {"segmentation": [[0, 0, 1, 1, 0, 1]]}
    with pytest.raises(ScoreError, match="not in compressed run lengths"):
        score_coco(truth("a"), [polygon])
    mask = masks.encode(np.zeros((10, 21), np.bool_))
    wide = found("a", 1) | {"segmentation": {"size": [10, 21], "counts": mask.counts}}
    with pytest.raises(MaskSizeError, match=r"10x21 px .*, its sample 10x20"):
        score_coco(truth("a"), [wide])


@pytest.mark.parametrize("score", [float("nan"), float("inf"), None, "0.5"])
def test_a_score_that_is_no_number_is_refused(score):
    with pytest.raises(ScoreError, match=r"^prediction 1 \(sample a\) has the score"):
        score_coco(truth("a"), [found("a", 1), found("a", 2) | {"score": score}])


def test_a_prediction_of_an_unknown_category_is_refused():
    with pytest.raises(ScoreError, match=r"^prediction 0 \(sample a\) has the category 2; expected .*: 1$"):
        score_coco(truth("a"), [found("a", 1) | {"category_id": 2}])


def test_predictions_with_and_without_boxes_are_refused():
    boxed = found("a", 1) | {"bbox": [0, 0, 3, 4]}
    with pytest.raises(ScoreError, match=r"^prediction 1 \(sample a\) has no box"):
        score_coco(truth("a"), [boxed, found("a", 1)])


@pytest.mark.parametrize(
    "change",
    [
        {"annotations": None},
        {"annotations": [{"image_id": "a"}]},
        {"images": [{}]},
        {"images": [{"id": "a"}, {"id": 1}]},
        {"categories": [7]},
    ],
)
def test_a_ground_truth_of_another_format_is_refused(change):
    with pytest.raises(ScoreError, match=r"the ground truth is not in COCO format|compressed run lengths"):
        score_coco(truth("a") | change, [])


def test_more_samples_than_a_byte_counts():
    names = [f"{number:03d}" for number in range(300)]
    scores = score_coco(truth(*names), [found(name, 10) for name in names[:270]])
    assert scores["mIoU"] == pytest.approx(0.9)
    assert scores["oIoU"] == 0.9
    assert scores["AR@1"] == 0.9


def test_a_ground_truth_that_does_not_pair_up_is_refused():
    twice = truth("a")
    twice["annotations"] *= 2
    with pytest.raises(ScoreError, match="the sample a has two annotations"):
        score_coco(twice, [])
    lonely = truth("a", "b")
    lonely["annotations"].pop()
    with pytest.raises(ScoreError, match=r"do not pair up \(such as b\)"):
        score_coco(lonely, [])
