"""Resizing frames and masks.

Sizes follow what SOC was trained with: short side and a limit for the long one, floors, bilinear frames,
nearest masks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True, slots=True)
class Side:
    """A size for clips: the short side in px, and the limit for the long side.

    At the limit the short side is rounded and the long one floored, as upstream, so that the long side
    can exceed its limit by a few pixels.
    """

    short: int
    longest: int

    def of(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) px of a clip after the resize; at least 1 px a side.

        Example:
            >>> Side(360, 640).of(720, 1280)
            (360, 640)
        """
        short, long = sorted((height, width))
        new_short = self.short
        if new_short * long > self.longest * short:
            new_short = round(self.longest * short / long)
        new_short = max(new_short, 1)
        new_long = max(new_short * long // short, 1)
        return (new_short, new_long) if height <= width else (new_long, new_short)


def resize_frames(frames: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """(T, H, W, 3) uint8 to (T, height, width, 3), bilinear over the whole source area as Pillow does it.

    Without that area a shrunk frame would show every n-th pixel and flicker.
    """
    if frames.shape[1:3] == (height, width):
        return frames
    resized = np.empty((len(frames), height, width, 3), np.uint8)
    for position, frame in enumerate(frames):
        image = Image.fromarray(np.ascontiguousarray(frame))
        resized[position] = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
    return resized


def resize_masks(masks: NDArray[np.bool_], height: int, width: int) -> NDArray[np.bool_]:
    """(..., H, W) bool to (..., height, width): the source pixel under each new pixel's centre.

    Upstream takes the pixel under the new pixel's corner, which shifts masks against the bilinear
    frames by up to half a source pixel; the centre does not.
    """
    rows = _centres(masks.shape[-2], height)
    columns = _centres(masks.shape[-1], width)
    return np.ascontiguousarray(masks[..., rows[:, None], columns])


def _centres(size: int, new_size: int) -> NDArray[np.int64]:
    """Source positions under the centres of `new_size` pixels spread over `size` pixels."""
    return (2 * np.arange(new_size, dtype=np.int64) + 1) * size // (2 * new_size)
