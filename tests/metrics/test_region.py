"""J by hand, by pycocotools, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as coco

from rvosbench import masks
from rvosbench.errors import MaskSizeError, ScoreError, ShapeError
from rvosbench.metrics import region_similarity
from rvosbench.metrics.region import overlaps


def rectangle(rows: tuple[int, int], columns: tuple[int, int] = (0, 4)) -> np.ndarray:
    mask = np.zeros((4, 4), np.bool_)
    mask[slice(*rows), slice(*columns)] = True
    return mask


def test_half_overlap_by_hand():
    assert region_similarity(rectangle((1, 3)), rectangle((0, 2))) == 4 / 12


def test_two_empty_masks_agree_and_one_empty_mask_does_not():
    empty = rectangle((0, 0))
    assert region_similarity(empty, empty) == 1.0
    assert region_similarity(empty, rectangle((0, 1))) == 0.0
    assert region_similarity(rectangle((0, 1)), empty) == 0.0


def test_void_pixels_count_for_nothing():
    void = rectangle((0, 4), (0, 2))
    assert region_similarity(rectangle((1, 3)), rectangle((0, 2)), void) == 2 / 6
    assert region_similarity(rectangle((1, 3)), rectangle((0, 2)), rectangle((0, 4))) == 1.0


@pytest.mark.parametrize("seed", range(20))
def test_agrees_with_pycocotools(seed):
    prediction, truth = np.random.default_rng(seed).random((2, 30, 20)) < 0.4
    encoded = [masks.as_coco(masks.encode(mask)) for mask in (prediction, truth)]
    assert region_similarity(prediction, truth) == coco.iou(encoded[:1], encoded[1:], [False])[0, 0]


def test_overlaps_of_run_lengths_by_hand():
    predictions = [masks.encode(rectangle(rows)) for rows in ((1, 3), (0, 0), (0, 4))]
    truths = [masks.encode(rectangle(rows)) for rows in ((0, 2), (0, 0), (0, 1))]
    intersections, unions = overlaps(predictions, truths)
    assert intersections.tolist() == [4, 0, 4]
    assert unions.tolist() == [12, 0, 16]
    assert [len(found) for found in overlaps([], [])] == [0, 0]


@pytest.mark.parametrize(
    ("mask", "dtype"),
    [(np.ones((4, 4)), "float64"), (np.full((4, 4), 255, np.uint8), "uint8"), ([[True]], "list")],
)
def test_masks_that_are_not_bool_are_refused(mask, dtype):
    with pytest.raises(ScoreError, match=f"the prediction is {dtype}, expected bool"):
        region_similarity(mask, rectangle((0, 1)))
    with pytest.raises(ScoreError, match=f"the ground truth is {dtype}"):
        region_similarity(rectangle((0, 1)), mask)


@pytest.mark.parametrize("shape", [(4, 5), (4,), (1, 4, 4)])
def test_masks_of_another_size_are_refused(shape):
    with pytest.raises(MaskSizeError, match="never resized"):
        region_similarity(rectangle((0, 1)), np.zeros(shape, np.bool_))


def test_an_unequal_size_is_an_error_of_shape_and_of_score():
    assert issubclass(MaskSizeError, ScoreError)
    assert issubclass(MaskSizeError, ShapeError)


def test_overlaps_of_more_masks_than_a_byte_counts():
    mask = masks.encode(rectangle((0, 2)))
    intersections, unions = overlaps([mask] * 300, [mask] * 300)
    assert intersections.tolist() == unions.tolist() == [8] * 300


def test_a_frame_without_pixels_is_refused():
    with pytest.raises(MaskSizeError):
        region_similarity(np.zeros((0, 4), np.bool_), np.zeros((0, 4), np.bool_))
