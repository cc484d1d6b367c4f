from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rvosbench.loader import Centred, Consecutive, Spread, Whole
from rvosbench.loader.windows import WINDOWS
from rvosbench.plugins.recipe import WINDOW_NAMES

RNG = np.random.default_rng(0)


def cuts(window, annotated, shown, length=100):
    places = window.clips(annotated, frozenset(shown))
    return [window.cut(place, annotated, frozenset(shown), length, RNG) for place in places]


def test_consecutive_windows_do_not_overlap_and_the_last_is_shifted_back():
    assert cuts(Consecutive(3), range(8), range(8)) == [(0, 1, 2), (3, 4, 5), (5, 6, 7)]
    assert cuts(Consecutive(4), range(8), range(8)) == [(0, 1, 2, 3), (4, 5, 6, 7)]


def test_a_short_video_repeats_its_last_frame():
    assert cuts(Consecutive(4), [0, 1], [1]) == [(0, 1, 1, 1)]


def test_windows_walk_over_annotated_frames_only():
    assert cuts(Consecutive(2), [0, 5, 10, 15], [5, 15]) == [(0, 5), (10, 15)]


def test_consecutive_windows_without_the_object_are_dropped():
    assert cuts(Consecutive(2), range(6), [3]) == [(2, 3)]
    assert cuts(Consecutive(2), range(6), []) == []


def test_a_centred_window_is_clamped_at_the_ends_and_wants_its_centre():
    window = Centred(8)
    assert window.wanted(range(8), [1, 10]) == (4,)
    assert cuts(window, [1, 10], [1, 10], length=12) == [
        (0, 0, 0, 0, 1, 2, 3, 4),
        (6, 7, 8, 9, 10, 11, 11, 11),
    ]


def test_a_centred_window_stands_only_where_the_object_is_shown():
    assert cuts(Centred(1), [1, 10], [10]) == [(10,)]


def test_a_still_image_has_one_window_of_each_kind():
    for window in (Centred(1), Consecutive(1), Spread(1), Whole()):
        assert cuts(window, [0], [0], length=1) == [(0,)]


@given(st.data())
def test_spread_frames_come_one_from_each_stretch_and_show_the_object(data):
    annotated = sorted(data.draw(st.sets(st.integers(0, 60), min_size=1)))
    shown = data.draw(st.sets(st.sampled_from(annotated), min_size=1))
    frames = data.draw(st.integers(1, 8))
    (clip,) = cuts(Spread(frames), annotated, shown)
    assert len(clip) == frames
    assert list(clip) == sorted(clip)
    assert set(clip) <= set(annotated)
    assert shown & set(clip)
    if len(annotated) % frames == 0:
        stretch = len(annotated) // frames
        assert [annotated.index(frame) // stretch for frame in clip] == list(range(frames))


def test_spread_windows_reach_every_frame():
    seen = {frame for _ in range(200) for frame in cuts(Spread(3), range(12), range(12))[0]}
    assert seen == set(range(12))


def test_a_spread_that_misses_the_object_takes_one_of_its_frames_in_its_own_stretch():
    for _ in range(50):
        ((first, second, last),) = cuts(Spread(3), range(12), [7])
        assert second == 7
        assert first < 4
        assert last > 7


def test_spread_has_no_window_for_an_object_that_is_never_there():
    assert Spread(3).clips(range(5), frozenset()) == []


@pytest.mark.parametrize("window", [Consecutive(3), Spread(3)])
def test_every_position_is_wanted(window):
    assert window.wanted((1, 5, 5), [1, 5]) == (0, 1, 2)


def test_a_whole_video_has_every_frame_and_wants_the_annotated_ones():
    assert cuts(Whole(), [1, 3], [3], length=5) == [(0, 1, 2, 3, 4)]
    assert cuts(Whole(), [1, 3], [], length=5) == []
    assert Whole().wanted(range(5), [1, 3]) == (1, 3)


def test_every_window_that_a_recipe_names_is_there():
    assert set(WINDOWS) == set(WINDOW_NAMES)
    assert WINDOWS["centred"](5) == Centred(5)
