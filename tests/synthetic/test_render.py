"""Pixels and masks: they agree, the front object owns what it covers, and colours keep their names."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from rvosbench.synthetic.render import render
from rvosbench.synthetic.scenes import COLOURS, OUTER_RADIUS, SHAPES, make_scene


def test_rendering_is_deterministic():
    first, second = render(make_scene(3, 5)), render(make_scene(3, 5))
    assert first.frames.tobytes() == second.frames.tobytes()
    assert first.labels.tobytes() == second.labels.tobytes()
    assert first.frames.shape == (12, 96, 128, 3)
    assert first.labels.shape == (12, 96, 128)


@pytest.mark.parametrize("index", range(25))
def test_what_the_mask_of_a_object_covers_has_the_colour_it_is_named_after(index):
    scene = make_scene(1, index)
    rendered = render(scene)
    names = list(COLOURS)
    palette = np.array([COLOURS[name] for name in names], np.float64)
    for obj in scene.objects:
        mask = rendered.labels == obj.object_id
        core = np.stack([cv2.erode(frame.astype(np.uint8), np.ones((5, 5), np.uint8)) for frame in mask]) > 0
        pixels = rendered.frames[core].astype(np.float64)
        nearest = np.linalg.norm(pixels[:, None] - palette, axis=2).argmin(axis=1)
        # What another object's shadow falls on may look like a darker colour.
        assert (nearest == names.index(obj.colour)).mean() > 0.93


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("colour", COLOURS)
def test_the_colour_changes_at_the_edge_of_the_mask(shape, colour, obj, scene):
    """One px inside of it all pixels look like the object, one px outside of it all like the background."""
    rendered = render(scene(obj(1, (60.4, 47.7), shape=shape, colour=colour)))
    empty = render(scene()).frames[0].astype(np.float64)
    image, mask = rendered.frames[0].astype(np.float64), rendered.labels[0]
    kernel = np.ones((3, 3), np.uint8)
    inner = (mask - cv2.erode(cv2.erode(mask, kernel), kernel)) * cv2.erode(mask, kernel) > 0
    outer = cv2.dilate(mask, kernel, iterations=3) - cv2.dilate(mask, kernel) > 0
    to_object = np.linalg.norm(image - COLOURS[colour], axis=2)
    to_background = np.linalg.norm(image - empty, axis=2)
    assert (to_object < to_background)[inner].mean() > 0.97
    assert (to_object < to_background)[outer].mean() < 0.03


def test_the_front_object_owns_the_pixels(obj, scene):
    back = obj(1, (50, 50), depth=0, shape="circle", radius=16.0)
    front = obj(2, (55, 50), depth=1, shape="circle", colour="blue", radius=9.0)
    labels = render(scene(back, front)).labels[0]
    assert labels[50, 55] == 2
    assert labels[50, 40] == 1
    swapped = render(scene(obj(1, (50, 50), depth=2, shape="circle", radius=16.0), front)).labels[0]
    assert set(np.unique(swapped)) == {0, 1}


def test_a_object_that_is_not_present_leaves_no_trace(obj, scene):
    late = obj(1, (50, 50), frames=(6, 12))
    rendered = render(scene(late))
    nothing = render(scene())
    assert not rendered.labels[:6].any()
    assert rendered.labels[6:].reshape(6, -1).any(axis=1).all()
    np.testing.assert_array_equal(rendered.frames[:6], nothing.frames[:6])


@pytest.mark.parametrize("shape", SHAPES)
def test_masks_equal_those_of_another_rasteriser(shape, obj, scene):
    """The centre of every pixel against the polygon, by OpenCV."""
    labels = render(scene(obj(1, (60.4, 47.7), shape=shape, radius=17.0))).labels[0]
    corners = np.array(_corners(shape)) * 17.0 * OUTER_RADIUS[shape] + (60.4, 47.7)
    contour = corners.astype(np.float32)[:, None]
    expected = [[cv2.pointPolygonTest(contour, (x, y), False) > 0 for x in range(128)] for y in range(96)]
    assert np.count_nonzero(np.array(expected) != (labels > 0)) <= 1


def _corners(shape: str) -> list[tuple[float, float]]:
    """Corners with the farthest at distance 1, upright, y downwards."""
    if shape == "circle":
        return [(np.cos(a), np.sin(a)) for a in np.linspace(0, 2 * np.pi, 720, endpoint=False)]
    if shape == "square":
        h = np.sqrt(0.5)
        return [(-h, -h), (h, -h), (h, h), (-h, h)]
    if shape == "triangle":
        return [(0, -1), (np.sqrt(0.75), 0.5), (-np.sqrt(0.75), 0.5)]
    if shape == "star":
        return [
            (np.sin(k * np.pi / 5) * (0.5 if k % 2 else 1), -np.cos(k * np.pi / 5) * (0.5 if k % 2 else 1))
            for k in range(10)
        ]
    long, short = 1 / np.hypot(1, 0.36), 0.36 / np.hypot(1, 0.36)
    quarter = [(long, -short), (long, short), (short, short)]
    corners = []
    for _ in range(4):
        corners += quarter
        quarter = [(-y, x) for x, y in quarter]
    return corners


def test_shapes_of_one_radius_cover_about_the_same_area(obj, scene):
    areas = [
        int((render(scene(obj(1, (60, 48), shape=shape, radius=17.0))).labels[0] > 0).sum())
        for shape in SHAPES
    ]
    assert max(areas) < 1.4 * min(areas)
