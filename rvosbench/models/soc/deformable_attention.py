"""Multi-scale deformable attention in plain PyTorch.

Source: Zhu et al., "Deformable DETR", ICLR 2021, equation 3. Each query reads a few points per head and
scale, at offsets that it predicts itself. Equal to the reference CUDA kernel: bilinear, zeros outside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Shapes = Sequence[tuple[int, int]]  # (height, width) of every scale, the finest first


class DeformableAttention(nn.Module):
    """Read `points` locations per head and scale around a reference, weighted."""

    def __init__(self, channels: int, heads: int, scales: int, points: int) -> None:
        super().__init__()
        self.heads = heads
        self.scales = scales
        self.points = points
        self.sampling_offsets = nn.Linear(channels, heads * scales * points * 2)
        self.attention_weights = nn.Linear(channels, heads * scales * points)
        self.value_proj = nn.Linear(channels, channels)
        self.output_proj = nn.Linear(channels, channels)
        self._initialise()

    def _initialise(self) -> None:
        """At first head i looks in direction i, point n at n + 1 pixels, all weighing the same."""
        angles = torch.arange(self.heads) * (2 * math.pi / self.heads)
        directions = torch.stack([angles.cos(), angles.sin()], -1)
        directions = directions / directions.abs().amax(-1, keepdim=True)
        steps = torch.arange(1, self.points + 1)
        bias = directions[:, None, None, :] * steps[None, None, :, None]
        nn.init.zeros_(self.sampling_offsets.weight)
        with torch.no_grad():
            self.sampling_offsets.bias.copy_(bias.expand(-1, self.scales, -1, -1).flatten())
        nn.init.zeros_(self.attention_weights.weight)
        nn.init.zeros_(self.attention_weights.bias)
        for projection in (self.value_proj, self.output_proj):
            nn.init.xavier_uniform_(projection.weight)
            nn.init.zeros_(projection.bias)

    def forward(
        self, queries: Tensor, references: Tensor, memory: Tensor, shapes: Shapes, is_padding: Tensor
    ) -> Tensor:
        """
        Args:
            queries: (B, T, N, C).
            references: (b, t, N, scales, 2) points x, y in [0, 1] of the padded map, or (b, t, N, scales, 4)
                boxes (centre, width, height); b is B or 1, t is T or 1.
            memory: (B, T, S, C), the pixels of all scales, the finest first.
            shapes: (height, width) per scale; the products sum to S.
            is_padding: (b, t, S) bool; padding reads as zero.

        Returns:
            (B, T, N, C).
        """
        values = self.value_proj(memory).masked_fill(is_padding.unsqueeze(-1), 0.0)
        weights = self.attention_weights(queries).unflatten(3, (self.heads, -1)).softmax(-1)
        weights = weights.unflatten(4, (self.scales, self.points))
        # Places stay float32 under autocast: bfloat16 could not tell one cell of a wide map from the next.
        offsets = self.sampling_offsets(queries).float()
        offsets = offsets.unflatten(3, (self.heads, self.scales, self.points, 2))
        centres = references[..., None, :, None, :2] * 2 - 1
        if references.shape[-1] == 4:
            # The farthest point of the initial grid lies on the border of the box.
            reach = references[..., None, :, None, 2:] / self.points
        else:
            sizes = offsets.new_tensor([(width, height) for height, width in shapes])
            reach = (2 / sizes)[:, None, :]
        locations = torch.addcmul(centres, offsets, reach)
        output: Tensor = self.output_proj(sample(values.float(), shapes, locations, weights.float()))
        return output


def sample(values: Tensor, shapes: Shapes, locations: Tensor, weights: Tensor) -> Tensor:
    """The weighted sum of bilinear samples.

    Args:
        values: (B, T, S, C).
        shapes: (height, width) per scale.
        locations: (B, T, N, heads, scales, points, 2), x and y; -1 and 1 are the borders of the map.
        weights: (B, T, N, heads, scales, points).

    Returns:
        (B, T, N, C).
    """
    if values.is_cpu and not torch.is_grad_enabled():
        return _gather(values, shapes, locations, weights)
    B, T, N, heads = locations.shape[:4]
    # One image per head: (B * T * heads, C / heads, S). The points come before the queries, so that the
    # sum over them runs along whole rows.
    maps = values.transpose(2, 3).reshape(B * T * heads, -1, values.shape[2])
    grids = locations.permute(4, 0, 1, 3, 5, 2, 6).flatten(1, 3)  # (scales, B * T * heads, points, N, 2)
    weights = (
        weights.permute(4, 0, 1, 3, 5, 2).flatten(1, 3).unsqueeze(2)
    )  # (scales, B * T * heads, 1, points, N)
    pixels = [height * width for height, width in shapes]
    parts = zip(torch.split(maps, pixels, dim=2), shapes, grids, weights, strict=True)
    sampled = [
        (F.grid_sample(part.view(*part.shape[:2], *shape), grid, align_corners=False) * weight).sum(2)
        for part, shape, grid, weight in parts
    ]
    return torch.stack(sampled).sum(0).reshape(B, T, -1, N).transpose(2, 3)


def _gather(values: Tensor, shapes: Shapes, locations: Tensor, weights: Tensor) -> Tensor:
    """`sample` without gradients: weighted sums of rows, frame by frame to stay within the cache.

    At full size on a CPU it takes a fraction of the time and never holds the samples themselves.
    """
    B, T, S, C = values.shape
    N, heads = locations.shape[2:4]
    # As floats, which are exact here: (scales, 1), to broadcast over (N, heads, scales, points).
    widths = locations.new_tensor([width for _, width in shapes]).unsqueeze(1)
    heights = locations.new_tensor([height for height, _ in shapes]).unsqueeze(1)
    starts = (widths * heights).cumsum(0) - widths * heights
    head = torch.arange(heads, dtype=locations.dtype).view(heads, 1, 1)
    # From a cell to its neighbours, in rows of the table; a map of one cell has none on that axis.
    right, down = heads * (widths > 1), heads * widths * (heights > 1)
    steps = torch.stack([torch.zeros_like(right), right, down, right + down]).int()
    output = values.new_empty(B * T, N * heads, C // heads)
    frames = zip(values.flatten(0, 1), locations.flatten(0, 1), weights.flatten(0, 1), output, strict=True)
    for frame, location, share, result in frames:
        column, column_weights = _neighbours(location[..., 0], widths)
        row, row_weights = _neighbours(location[..., 1], heights)
        first = (((row * widths + starts) + column) * heads + head).int()
        index = first.unsqueeze(2) + steps  # (N, heads, 4, scales, points)
        weight = (row_weights * share.unsqueeze(2)).unsqueeze(3) * column_weights.unsqueeze(2)
        result.copy_(
            F.embedding_bag(
                index.view(N * heads, -1),
                frame.reshape(S * heads, C // heads),
                mode="sum",
                per_sample_weights=weight.view(N * heads, -1),
            )
        )
    return output.view(B, T, N, C)


def _neighbours(location: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
    """The first of the two cells around a location on an axis, and the weights of both.

    Beyond a border the two cells at the border stand in: they weigh what their distance leaves of 1,
    which is nothing for a cell that is not beside the location.

    Args:
        location: (N, heads, scales, points); -1 and 1 are the borders.
        size: (scales, 1) cells.

    Returns:
        (N, heads, scales, points) and (N, heads, 2, scales, points).
    """
    cell = (location + 1) * (size / 2) - 0.5
    first = cell.floor().clamp_(min=0).minimum((size - 2).clamp_(min=0))
    second = torch.tensor([0.0, 1.0], dtype=location.dtype).view(2, 1, 1)
    weights = ((cell - first).unsqueeze(2) - second).abs_().neg_().add_(1).clamp_(min=0)
    # The only cell of an axis has no second one.
    return first, weights.mul_(torch.stack([torch.ones_like(size), (size > 1).to(location.dtype)]))
