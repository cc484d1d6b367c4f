"""Turns, mirrors and pixel shapes against the definition of a display matrix, pixel by pixel."""

from __future__ import annotations

import itertools
import struct
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image, ImageOps

from rvosbench.errors import DatasetError
from rvosbench.media.display import (
    UPRIGHT,
    resized,
    square_size,
    turn_of,
    turn_of_angle,
    turn_of_exif,
    turned,
)
from rvosbench.media.video import VideoFile

ONE = 1 << 16
EIGHT = [
    (a, b, c, d)
    for a, b, c, d in itertools.product((ONE, 0, -ONE), repeat=4)
    if abs(a) + abs(b) == ONE and abs(c) + abs(d) == ONE and abs(a * d - b * c) == ONE * ONE
]


def matrix(a, b, c, d):
    return struct.pack("=9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)


def shown_by_definition(pixels, a, b, c, d):
    """Every pixel where the matrix puts it, moved so that the picture begins at 0."""
    points = {}
    for y, x in np.ndindex(pixels.shape[:2]):
        points[(a * x + c * y) // ONE, (b * x + d * y) // ONE] = pixels[y, x]
    left, top = (min(point[axis] for point in points) for axis in (0, 1))
    width, height = (max(point[axis] for point in points) + 1 for axis in (0, 1))
    shown = np.zeros((height - top, width - left, 3), np.uint8)
    for (x, y), value in points.items():
        shown[y - top, x - left] = value
    return shown


def test_there_are_eight_ways_to_lie():
    assert len(EIGHT) == 8
    assert len({turn_of(matrix(*entries)) for entries in EIGHT}) == 8


@pytest.mark.parametrize("entries", EIGHT)
def test_a_picture_is_shown_where_its_matrix_puts_it(entries):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    shown = turned(pixels, turn_of(matrix(*entries)))
    assert np.array_equal(shown, shown_by_definition(pixels, *entries))
    assert shown.flags.c_contiguous


def test_what_is_no_matrix_is_no_turn():
    assert turn_of(b"") == turn_of(bytes(36)) == turn_of(bytes(35)) == UPRIGHT
    assert turn_of(matrix(ONE, 900, -900, ONE)) == UPRIGHT  # a degree is nearer to none than to a quarter


@pytest.mark.parametrize(
    ("size", "aspect", "square"),
    [
        ((576, 720), Fraction(64, 45), (576, 1024)),
        ((576, 720), Fraction(16, 15), (576, 768)),
        ((480, 720), Fraction(8, 9), (540, 720)),
        ((96, 128), Fraction(1), (96, 128)),
        ((96, 128), Fraction(0, 1), (96, 128)),
        ((96, 128), None, (96, 128)),
        ((96, 128), Fraction(-4, 3), (96, 128)),
        ((1, 1), Fraction(3, 2), (1, 2)),
    ],
)
def test_pixels_become_square_and_none_is_lost(size, aspect, square):
    assert square_size(*size, aspect) == square
    assert resized(np.zeros((*size, 3), np.uint8), square).shape == (*square, 3)


@pytest.mark.parametrize("aspect", [Fraction(2**31 - 1, 1), Fraction(1, 2**31 - 1)])
def test_pixels_of_an_absurd_shape_are_refused(aspect):
    with pytest.raises(DatasetError, match="as it is shown, more than"):
        square_size(1080, 1920, aspect)


@pytest.mark.parametrize("quarters", range(-4, 8))
def test_an_angle_turns_counter_clockwise(quarters):
    pixels = np.random.default_rng(1).integers(0, 256, (5, 7, 3), np.uint8)
    assert np.array_equal(turned(pixels, turn_of_angle(90 * quarters)), np.rot90(pixels, quarters))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_of_exif_turns_as_pillow_does(orientation):
    pixels = np.random.default_rng(2).integers(0, 256, (5, 7, 3), np.uint8)
    image = Image.fromarray(pixels)
    image.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(image))
    assert np.array_equal(turned(pixels, turn_of_exif(orientation)), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_shown_as_exif_says_and_with_square_pixels(tmp_path, orientation):
    pixels = np.full((48, 64, 3), 20, np.uint8)
    pixels[:16, :32] = 230
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif, dpi=(300, 150), quality=95)
    ((_, shown),) = VideoFile(tmp_path / "a.jpg").play()
    expected = turned(pixels, turn_of_exif(orientation))
    assert shown.shape == expected.shape
    assert np.abs(shown.astype(int) - expected).mean() < 4
