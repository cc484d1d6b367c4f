"""Scenes: reproducible, with room for everything, and with objects that share colours and shapes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rvosbench.synthetic.render import render
from rvosbench.synthetic.scenes import OUTER_RADIUS, SIZES, Scene, make_scene

seeds = st.integers(min_value=-(2**63), max_value=2**70)
indices = st.integers(min_value=0, max_value=10**9)


def facts(scene: Scene) -> list[object]:
    return [
        scene.background,
        *(
            (obj.colour, obj.shape, obj.size, obj.radius, obj.angle, obj.depth, obj.tint)
            for obj in scene.objects
        ),
        *(obj.centres.tobytes() + obj.present.tobytes() for obj in scene.objects),
    ]


@settings(max_examples=40, deadline=None)
@given(seeds, indices)
def test_a_scene_is_a_function_of_seed_and_index(seed, index):
    assert facts(make_scene(seed, index)) == facts(make_scene(seed, index))


def test_another_seed_or_index_makes_another_scene():
    scenes = [make_scene(seed, index) for seed in (0, 1, -1) for index in range(4)]
    assert len({str(facts(scene)) for scene in scenes}) == 12


@settings(max_examples=60, deadline=None)
@given(seeds, indices, st.integers(1, 20), st.sampled_from([(96, 128), (64, 64), (32, 90), (120, 60)]))
def test_objects_are_told_apart_by_looks_and_stay_inside_the_frame(seed, index, frames, size):
    scene = make_scene(seed, index, frames=frames, size=size)
    assert 2 <= len(scene.objects) <= 4
    assert [obj.object_id for obj in scene.objects] == list(range(1, len(scene.objects) + 1))
    assert len({(obj.colour, obj.shape, obj.size) for obj in scene.objects}) == len(scene.objects)
    assert sorted(obj.depth for obj in scene.objects) == list(range(len(scene.objects)))
    for obj in scene.objects:
        extent = obj.radius * OUTER_RADIUS[obj.shape]
        low, high = SIZES[obj.size]
        assert low <= obj.radius / scene.unit <= high
        assert (obj.centres >= extent).all()
        assert (obj.centres <= np.array([scene.width, scene.height]) - 1 - extent).all()
        assert obj.present.mean() >= 0.5 or frames < 4
        assert np.count_nonzero(np.diff(obj.present)) <= 1


@settings(max_examples=25, deadline=None)
@given(seeds, indices)
def test_no_object_is_hidden_for_long(seed, index):
    scene = make_scene(seed, index)
    labels = render(scene).labels
    for obj in scene.objects:
        alone = render(_only(scene, obj.object_id)).labels > 0
        seen = (labels == obj.object_id).sum(axis=(1, 2))[obj.present]
        share = seen / alone.sum(axis=(1, 2))[obj.present]
        assert share.min() > 0.15
        assert share.mean() > 0.6


def _only(scene: Scene, object_id: int) -> Scene:
    return Scene(
        height=scene.height,
        width=scene.width,
        frames=scene.frames,
        background=scene.background,
        objects=tuple(obj for obj in scene.objects if obj.object_id == object_id),
    )


def test_something_moves_and_most_objects_share_a_colour_or_more_often_a_shape():
    scenes = [make_scene(5, index) for index in range(150)]
    assert all(any(np.ptp(obj.centres, axis=0).max() > 18 for obj in scene.objects) for scene in scenes)
    objects = shared_colour = shared_shape = shared = 0
    for scene in scenes:
        colours = Counter(obj.colour for obj in scene.objects)
        shapes = Counter(obj.shape for obj in scene.objects)
        objects += len(scene.objects)
        shared_colour += sum(colours[obj.colour] > 1 for obj in scene.objects)
        shared_shape += sum(shapes[obj.shape] > 1 for obj in scene.objects)
        shared += sum(colours[obj.colour] > 1 or shapes[obj.shape] > 1 for obj in scene.objects)
    assert 0.12 < shared_colour / objects < 0.3
    assert 0.4 < shared_shape / objects < 0.65
    assert shared / objects > 0.6


def test_an_image_has_neither_motion_nor_time():
    for index in range(20):
        (scene,) = [make_scene(2, index, frames=1)]
        assert all(obj.motion == "still" and obj.present.all() for obj in scene.objects)


def test_all_motions_and_both_kinds_of_timing_occur():
    objects = [obj for index in range(200) for obj in make_scene(0, index).objects]
    assert len({obj.motion for obj in objects}) == 14
    assert any(not obj.present[0] for obj in objects)
    assert any(not obj.present[-1] for obj in objects)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_very_short_clips_show_everything_all_the_time(frames):
    assert all(
        obj.present.all() for index in range(20) for obj in make_scene(0, index, frames=frames).objects
    )
