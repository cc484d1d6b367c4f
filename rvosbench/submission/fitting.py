"""Masks made to fit, as far as that was asked for: of another size than their video, or grey."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rvosbench import masks
from rvosbench.errors import MaskSizeError, ScoreError
from rvosbench.runs.tolerance import Adjusted, Tolerance
from rvosbench.types import Rle, Video

_T = TypeVar("_T", bound=np.generic)


def fit_rle(mask: Rle, name: str, video: Video, tolerance: Tolerance) -> tuple[Rle, bool]:
    """A mask at the size of its video.

    Args:
        mask: of any size.
        name: what to call it in errors.
        video: the video.
        tolerance: whether it may be resized.

    Returns:
        The mask, and whether it had to be resized.

    Raises:
        MaskSizeError: it has another size and may not be resized, or lies on its side.
    """
    if (mask.height, mask.width) == (video.height, video.width):
        return mask, False
    check_size(mask.height, mask.width, name, video, tolerance)
    return masks.encode(nearest(masks.decode(mask), video.height, video.width)), True


def fit_array(
    picture: NDArray[_T], name: str, video: Video, tolerance: Tolerance
) -> tuple[NDArray[_T], bool]:
    """As `fit_rle`, for (H, W) labels or a bool mask."""
    height, width = picture.shape
    if (height, width) == (video.height, video.width):
        return picture, False
    check_size(height, width, name, video, tolerance)
    return nearest(picture, video.height, video.width), True


def check_size(height: int, width: int, name: str, video: Video, tolerance: Tolerance) -> None:
    """Refuse a size that is not the video's, unless resizing was asked for and can be right.

    Raises:
        MaskSizeError: naming both sizes.
    """
    sizes = f"{name} is {height}x{width} px (height x width), the video {video.height}x{video.width}"
    if (height, width) == (video.width, video.height):
        raise MaskSizeError(
            f"{sizes}: height and width are exchanged; turn or transpose the masks, resizing cannot repair it"
        )
    if tolerance.resize == "error":
        raise MaskSizeError(
            f"{sizes}; masks are never resized unasked: write them at the size of the frames, or add "
            "--resize nearest, which every table will say"
        )
    if not height or not width:
        raise MaskSizeError(f"{sizes}; a mask without pixels cannot be resized")


def nearest(picture: NDArray[_T], height: int, width: int) -> NDArray[_T]:
    """Resize by nearest neighbour: a pixel takes the value that lies at its centre.

    Args:
        picture: (H, W), neither 0.
        height: px.
        width: px.

    Returns:
        (height, width), as cv2's INTER_NEAREST_EXACT and Pillow's NEAREST give it.

    Example:
        >>> nearest(np.array([[1, 2, 3, 4]]), 2, 2)
        array([[2, 4],
               [2, 4]])
    """
    rows, columns = (
        (2 * np.arange(new) + 1) * old // (2 * new)
        for new, old in zip((height, width), picture.shape, strict=True)
    )
    return picture[np.ix_(rows, columns)]


def refuse_all_cut(tolerance: Tolerance, adjusted: Adjusted) -> None:
    """Refuse masks that are all empty if a threshold may have made them so.

    Args:
        tolerance: with the threshold.
        adjusted: how many masks it decided about.

    Raises:
        ScoreError: there is a threshold, and it decided about some.
    """
    if tolerance.threshold is not None and adjusted.thresholded:
        raise ScoreError(
            f"all masks are empty once they are cut at {tolerance.threshold}; if they are masks already, of "
            "0 and 1, they need no --threshold: leave it out; else choose a lower one"
        )
