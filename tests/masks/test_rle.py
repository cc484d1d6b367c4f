from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pycocotools import mask as coco

from rvosbench import masks
from rvosbench.errors import ShapeError
from rvosbench.types import Rle

MASKS = arrays.arrays(np.bool_, arrays.array_shapes(min_dims=2, max_dims=2, max_side=12))


@given(MASKS)
def test_a_mask_survives_its_run_lengths(mask):
    rle = masks.encode(mask)
    assert np.array_equal(masks.decode(rle), mask)
    assert (rle.height, rle.width) == mask.shape
    assert masks.decode(rle).flags.c_contiguous
    assert rle.counts == coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"]


@given(MASKS)
def test_area_and_box_against_the_pixels(mask):
    rle = masks.encode(mask)
    assert masks.area(rle) == np.count_nonzero(mask)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    expected = (
        (columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1)
        if len(rows)
        else (0, 0, 0, 0)
    )
    assert masks.bounding_box(rle) == expected


@given(arrays.arrays(np.bool_, st.tuples(st.integers(0, 4), st.integers(1, 8), st.integers(1, 8))))
def test_a_union_has_the_pixels_of_all(stack):
    joined = masks.union(masks.encode_many(stack), *stack.shape[1:])
    assert np.array_equal(masks.decode(joined), stack.any(axis=0))


def test_a_view_and_a_transposed_mask_encode_as_their_copies():
    big = np.random.default_rng(0).random((9, 14)) < 0.5
    for view in (big[::2, 3:9], big.T, big[::-1]):
        assert masks.encode(view) == masks.encode(view.copy())


def test_sizes_and_types_are_not_guessed():
    with pytest.raises(ShapeError, match="a mask is 2x2, its frame 2x3"):
        masks.union([masks.empty(2, 2)], 2, 3)
    for wrong in (np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.float64), np.zeros(4, np.bool_)):
        with pytest.raises(ShapeError, match="height, width"):
            masks.encode(wrong)


def test_an_empty_mask_by_hand():
    assert masks.empty(2, 3) == Rle(2, 3, masks.encode(np.zeros((2, 3), np.bool_)).counts)
    assert masks.area(masks.empty(2, 3)) == 0
