"""Trajectories: what the name of a motion promises."""

from __future__ import annotations

import numpy as np
import pytest

from rvosbench.synthetic.paths import DIRECTIONS, MOTIONS, offsets

TIME = np.linspace(0, 1, 13)


@pytest.mark.parametrize("motion", MOTIONS)
def test_every_motion_begins_where_the_object_starts(motion):
    path = offsets(motion, TIME, reach=40.0, phase=0.3)
    assert path.shape == (13, 2)
    assert path[0] == pytest.approx([0, 0])


def test_up_is_towards_smaller_y():
    assert offsets("up", TIME, reach=30.0, phase=0.0)[-1] == pytest.approx([0, -30])


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_stop_comes_before_the_middle_and_lasts(direction):
    path = offsets(f"{direction}-stop", TIME, reach=40.0, phase=0.0)
    assert path[6:] == pytest.approx(np.tile(path[-1], (7, 1)))
    assert np.abs(path[-1]).max() == 40


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_return_ends_at_the_start_and_turns_half_way(direction):
    path = offsets(f"{direction}-back", TIME, reach=40.0, phase=0.0)
    assert path[-1] == pytest.approx([0, 0])
    assert path[6] == pytest.approx(np.array(DIRECTIONS[direction]) * 40)


def test_a_loop_has_the_reach_as_its_diameter_and_does_not_end_where_it_began():
    path = offsets("loop", np.linspace(0, 1, 1000), reach=40.0, phase=1.0)
    assert np.ptp(path, axis=0) == pytest.approx([40, 40], abs=0.01)
    assert np.hypot(*path[-1]) == pytest.approx(40)
