"""Pixels as stored -> as a player shows them: turned, mirrored, and with square pixels.

Annotations are drawn on the pixels as stored, so this is for somebody's own video only.
"""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from rvosbench.errors import DatasetError
from rvosbench.media.images import MAX_PIXELS, RgbImage

_MATRIX = struct.Struct("=9i")


class Turn(NamedTuple):
    """One of the eight ways in which a picture can lie: what is done to it, in this order."""

    transposed: bool = False  # rows become columns
    left_right: bool = False  # then mirrored
    up_down: bool = False  # then mirrored


UPRIGHT = Turn()


def turn_of(matrix: bytes) -> Turn:
    """The turn that a display matrix asks for; angles between quarter turns count as the nearest one.

    Args:
        matrix: nine int32 in the machine's order, a b u c d v x y w. A pixel at (x, y) is shown at
            (a x + c y, b x + d y). Anything else, and a matrix of zeros, is no turn.

    Example:
        >>> one = 1 << 16
        >>> turn_of(struct.pack("=9i", 0, one, 0, -one, 0, 0, 0, 0, 1 << 30))  # a quarter to the right
        Turn(transposed=True, left_right=True, up_down=False)
    """
    if len(matrix) != _MATRIX.size:
        return UPRIGHT
    a, b, _, c, d, _, _, _, _ = _MATRIX.unpack(matrix)
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Turn(True, c < 0, b < 0)
    return Turn(False, a < 0, d < 0)


def turn_of_angle(degrees: float) -> Turn:
    """The turn by an angle, counter-clockwise, to the nearest quarter."""
    return (UPRIGHT, Turn(True, False, True), Turn(False, True, True), Turn(True, True, False))[
        round(degrees / 90) % 4
    ]


def turn_of_exif(orientation: int) -> Turn:
    """The turn that an orientation of EXIF asks for, from 1 (none) to 8."""
    return Turn(orientation >= 5, orientation in (2, 3, 6, 7), orientation in (3, 4, 7, 8))


def turned(pixels: RgbImage, turn: Turn) -> RgbImage:
    """A picture turned: (H, W, 3), or (W, H, 3) where it is transposed."""
    shown = pixels.swapaxes(0, 1) if turn.transposed else pixels
    if turn.left_right:
        shown = shown[:, ::-1]
    if turn.up_down:
        shown = shown[::-1]
    return np.ascontiguousarray(shown)


def square_size(height: int, width: int, aspect: Fraction | None) -> tuple[int, int]:
    """(height, width) px with square pixels; one of the two grows, so that nothing is lost.

    Args:
        height: px as stored.
        width: px as stored.
        aspect: width of a stored pixel by its height; None or 0 where it is not known.

    Raises:
        DatasetError: the picture would have more than `MAX_PIXELS`.

    Example:
        >>> square_size(576, 720, Fraction(64, 45)), square_size(480, 640, Fraction(1, 2))
        ((576, 1024), (960, 640))
    """
    if not aspect or aspect < 0 or aspect == 1:
        return height, width
    wide = aspect > 1
    size = (height, round(width * aspect)) if wide else (round(height / aspect), width)
    if size[0] * size[1] > MAX_PIXELS:
        raise DatasetError(
            f"pixels of {aspect.numerator}:{aspect.denominator} make a picture of {width}x{height} px one of "
            f"{size[1]}x{size[0]} as it is shown, more than {MAX_PIXELS} px in all; write the video again "
            "with square pixels"
        )
    return size


def resized(pixels: RgbImage, size: tuple[int, int]) -> RgbImage:
    """A picture at (height, width) px; the same one where it has that size."""
    if pixels.shape[:2] == size:
        return pixels
    import cv2

    return np.asarray(cv2.resize(pixels, (size[1], size[0]), interpolation=cv2.INTER_CUBIC), np.uint8)
