"""From frames as everything else holds them to SOC's input."""

from __future__ import annotations

import torch
from torch import Tensor

# Of ImageNet, RGB: what the backbone was pretrained with.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


def to_input(frames: Tensor) -> Tensor:
    """Channels first, in [0, 1], then minus the mean and divided by the deviation of ImageNet.

    Args:
        frames: (..., H, W, 3) uint8 RGB.

    Returns:
        (..., 3, H, W) float32, contiguous.
    """
    mean = torch.tensor(MEAN, device=frames.device)[:, None, None]
    std = torch.tensor(STD, device=frames.device)[:, None, None]
    # Contiguous first: arithmetic keeps strides, and convolutions pick another algorithm for channels last.
    return (frames.movedim(-1, -3).contiguous().float() / 255 - mean) / std
