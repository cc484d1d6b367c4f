"""The figures of COCO equal those of pycocotools' own COCOeval, to the last bit."""

from __future__ import annotations

import contextlib
import copy
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from rvosbench import masks
from rvosbench.metrics.average_precision import match_samples, score_coco
from rvosbench.metrics.coco_figures import COCO_FIGURES, Matches, join_matches


def reference(ground_truth, predictions) -> COCOeval:
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = copy.deepcopy(ground_truth)
        truth.createIndex()
        if predictions:
            found = truth.loadRes(copy.deepcopy(predictions))
        else:
            found = COCO()
            found.dataset = truth.dataset | {"annotations": []}
            found.createIndex()
        evaluation = COCOeval(truth, found, "segm")
        evaluation.params.useCats = 0
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def agree(ground_truth, predictions) -> None:
    expected, found = reference(ground_truth, predictions), score_coco(ground_truth, predictions)
    assert [found[name] for name in COCO_FIGURES] == expected.stats.tolist()
    assert found["thresholds"] == expected.params.iouThrs.tolist()
    known = [row[row > -1] for row in expected.eval["precision"][:, :, 0, 0, 2]]
    assert found["AP per threshold"] == [row.mean() if len(row) else -1.0 for row in known]
    assert found["AR per threshold"] == expected.eval["recall"][:, 0, 0, 2].tolist()


def segmentation(mask: np.ndarray) -> dict[str, object]:
    rle = masks.encode(mask)
    return {"size": [rle.height, rle.width], "counts": rle.counts}


def drawn(seed: int, samples: int, most: int, *, boxes: bool = False, crowds: bool = False):
    """Rectangles and their shifted copies in all three sizes, with tied scores, empty masks and gaps."""
    rng = np.random.default_rng(seed)
    images, annotations, predictions = [], [], []
    for number in rng.permutation(samples).tolist():
        name = f"v_{number}_f_{number % 7}"
        mask = np.zeros((150, 130), np.bool_)
        height, width = rng.integers(0, 130, 2) // int(rng.choice([1, 2, 8]))
        mask[5 : 5 + height, 3 : 3 + width] = True
        images.append({"id": name, "height": 150, "width": 130})
        annotations.append(
            {
                "id": number + 1,
                "image_id": name,
                "category_id": int(rng.integers(1, 3)),
                "segmentation": segmentation(mask),
                "area": float(np.count_nonzero(mask)),
                "iscrowd": int(crowds and rng.random() < 0.3),
            }
        )
        for _ in range(rng.integers(0, most + 1)):
            moved = np.roll(mask, rng.integers(0, 6, 2), (0, 1)) & (rng.random() < 0.9)
            row = {
                "image_id": name,
                "category_id": int(rng.integers(1, 3)),
                "segmentation": segmentation(moved),
                "score": float(rng.integers(0, 8)) / 8,
            }
            predictions.append(row | ({"bbox": rng.integers(1, 120, 4).tolist()} if boxes else {}))
    rng.shuffle(predictions)
    ground_truth = {"images": images, "annotations": annotations, "categories": [{"id": 1}, {"id": 2}]}
    return ground_truth, predictions


@pytest.mark.parametrize("seed", range(12))
def test_equal_to_cocoeval(seed):
    agree(*drawn(seed, samples=1 + 4 * seed, most=1 + seed, boxes=seed % 3 == 1, crowds=seed % 3 == 2))


def test_equal_to_cocoeval_with_more_than_a_hundred_detections():
    agree(*drawn(99, samples=4, most=300))


def test_equal_to_cocoeval_without_detections():
    ground_truth, _ = drawn(5, samples=6, most=0)
    agree(ground_truth, [])


@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(0, 4))
def test_equal_to_cocoeval_on_few_samples(seed, samples, most):
    agree(*drawn(seed, samples=samples, most=most, crowds=True))


def test_matches_are_the_first_detections_that_overlap_enough_best_score_first():
    mask = np.zeros((10, 20), np.bool_)
    mask[:, :10] = True

    def row(name: str, columns: int, score: float) -> dict[str, object]:
        part = mask & (np.arange(20) < columns)
        return {"image_id": name, "category_id": 1, "segmentation": segmentation(part), "score": score}

    ground_truth = {
        "images": [{"id": "b"}, {"id": "a"}],
        "annotations": [
            {"image_id": name, "category_id": 1, "segmentation": segmentation(mask), "area": 100.0}
            for name in ("a", "b")
        ],
        "categories": [{"id": 1}],
    }
    matches = match_samples(
        ground_truth, [row("b", 6, 0.5), row("a", 10, 0.2), row("b", 10, 0.4), row("a", 4, 0.5)]
    )
    assert matches.sample.tolist() == [1, 0, 0, 1]  # of equal scores the smaller id first
    assert matches.rank.tolist() == [0, 0, 1, 1]
    assert matches.area.tolist() == [40, 60, 100, 100]
    assert matches.hit[:, 0].tolist() == [False, True, False, True]  # at 0.5
    assert matches.hit[:, 9].tolist() == [False, False, True, True]  # at 0.95
    assert matches.truth_area.tolist() == [100, 100]


@given(st.integers(0, 10_000), st.integers(1, 8))
def test_matches_found_part_by_part_are_those_found_at_once(seed, samples):
    ground_truth, predictions = drawn(seed, samples=samples, most=6)
    ids = [image["id"] for image in ground_truth["images"]]
    cut = seed % samples
    parts = [chosen for chosen in (ids[:cut], ids[cut:]) if chosen]
    joined = join_matches(
        [
            match_samples(
                {
                    "images": [image for image in ground_truth["images"] if image["id"] in part],
                    "annotations": [row for row in ground_truth["annotations"] if row["image_id"] in part],
                    "categories": ground_truth["categories"],
                },
                [row for row in predictions if row["image_id"] in part],
            )
            for part in parts
        ],
        ids,
    )
    whole = match_samples(ground_truth, predictions)
    for name in Matches.__slots__:
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name), err_msg=name)
