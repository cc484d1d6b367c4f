"""Stability of a track: by hand, against plain arrays, and its laws."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rvosbench import masks
from rvosbench.analysis.stability import track_stabilities, track_stability
from rvosbench.errors import MaskSizeError

HEIGHT, WIDTH = 20, 30


def square(left: int, top: int = 5, width: int = 6, height: int = 6) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[top : top + height, left : left + width] = True
    return mask


EMPTY = np.zeros((HEIGHT, WIDTH), np.bool_)


def stability(*frames: np.ndarray) -> list[float]:
    return track_stability([masks.encode(frame) for frame in frames]).tolist()


def with_arrays(before: np.ndarray, after: np.ndarray) -> float:
    """The definition on pixels: sets of coordinates, moved, compared."""
    a, b = ({tuple(place) for place in np.argwhere(mask).tolist()} for mask in (before, after))
    if not a or not b:
        return 1.0 if not a and not b else 0.0
    step = np.rint(np.argwhere(after).mean(axis=0) - np.argwhere(before).mean(axis=0)).astype(int)
    moved = {(y + step[0], x + step[1]) for y, x in a}
    return len(moved & b) / len(moved | b)


def test_by_hand():
    assert stability(square(2), square(2), square(9, 11)) == [1.0, 1.0]  # stands, then jumps
    assert stability(square(2), EMPTY, EMPTY, square(2)) == [0.0, 1.0, 0.0]  # flickers
    # 6 of 8 columns stay when the centroids (4.5 and 5.5) are laid on each other.
    assert stability(square(2), square(2, width=8)) == [36 / 48]
    # An object that leaves the frame changes its shape: of 6 columns, 3 are left.
    assert stability(square(24), square(27, width=3)) == [18 / 36]
    assert stability(square(2)) == stability() == []


frames = st.integers(1, 7).flatmap(
    lambda height: st.integers(1, 7).flatmap(
        lambda width: st.lists(arrays.arrays(np.bool_, (height, width)), min_size=2, max_size=5)
    )
)


@given(frames)
@settings(max_examples=300, deadline=None)
def test_equal_to_moving_sets_of_pixels(track):
    assert stability(*track) == pytest.approx([with_arrays(a, b) for a, b in pairwise(track)], abs=1e-15)


@given(frames)
@settings(max_examples=100, deadline=None)
def test_backwards_in_time_it_is_the_same(track):
    assert stability(*track[::-1]) == stability(*track)[::-1]


@given(
    shape=arrays.arrays(np.bool_, (6, 6)),
    places=st.lists(st.tuples(st.integers(0, 14), st.integers(0, 24)), min_size=2, max_size=6),
)
@settings(max_examples=100, deadline=None)
def test_motion_alone_costs_nothing(shape, places):
    track = []
    for top, left in places:
        mask = EMPTY.copy()
        mask[top : top + 6, left : left + 6] = shape
        track.append(mask)
    assert stability(*track) == [1.0] * (len(places) - 1)


def test_long_tracks_of_large_frames_stay_exact():
    """720x1280 and 200 frames: positions beyond 32 bits."""
    mask = np.zeros((720, 1280), np.bool_)
    mask[100:400, 200:900] = True
    late = np.zeros_like(mask)
    late[100:400, 201:902] = True
    rles = [masks.encode(mask)] * 199 + [masks.encode(late)]
    assert track_stability(rles).tolist() == [1.0] * 198 + [700 / 701]


def test_masks_of_several_sizes_are_no_track():
    with pytest.raises(MaskSizeError, match="expected one size"):
        track_stability([masks.encode(EMPTY), masks.encode(EMPTY[1:])])


def test_tracks_together_are_the_tracks_alone(monkeypatch):
    """Of 1 to 7 masks, in batches of at most 8; none reaches into the next one."""
    monkeypatch.setattr("rvosbench.analysis.stability._AT_ONCE", 8)
    rng = np.random.default_rng(0)
    tracks = [
        [masks.encode(square(int(rng.integers(0, 20)), int(rng.integers(0, 12)))) for _ in range(length)]
        for length in (3, 1, 7, 2, 1, 1, 5)
    ]
    together = track_stabilities(tracks)
    assert [each.tolist() for each in together] == [track_stability(track).tolist() for track in tracks]
    assert track_stabilities([]) == []
