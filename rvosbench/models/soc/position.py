"""Sine positions of pixels and of words, and how much of a padded map is image.

Source: Carion et al., "End-to-End Object Detection with Transformers", ECCV 2020 (DETR), normalised.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

TEMPERATURE = 10000.0


def pixel_positions(is_padding: Tensor, channels: int) -> Tensor:
    """Positions in a map, 0 to 2 pi over the part that is not padding.

    Args:
        is_padding: (B, h, w) bool.
        channels: even half for the row, half for the column.

    Returns:
        (B, h, w, channels) float32.
    """
    is_pixel = (~is_padding).float()
    rows = is_pixel.cumsum(1)
    columns = is_pixel.cumsum(2)
    # The centre of a pixel: half a step back.
    rows = (rows - 0.5) / (rows[:, -1:, :] + 1e-6) * (2 * math.pi)
    columns = (columns - 0.5) / (columns[:, :, -1:] + 1e-6) * (2 * math.pi)
    return torch.cat([_sines(rows, channels // 2), _sines(columns, channels // 2)], dim=-1)


def word_positions(is_padding: Tensor, channels: int) -> Tensor:
    """Positions in an expression, up to 2 pi at its last word.

    Args:
        is_padding: (B, L) bool.
        channels: even.

    Returns:
        (B, L, channels) float32.
    """
    positions = (~is_padding).float().cumsum(1)
    # Unlike pixels, words are not centred: no half step back.
    return _sines(positions / (positions[:, -1:] + 1e-6) * (2 * math.pi), channels)


def valid_ratios(is_padding: Tensor) -> Tensor:
    """(B, h, w) bool to (B, 2) float32: the share (x, y) of the first row and column that is image."""
    is_pixel = ~is_padding
    return torch.stack([is_pixel[:, 0, :].float().mean(1), is_pixel[:, :, 0].float().mean(1)], dim=-1)


def _sines(phases: Tensor, channels: int) -> Tensor:
    """(...) to (..., channels): sine and cosine in turn, at wavelengths from 1 to `TEMPERATURE`."""
    steps = torch.arange(0, channels, 2, device=phases.device, dtype=torch.float32)
    angles = phases.unsqueeze(-1) / TEMPERATURE ** (steps / channels)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)
