"""Scenes: reproducible, with room for everything, and with things that share colours and shapes."""

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
            (thing.colour, thing.shape, thing.size, thing.radius, thing.angle, thing.depth, thing.tint)
            for thing in scene.things
        ),
        *(thing.centres.tobytes() + thing.present.tobytes() for thing in scene.things),
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
def test_things_are_told_apart_by_looks_and_stay_inside_the_frame(seed, index, frames, size):
    scene = make_scene(seed, index, frames=frames, size=size)
    assert 2 <= len(scene.things) <= 4
    assert [thing.object_id for thing in scene.things] == list(range(1, len(scene.things) + 1))
    assert len({(thing.colour, thing.shape, thing.size) for thing in scene.things}) == len(scene.things)
    assert sorted(thing.depth for thing in scene.things) == list(range(len(scene.things)))
    for thing in scene.things:
        extent = thing.radius * OUTER_RADIUS[thing.shape]
        low, high = SIZES[thing.size]
        assert low <= thing.radius / scene.unit <= high
        assert (thing.centres >= extent).all()
        assert (thing.centres <= np.array([scene.width, scene.height]) - 1 - extent).all()
        assert thing.present.mean() >= 0.5 or frames < 4
        assert np.count_nonzero(np.diff(thing.present)) <= 1


@settings(max_examples=25, deadline=None)
@given(seeds, indices)
def test_no_thing_is_hidden_for_long(seed, index):
    scene = make_scene(seed, index)
    labels = render(scene).labels
    for thing in scene.things:
        alone = render(_only(scene, thing.object_id)).labels > 0
        seen = (labels == thing.object_id).sum(axis=(1, 2))[thing.present]
        share = seen / alone.sum(axis=(1, 2))[thing.present]
        assert share.min() > 0.15
        assert share.mean() > 0.6


def _only(scene: Scene, object_id: int) -> Scene:
    return Scene(
        height=scene.height,
        width=scene.width,
        frames=scene.frames,
        background=scene.background,
        things=tuple(thing for thing in scene.things if thing.object_id == object_id),
    )


def test_something_moves_and_most_things_share_a_colour_or_more_often_a_shape():
    scenes = [make_scene(5, index) for index in range(150)]
    assert all(any(np.ptp(thing.centres, axis=0).max() > 18 for thing in scene.things) for scene in scenes)
    things = shared_colour = shared_shape = shared = 0
    for scene in scenes:
        colours = Counter(thing.colour for thing in scene.things)
        shapes = Counter(thing.shape for thing in scene.things)
        things += len(scene.things)
        shared_colour += sum(colours[thing.colour] > 1 for thing in scene.things)
        shared_shape += sum(shapes[thing.shape] > 1 for thing in scene.things)
        shared += sum(colours[thing.colour] > 1 or shapes[thing.shape] > 1 for thing in scene.things)
    assert 0.12 < shared_colour / things < 0.3
    assert 0.4 < shared_shape / things < 0.65
    assert shared / things > 0.6


def test_an_image_has_neither_motion_nor_time():
    for index in range(20):
        (scene,) = [make_scene(2, index, frames=1)]
        assert all(thing.motion == "still" and thing.present.all() for thing in scene.things)


def test_all_motions_and_both_kinds_of_timing_occur():
    things = [thing for index in range(200) for thing in make_scene(0, index).things]
    assert len({thing.motion for thing in things}) == 14
    assert any(not thing.present[0] for thing in things)
    assert any(not thing.present[-1] for thing in things)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_very_short_clips_show_everything_all_the_time(frames):
    assert all(
        thing.present.all() for index in range(20) for thing in make_scene(0, index, frames=frames).things
    )
