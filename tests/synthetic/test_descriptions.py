"""Truth by hand: scenes whose every number stands in the test, a yes, a no and a doubt for every part."""

from __future__ import annotations

import numpy as np
import pytest

from rvosbench.synthetic.descriptions import (
    MOVES,
    Description,
    holds,
    identifies,
    may_refer,
    motion_of,
    refers,
)
from rvosbench.synthetic.paths import MOTIONS, offsets
from rvosbench.synthetic.scenes import make_scene

TIME = np.linspace(0, 1, 12)


def path(motion, start=(64.0, 48.0), reach=30.0):
    return offsets(motion, TIME, reach=reach, phase=0.5) + np.array(start)


def test_colour_shape_and_size_select(obj, scene):
    made = scene(
        obj(1, (20, 20), colour="red", shape="square"),
        obj(2, (60, 20), colour="red", shape="circle"),
        obj(3, (60, 70), colour="blue", shape="circle", size="large", radius=16.0),
    )
    assert refers(made, Description(colour="red")) == (1, 2)
    assert refers(made, Description(colour="red", shape="circle")) == (2,)
    assert refers(made, Description(size="large")) == (3,)
    assert refers(made, Description()) == (1, 2, 3)
    assert identifies(made, Description(colour="red")) is None
    assert identifies(made, Description(shape="square")) == 1


@pytest.mark.parametrize("motion", MOTIONS)
def test_every_motion_is_recognised_from_its_path(motion, obj, scene):
    one = obj(1, (0, 0), path=path(motion))
    assert motion_of(scene(one), one) == motion


@pytest.mark.parametrize(
    ("track", "why"),
    [
        (np.linspace((20, 20), (32, 20), 12), "12 px is neither rest nor a movement"),
        (np.linspace((20, 20), (60, 60), 12), "the diagonal is neither right nor down"),
        ([(20 + 3 * t if t < 8 else 44 + 0.8 * (t - 8), 20) for t in range(12)], "slows down, does not stop"),
        (
            [(20 + 40 * (t if t < 6 else 8.5 - t / 2) / 6, 20) for t in range(12)],
            "comes back half of the way",
        ),
    ],
)
def test_an_unclear_motion_is_no_motion(track, why, obj, scene):
    one = obj(1, (0, 0), path=track)
    assert motion_of(scene(one), one) is None, why


def test_a_object_that_stops_neither_moves_left_nor_does_it_not(obj, scene):
    stops = obj(1, (0, 0), path=path("left-stop"))
    made = scene(stops, obj(2, (20, 20)))
    assert holds(made, stops, Description(motion="left")) is None
    assert holds(made, stops, Description(motion="left-stop")) is True
    assert holds(made, stops, Description(motion="left-back")) is False
    assert holds(made, stops, Description(motion="up")) is False
    assert identifies(made, Description(motion="left")) is None
    assert may_refer(made, Description(motion="left")) == (1,)
    assert identifies(made, Description(motion=MOVES)) == 1
    assert identifies(made, Description(motion="still")) == 2


def test_what_returns_has_moved_both_ways(obj, scene):
    returns = obj(1, (0, 0), path=path("left-back"))
    made = scene(returns)
    assert holds(made, returns, Description(motion="right")) is None
    assert holds(made, returns, Description(motion="right-back")) is False


def test_leftmost_needs_a_margin_in_every_frame(obj, scene):
    left = Description(position=("left", "throughout"))
    clear = scene(obj(1, (30, 20)), obj(2, (41, 70)))
    assert identifies(clear, left) == 1
    close = scene(obj(1, (30, 20)), obj(2, (40, 70)))
    assert refers(close, left) == ()
    assert may_refer(close, left) == (1,)
    crossing = scene(obj(1, (30, 20), (110, 20)), obj(2, (70, 70)))
    assert refers(crossing, left) == ()
    assert identifies(crossing, Description(position=("left", "start"))) == 1
    assert identifies(crossing, Description(position=("left", "end"))) == 2


def test_nobody_is_leftmost_alone(obj, scene):
    made = scene(obj(1, (30, 20)), obj(2, (90, 70), frames=(0, 7)))
    assert refers(made, Description(position=("left", "end"))) == ()
    assert refers(made, Description(position=("left", "start"))) == (1,)
    assert refers(made, Description(position=("left", "throughout"))) == (1,)


def test_leftmost_by_the_centre_but_not_by_the_edge_is_a_doubt(obj, scene):
    made = scene(obj(1, (30, 20), radius=9.0), obj(2, (42, 70), radius=22.0, size="large"))
    assert refers(made, Description(position=("left", "throughout"))) == ()


def test_a_superlative_compares_the_objects_it_names(obj, scene):
    made = scene(
        obj(1, (20, 20), shape="circle"),
        obj(2, (60, 20), shape="square"),
        obj(3, (100, 20), shape="square", size="large", radius=16.0),
    )
    assert identifies(made, Description(shape="square", position=("left", "throughout"))) == 2
    # There is one circle, so that it has to be the rightmost of all to be called so.
    assert refers(made, Description(shape="circle", position=("right", "throughout"))) == ()
    assert identifies(made, Description(shape="square", size="smallest")) == 2
    assert identifies(made, Description(size="largest")) == 3
    assert refers(made, Description(size="smallest")) == ()


def test_order_is_told_by_the_first_and_the_last_frame(obj, scene):
    made = scene(obj(1, (20, 20)), obj(2, (60, 20), frames=(4, 12)), obj(3, (100, 20), frames=(0, 8)))
    assert identifies(made, Description(order="last-in")) == 2
    assert identifies(made, Description(order="late")) == 2
    assert identifies(made, Description(order="first-out")) == 3
    assert identifies(made, Description(order="gone")) == 3
    one_frame_late = scene(obj(1, (20, 20)), obj(2, (60, 20), frames=(1, 12)))
    for order in ("last-in", "late"):
        assert refers(one_frame_late, Description(order=order)) == ()
        assert may_refer(one_frame_late, Description(order=order)) == (2,)


def test_nobody_appears_last_when_all_are_there_from_the_start(obj, scene):
    made = scene(obj(1, (20, 20)), obj(2, (60, 20)))
    assert may_refer(made, Description(order="last-in")) == ()


def test_sides_of_a_landmark(obj, scene):
    mark = Description(colour="blue", shape="star")
    made = scene(
        obj(1, (20, 40)),
        obj(2, (100, 40)),
        obj(3, (60, 40), colour="blue", shape="star"),
        obj(4, (62, 80)),
    )
    assert identifies(made, Description(relation=("above", mark))) is None
    assert refers(made, Description(relation=("left-of", mark))) == (1,)
    assert refers(made, Description(relation=("right-of", mark))) == (2,)
    assert refers(made, Description(relation=("below", mark))) == (4,)
    # 2 px to the right of the star, but mostly below it: a doubt.
    assert may_refer(made, Description(relation=("right-of", mark))) == (2, 4)


def test_a_landmark_that_is_not_unique_decides_nothing(obj, scene):
    made = scene(obj(1, (20, 40)), obj(2, (60, 40)), obj(3, (100, 40), colour="blue"))
    assert refers(made, Description(colour="blue", relation=("right-of", Description(colour="red")))) == ()


def test_behind_and_in_front_need_contact_and_depth(obj, scene):
    star = Description(shape="star")
    behind = obj(1, (60, 40), shape="circle", depth=0)
    front = obj(2, (66, 44), shape="circle", depth=2, colour="blue")
    mark = obj(3, (62, 42), shape="star", depth=1)
    apart = obj(4, (110, 80), shape="cross", depth=3)
    touching = obj(5, (62, 62), shape="cross", depth=4)
    made = scene(behind, front, mark, apart)
    assert refers(made, Description(relation=("behind", star))) == (1,)
    assert refers(made, Description(relation=("in-front", star))) == (2,)
    assert holds(made, apart, Description(relation=("in-front", star))) is False
    assert holds(scene(mark, touching), touching, Description(relation=("in-front", star))) is None


def test_passing_needs_movement(obj, scene):
    star = Description(shape="star")
    mark = obj(2, (62, 42), shape="star", depth=1)
    passes = obj(1, (30, 42), (95, 42), shape="circle", depth=0)
    rests = obj(3, (60, 40), shape="circle", depth=0)
    assert refers(scene(passes, mark), Description(relation=("passes-behind", star))) == (1,)
    assert refers(scene(passes, mark), Description(relation=("passes-before", star))) == ()
    assert refers(scene(rests, mark), Description(relation=("passes-behind", star))) == ()


def test_generated_scenes_hold_no_unclear_motion():
    for index in range(60):
        scene = make_scene(11, index)
        assert [motion_of(scene, obj) for obj in scene.objects] == [obj.motion for obj in scene.objects]
