"""Clips of coloured squares, to show to a model."""

from __future__ import annotations

import numpy as np

from rvosbench.types import Clip


def clip(*, frames: int = 6, height: int = 24, width: int = 32) -> Clip:
    """A red square that moves right over noise, and a blue one that stands at the bottom.

    Args:
        frames: T, all wanted.
        height: px, at least 16.
        width: px, at least 16.

    Returns:
        A clip with the ground truth of both squares.
    """
    pixels = np.random.default_rng(0).integers(90, 160, (frames, height, width, 3), dtype=np.uint8)
    objects = np.zeros((2, frames, height, width), np.bool_)
    for frame in range(frames):
        left = frame % (width - 8)
        objects[0, frame, 2:8, left : left + 6] = True
        objects[1, frame, -7:-1, 3:9] = True
        pixels[frame][objects[0, frame]] = (220, 30, 30)
        pixels[frame][objects[1, frame]] = (30, 30, 220)
    everywhere = tuple(range(frames))
    return Clip(
        video_id="squares", frames=pixels, frame_indices=everywhere, wanted=everywhere, objects=objects
    )
