"""What SOC sees before it reads: one look at a clip serves any number of expressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rvosbench.errors import ShapeError
from rvosbench.models.soc.encoder_decoder import Geometry
from rvosbench.models.soc.position import pixel_positions, valid_ratios

Wanted = tuple[int, ...] | tuple[tuple[int, ...], ...]
"""Positions of the frames to answer for: the same for every clip, or as many for each, clip by clip."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Visual:
    """The text-free features of a batch of clips. T counts the frames that were asked for."""

    pixels: Tensor  # (B, T, S, C) of all scales, the finest first
    stride4: Tensor  # (B * T, c, h, w) what the mask features take from the backbone
    geometry: Geometry

    def frames(self, start: int, stop: int) -> Visual:
        """The features of the frames from `start` to before `stop`."""
        B, T = self.pixels.shape[:2]
        stride4 = self.stride4.view(B, T, *self.stride4.shape[1:])[:, start:stop]
        return Visual(
            pixels=self.pixels[:, start:stop], stride4=stride4.flatten(0, 1), geometry=self.geometry
        )

    def stride32(self) -> tuple[Tensor, Tensor, Tensor]:
        """Features (B, T * h * w, C), positions of the same shape and padding (B, T * h * w) at stride 32."""
        T = self.pixels.shape[1]
        sizes = [height * width for height, width in self.geometry.shapes]
        part = slice(sum(sizes[:2]), sum(sizes[:3]))
        positions = self.geometry.positions[:, None, part].expand(-1, T, -1, -1)
        is_padding = self.geometry.is_padding[:, None, part].expand(-1, T, -1)
        return self.pixels[:, :, part].flatten(1, 2), positions.flatten(1, 2), is_padding.flatten(1, 2)


def geometry_of(pixel_is_padding: Tensor, shapes: Sequence[tuple[int, int]], channels: int) -> Geometry:
    """Where the pixels of all scales lie.

    Args:
        pixel_is_padding: (B, H, W) bool.
        shapes: (height, width) per scale, the finest first.
        channels: of the positions.
    """
    padding, positions, ratios, centres = [], [], [], []
    full = pixel_is_padding.unsqueeze(1).float()
    for height, width in shapes:
        is_padding = F.interpolate(full, size=(height, width), mode="nearest").squeeze(1).bool()
        ratio = valid_ratios(is_padding)
        y = torch.arange(0.5, height, device=full.device) / (ratio[:, 1:] * height)  # (B, height)
        x = torch.arange(0.5, width, device=full.device) / (ratio[:, :1] * width)
        grid = [x[:, None, :].expand(-1, height, -1), y[:, :, None].expand(-1, -1, width)]
        centres.append(torch.stack(grid, -1).flatten(1, 2))
        padding.append(is_padding.flatten(1))
        positions.append(pixel_positions(is_padding, channels).flatten(1, 2))
        ratios.append(ratio)
    return Geometry(
        shapes=tuple(shapes),
        is_padding=torch.cat(padding, 1),
        positions=torch.cat(positions, 1),
        ratios=torch.stack(ratios, 1),
        centres=torch.cat(centres, 1),
    )


def pick(features: Tensor, wanted: Wanted | None) -> Tensor:
    """The wanted frames of (B, T, ...).

    Raises:
        ShapeError: a position that is not a frame of the clip, or not one row of positions per clip.
    """
    if wanted is None:
        return features
    B, T = features.shape[:2]
    rows = [row if isinstance(row, tuple) else (row,) for row in wanted]
    if not rows or any(not 0 <= position < T for row in rows for position in row):
        raise ShapeError(f"wanted is {wanted}, expected positions from 0 to {T - 1}")
    if len({len(row) for row in rows}) > 1:
        raise ShapeError(f"wanted is {wanted}, expected as many positions for every clip")
    index = torch.tensor(wanted, device=features.device)
    if index.ndim == 1:
        return features[:, index]
    if len(index) != B:
        raise ShapeError(f"wanted has rows for {len(index)} clips, the batch holds {B}")
    return features[torch.arange(B, device=features.device)[:, None], index]
