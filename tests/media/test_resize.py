from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rvosbench.media.resize import Side, resize_frames, resize_masks


@pytest.mark.parametrize(
    ("side", "size", "expected"),
    [
        (Side(360, 640), (720, 1280), (360, 640)),
        (Side(360, 640), (480, 854), (360, 640)),  # 640.5 floored
        (Side(360, 640), (1280, 720), (640, 360)),
        (Side(320, 576), (240, 320), (320, 426)),  # 426.67 floored
        (Side(64, 128), (96, 128), (64, 85)),
        (Side(360, 640), (100, 1000), (64, 640)),
        (Side(360, 640), (480, 910), (338, 640)),  # 682 would be too long; 337.6 is rounded
        (Side(360, 640), (100, 100), (360, 360)),
        (Side(4, 10), (1, 1000), (1, 1000)),  # a side never vanishes
    ],
)
def test_the_short_side_is_met_unless_the_long_one_would_grow_too_long(side, size, expected):
    assert side.of(*size) == expected


SIDES = st.integers(1, 3000)


@given(SIDES, SIDES, st.integers(1, 400), st.integers(400, 800))
def test_sizes_stay_within_the_limits_and_turn_with_the_frame(height, width, short, long):
    h, w = Side(short, long).of(height, width)
    assert 1 <= min(h, w) <= short
    assert max(h, w) <= long + max(height, width) / min(height, width)  # the short side is whole pixels
    assert Side(short, long).of(width, height) == (w, h)


def test_resizing_is_pillows():
    frames = np.random.default_rng(0).integers(0, 256, (2, 20, 31, 3), dtype=np.uint8)
    resized = resize_frames(frames, 9, 12)
    assert (resized.shape, resized.dtype) == ((2, 9, 12, 3), np.uint8)
    image = Image.fromarray(frames[1]).resize((12, 9), Image.Resampling.BILINEAR)
    assert np.array_equal(resized[1], np.asarray(image))


def test_frames_of_the_right_size_are_not_touched():
    frames = np.zeros((1, 4, 5, 3), np.uint8)
    assert resize_frames(frames, 4, 5) is frames


def test_frames_are_averaged_over_their_source_area():
    stripes = np.zeros((1, 4, 8, 3), np.uint8)
    stripes[:, :, ::2] = 200
    resized = resize_frames(stripes, 2, 4)
    assert resized.shape == (1, 2, 4, 3)
    assert (np.abs(resized.astype(int) - 100) <= 25).all()  # one in two pixels alone would give 0 or 200


def test_a_mask_takes_the_source_pixel_under_each_new_centre():
    mask = np.arange(6)[None] == np.array([[1]])  # (1, 6), only column 1
    assert resize_masks(mask, 1, 2).tolist() == [[True, False]]  # centres at 1.5 and 4.5 of 6
    assert resize_masks(mask, 1, 12)[0].nonzero()[0].tolist() == [2, 3]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 60), st.integers(1, 60))
def test_resized_masks_mirror_as_their_sources_do_at_whole_ratios(height, width, rows, columns):
    rng = np.random.default_rng(height * 41 + width)
    mask = rng.random((height, width)) > 0.5
    grown = resize_masks(mask, height * 3, width * 3)
    assert (grown == np.kron(mask, np.ones((3, 3), np.bool_))).all()
    assert resize_masks(mask, rows, columns).shape == (rows, columns)
