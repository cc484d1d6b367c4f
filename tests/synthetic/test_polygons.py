"""Outlines: rasterised by pycocotools they are the mask again, to the pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp
from pycocotools import mask as coco
from scipy import ndimage

from rvosbench.synthetic.polygons import outlines
from rvosbench.synthetic.render import render
from rvosbench.synthetic.scenes import make_scene

# pycocotools 2.0.11 implements `__array__` as NumPy 1 asked for it.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def rasterise(polygons: list[list[float]], height: int, width: int) -> np.ndarray:
    if not polygons:
        return np.zeros((height, width), np.bool_)
    return coco.decode(coco.merge(coco.frPyObjects(polygons, height, width))) > 0


def test_a_rectangle_has_its_four_corners_on_the_pixel_grid():
    mask = np.zeros((6, 8), np.bool_)
    mask[1:4, 2:7] = True
    assert outlines(mask) == [[2.0, 1.0, 7.0, 1.0, 7.0, 4.0, 2.0, 4.0]]


def test_an_empty_mask_has_no_polygons():
    assert outlines(np.zeros((4, 4), np.bool_)) == []


def test_two_parts_are_two_polygons_even_if_they_touch_at_a_corner():
    mask = np.zeros((4, 4), np.bool_)
    mask[:2, :2] = mask[2:, 2:] = True
    polygons = outlines(mask)
    assert polygons is not None
    assert len(polygons) == 2


def test_a_hole_cannot_be_said_in_polygons():
    mask = np.ones((5, 5), np.bool_)
    mask[2, 2] = False
    assert outlines(mask) is None


@settings(max_examples=200, deadline=None)
@given(
    stnp.arrays(
        np.bool_, stnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9), elements=st.booleans()
    )
)
def test_any_mask_without_a_hole_comes_back(mask):
    has_hole = ndimage.label(~np.pad(mask, 1), np.ones((3, 3)))[1] > 1
    polygons = outlines(mask)
    assert (polygons is None) == has_hole
    if polygons is not None:
        np.testing.assert_array_equal(rasterise(polygons, *mask.shape), mask)


@pytest.mark.parametrize("index", range(10))
def test_the_masks_of_scenes_come_back(index):
    labels = render(make_scene(6, index, frames=1)).labels[0]
    for object_id in np.unique(labels)[1:]:
        polygons = outlines(labels == object_id)
        assert polygons is not None
        np.testing.assert_array_equal(rasterise(polygons, *labels.shape), labels == object_id)
