"""From a clip's frames to SOC's input: resize like the published evaluation, then normalise."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rvosbench.media.resize import resize_frames

# Of ImageNet, RGB: what the backbone was pretrained with.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


def resized_size(size: tuple[int, int], short_side: int, max_side: int) -> tuple[int, int]:
    """The size to scale to: the short side as asked, unless the long side would exceed its limit.

    Args:
        size: (height, width) px.
        short_side: px.
        max_side: px.

    Returns:
        (height, width) px, each at least 1; the long side is rounded down, as upstream.

    Example:
        >>> resized_size((720, 1280), 360, 640)
        (360, 640)
    """
    short, long = sorted(size)
    if long / short * short_side > max_side:
        short_side = round(max_side * short / long)
    scaled_short = max(short_side, 1)
    scaled_long = max(int(scaled_short * long / short), 1)
    return (scaled_short, scaled_long) if size[0] <= size[1] else (scaled_long, scaled_short)


def resize(frames: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Scale frames with Pillow's antialiased bilinear filter, as the published models were fed.

    Args:
        frames: (T, 3, H, W) uint8 RGB.
        size: (height, width) px.

    Returns:
        (T, 3, height, width) uint8 RGB.
    """
    return resize_frames(frames, *size)


def normalise(frames: Tensor) -> Tensor:
    """Subtract the mean and divide by the deviation of ImageNet.

    Args:
        frames: (..., 3, H, W) RGB in [0, 1].

    Returns:
        (..., 3, H, W) float32.
    """
    mean = torch.tensor(MEAN, device=frames.device)[:, None, None]
    std = torch.tensor(STD, device=frames.device)[:, None, None]
    return (frames - mean) / std
