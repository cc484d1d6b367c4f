from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as coco

from rvosbench import masks
from rvosbench.datasets.coco_masks import segmentation, visible_masks
from rvosbench.errors import DatasetError

H, W = 6, 5


def test_a_rectangle_as_polygon_by_hand():
    found = masks.decode(segmentation([[1, 2, 4, 2, 4, 5, 1, 5]], H, W, "x"))
    expected = np.zeros((H, W), np.bool_)
    expected[2:5, 1:4] = True
    assert np.array_equal(found, expected)


def test_several_polygons_are_one_mask_and_degenerate_ones_have_no_pixels():
    both = [[0, 0, 2, 0, 2, 2, 0, 2], [3, 3, 5, 3, 5, 6, 3, 6], [1, 1, 2, 2]]
    assert masks.area(segmentation(both, H, W, "x")) == 4 + 6
    assert masks.area(segmentation([[1, 1, 2, 2]], H, W, "x")) == 0
    assert masks.area(segmentation([], H, W, "x")) == 0


@pytest.mark.parametrize("seed", range(5))
def test_plain_and_compressed_runs_agree_with_pycocotools(seed):
    mask = np.random.default_rng(seed).random((H, W)) < 0.5
    flat = np.concatenate([[False], mask.ravel(order="F")])
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    plain = np.diff(np.concatenate([[0], changes, [mask.size]])).tolist()
    compressed = coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    for counts in (plain, compressed):
        found = segmentation({"size": [H, W], "counts": counts}, H, W, "x")
        assert np.array_equal(masks.decode(found), mask)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "text",
        {},
        {"size": [H, W]},
        {"size": [W, H], "counts": [H * W]},
        {"size": [H, W], "counts": []},
        {"size": [H, W], "counts": [H * W + 1]},
        {"size": [H, W], "counts": [10**12]},
        {"size": [H, W], "counts": [-1, H * W + 1]},
        {"size": [H, W], "counts": [0.5, H * W - 0.5]},
        {"size": [H, W], "counts": "PPPPPPPPPPPPP"},
        {"size": [H, W], "counts": "\x00"},
        {"size": [H, W], "counts": "é"},
        {"size": [H, W], "counts": ""},
        {"size": [H, W], "counts": 7},
        [[1, 2, 3, 4, 5]],
        [[1, 2, 3, 4, 5, float("nan")]],
        [[1, 2, 3, 4, 5, 1e12]],
        [[1, 2, 3, 4, 5, 10**400]],
        [[1, 2, 3, 4, 5, float("inf")]],
        {"size": [10**400, W], "counts": []},
        {"size": [H, W], "counts": [10**400]},
        [[1, 2, 3, 4, 5, "6"]],
        [7],
    ],
)
def test_what_does_not_fit_the_image_is_refused_before_pycocotools_sees_it(value):
    with pytest.raises(DatasetError, match="annotation 7") as caught:
        segmentation(value, H, W, "annotation 7")
    assert "\n" not in str(caught.value)


def test_a_polygon_that_goes_to_and_fro_a_hundred_thousand_times_is_refused_at_once():
    """pycocotools reserves memory for all pixels of the outline, here gigabytes, unchecked."""
    zigzag = [value for _ in range(100_000) for value in (0, 0, 2 * 640, 2 * 640)]
    with pytest.raises(DatasetError, match="annotation 7: its outline is 256000000 px long"):
        segmentation([zigzag], 480, 640, "annotation 7")
    many = [[0, 0, 1280, 0, 1280, 1280, 0, 1280]] * 1000
    with pytest.raises(DatasetError, match="its outline is 5120000 px long"):
        segmentation(many, 480, 640, "annotation 7")


def test_the_outline_of_a_square_is_its_circumference():
    assert masks.area(segmentation([[0, 0, W, 0, W, H, 0, H]] * 50, H, W, "x")) == H * W
    with pytest.raises(DatasetError, match="its outline is 1122 px long"):
        segmentation([[0, 0, W, 0, W, H, 0, H]] * 51, H, W, "x")


@pytest.mark.parametrize("plain", [False, True])
def test_visible_masks_leave_out_what_is_not_seen(plain):
    mask = np.zeros((H, W), np.bool_)
    mask[1:3, 2] = True
    seen = {"size": [H, W], "counts": [2 * H + 1, 2, H * W - 2 * H - 3]}
    if not plain:
        seen["counts"] = masks.encode(mask).counts.decode()
    nothing = {"size": [H, W], "counts": masks.empty(H, W).counts.decode()}
    found = visible_masks([None, seen, nothing, seen], H, W, str)
    assert list(found) == [1, 3]
    assert all(np.array_equal(masks.decode(rle), mask) for rle in found.values())
    assert visible_masks([], H, W, str) == {}
    assert visible_masks([None], H, W, str) == {}


def test_visible_masks_name_the_bad_one():
    good = {"size": [H, W], "counts": masks.empty(H, W).counts.decode()}
    for bad in (
        good | {"counts": "zz"},
        good | {"size": [W, H]},
        good | {"counts": [1]},
        7,
        good | {"counts": ""},
    ):
        with pytest.raises(DatasetError, match="frame 3"):
            visible_masks([good, None, good, bad, good], H, W, "frame {}".format)
