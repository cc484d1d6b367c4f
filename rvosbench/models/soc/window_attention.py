"""Self-attention within windows of a video, the operation of the backbone.

Source: Liu et al., "Video Swin Transformer", CVPR 2022, section 3.2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.parameter import Parameter

from rvosbench.models.soc.attention import attend

Sizes = tuple[int, int, int]  # frames, rows, columns


class WindowAttention(nn.Module):
    """Self-attention within windows of frames, rows and columns, every second time shifted by half."""

    def __init__(self, channels: int, heads: int, window: Sizes, *, shifted: bool) -> None:
        super().__init__()
        self.heads = heads
        self.window = window
        self.shifted = shifted
        self.position_bias = Parameter(torch.zeros(math.prod(2 * side - 1 for side in window), heads))
        self.qkv = nn.Linear(channels, 3 * channels)
        self.projection = nn.Linear(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        """(B, T, h, w, C) to the same."""
        grid = WindowGrid.over(features.shape[1:4], self.window, shifted=self.shifted)
        tokens = self._project(features, grid.padding)
        if any(grid.shift):
            tokens = tokens.roll([-step for step in grid.shift], dims=(1, 2, 3))
        merged = self._attend(tokens, grid)
        if any(grid.shift):
            merged = merged.roll(grid.shift, dims=(1, 2, 3))
        if any(grid.padding):
            T, H, W = features.shape[1:4]
            merged = merged[:, :T, :H, :W]
        projected: Tensor = self.projection(merged)
        return projected

    def _project(self, features: Tensor, padding: Sizes) -> Tensor:
        """Queries, keys and values, (B, T, h, w, 3 C), of the tokens and of zeros added at the end."""
        if not any(padding):
            return F.linear(features, self.qkv.weight, self.qkv.bias)
        # A projected zero is the bias: adding it after padding spares projecting the zeros.
        tokens = F.linear(features, self.qkv.weight)
        return F.pad(tokens, (0, 0, 0, padding[2], 0, padding[1], 0, padding[0])).add_(self.qkv.bias)

    def _attend(self, tokens: Tensor, grid: WindowGrid) -> Tensor:
        """(B, T, h, w, 3 C), padded and rolled, to (B, T, h, w, C): attention in each window."""
        B = tokens.shape[0]
        (nt, nh, nw), (t, h, w) = grid.counts, grid.window
        windows = tokens.reshape(B, nt, t, nh, h, nw, w, 3, self.heads, -1).permute(
            7, 0, 1, 3, 5, 8, 2, 4, 6, 9
        )
        bias = self.bias(grid.window)
        parts = []
        # Rolling brings far ends together in the last window of an axis, and nowhere else: the windows
        # of a clip share at most eight masks, so no mask per window is ever made.
        for lasts in product(*grid.has_last):
            slices = tuple(
                slice(None) if last is None else slice(-1, None) if last else slice(-1) for last in lasts
            )
            part = windows[:, :, *slices]
            q, k, v = part.reshape(3, -1, self.heads, t * h * w, part.shape[-1]).unbind(0)
            apart = _separation(grid.window, grid.shift, lasts, bias.device)
            mask = bias if apart is None else bias + apart.to(bias.dtype)
            attended = attend(q, k, v, mask.unsqueeze(0))  # fused kernels want four axes
            parts.append(attended.view(B, *part.shape[2:6], t, h, w, -1))
        for axis in (3, 2, 1):  # product() varies the last axis fastest
            if len(grid.has_last[axis - 1]) == 2:
                parts = [torch.cat(pair, axis) for pair in zip(parts[::2], parts[1::2], strict=True)]
        (whole,) = parts  # (B, nt, nh, nw, heads, t, h, w, C / heads)
        return whole.permute(0, 1, 5, 2, 6, 3, 7, 4, 8).reshape(B, nt * t, nh * h, nw * w, -1)

    def attend_windows(self, tokens: Tensor, windows: WindowPart, bias: Tensor) -> Tensor:
        """The same for the tokens of some windows, which come and go in the order of `windows.rows`.

        Args:
            tokens: (N, C).
            windows: which tokens they are.
            bias: from `bias`.

        Returns:
            (N, C).
        """
        projected = self.qkv(tokens)
        if windows.token_of is not None:
            projected = torch.cat([projected, self.qkv.bias[None]]).index_select(0, windows.token_of)
        by_window = projected.view(-1, bias.shape[1], 3, self.heads, projected.shape[1] // (3 * self.heads))
        q, k, v = by_window.permute(2, 0, 3, 1, 4).unbind(0)  # each (windows, heads, tokens, C / heads)
        attended = []
        for lasts, run in windows.kinds:
            apart = _separation(windows.grid.window, windows.grid.shift, lasts, bias.device)
            mask = bias if apart is None else bias + apart.to(bias.dtype)
            attended.append(attend(q[run], k[run], v[run], mask.unsqueeze(0)).transpose(1, 2).flatten(2))
        merged = (attended[0] if len(attended) == 1 else torch.cat(attended)).flatten(0, 1)
        if windows.is_token is not None:
            merged = merged[windows.is_token]
        output: Tensor = self.projection(merged)
        return output

    def bias(self, window: Sizes) -> Tensor:
        """(heads, N, N), what a token adds to the score of another of its window.

        A window that the clip does not fill is smaller than the table's. The published weights were
        trained with the first N rows and columns of the full table, also where that means other offsets
        (fewer rows or columns; fewer frames are harmless), so these are kept.
        """
        size = math.prod(window)
        positions = _relative_positions(self.window, size, self.position_bias.device)
        # Gathering per head, rather than rows of all heads, has the far cheaper gradient.
        bias = self.position_bias.t().gather(1, positions.view(1, -1).expand(self.heads, -1))
        return bias.view(self.heads, size, size)


@dataclass(frozen=True, slots=True)
class WindowGrid:
    """How a map of tokens is cut into windows."""

    window: Sizes  # tokens of one
    counts: Sizes  # windows along each axis
    padding: Sizes  # tokens added at the end of each axis
    shift: Sizes  # tokens that the map is rolled back by

    @classmethod
    def over(cls, sizes: Sequence[int], window: Sizes, *, shifted: bool) -> WindowGrid:
        """Windows no larger than the map; an axis that one window covers is not shifted."""
        sides = [min(size, side) for size, side in zip(sizes, window, strict=True)]
        counts = [-(-size // side) for size, side in zip(sizes, sides, strict=True)]
        return cls(
            window=_three(sides),
            counts=_three(counts),
            padding=_three([n * side - size for n, side, size in zip(counts, sides, sizes, strict=True)]),
            shift=_three(
                [
                    side // 2 if shifted and size > side else 0
                    for side, size in zip(window, sizes, strict=True)
                ]
            ),
        )

    @property
    def has_last(self) -> tuple[tuple[bool | None, ...], ...]:
        """Per axis the kinds of windows: (None,) where all are alike, else (inner, last)."""
        return tuple((False, True) if step else (None,) for step in self.shift)


@dataclass(frozen=True, slots=True)
class Windows:
    """All windows of a map, those with the same mask side by side.

    Rolling and padding move no token: a window lists the tokens it holds.
    """

    grid: WindowGrid
    rows: Tensor  # (windows, N) int64 into the flattened map; its length stands for padding
    ends: tuple[tuple[tuple[bool | None, ...], int], ...]  # per kind, as in `has_last`, the window after it
    tokens: int  # of the map

    @classmethod
    def over(cls, sizes: Sequence[int], window: Sizes, *, shifted: bool) -> Windows:
        """The windows of a map of (frames, rows, columns) on the CPU."""
        grid = WindowGrid.over(sizes, window, shifted=shifted)
        tokens = math.prod(sizes)
        row = torch.zeros(1, 1, 1, dtype=torch.int64)
        kind = torch.zeros(1, 1, 1, dtype=torch.int64)
        outside = torch.zeros(1, 1, 1, dtype=torch.bool)
        for axis, (size, side, count, shift) in enumerate(
            zip(sizes, grid.window, grid.counts, grid.shift, strict=True)
        ):
            shape = [-1 if other == axis else 1 for other in range(3)]
            position = ((torch.arange(count * side) + shift) % (count * side)).view(shape)
            row = row * size + position
            outside = outside | (position >= size)
            if shift:
                kind = kind * 2 + (torch.arange(count) == count - 1).view(shape)
        (nt, nh, nw), (t, h, w) = grid.counts, grid.window
        row = row.masked_fill(outside, tokens).view(nt, t, nh, h, nw, w)
        row = row.permute(0, 2, 4, 1, 3, 5).reshape(nt * nh * nw, t * h * w)
        kind = kind.expand(nt, nh, nw).flatten()
        kinds = list(product(*grid.has_last))
        ends = torch.bincount(kind, minlength=len(kinds)).cumsum(0).tolist()
        return cls(
            grid=grid,
            rows=row[kind.argsort(stable=True)],
            ends=tuple(zip(kinds, ends, strict=True)),
            tokens=tokens,
        )

    def part(self, start: int, stop: int) -> WindowPart:
        """The windows from `start` to before `stop`, or to the last."""
        rows = self.rows[start:stop]
        kinds = []
        first = start
        for lasts, end in self.ends:
            if first < min(end, start + len(rows)):
                last = min(end, start + len(rows))
                kinds.append((lasts, slice(first - start, last - start)))
                first = last
        flat = rows.flatten()
        is_token = flat < self.tokens
        if is_token.all():
            return WindowPart(grid=self.grid, rows=flat, kinds=kinds, is_token=None, token_of=None)
        inside = flat[is_token]
        token_of = (is_token.cumsum(0) - 1).masked_fill(~is_token, len(inside))
        return WindowPart(grid=self.grid, rows=inside, kinds=kinds, is_token=is_token, token_of=token_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowPart:
    """Some windows of a map."""

    grid: WindowGrid
    rows: Tensor  # (n,) int64, where the tokens stand in the flattened map, without padding
    kinds: list[tuple[tuple[bool | None, ...], slice]]  # kinds of mask, as in `has_last`, and whose they are
    is_token: Tensor | None  # (windows * N,) bool, False on padding; None: there is none
    token_of: Tensor | None  # (windows * N,) int64 into the n tokens; n stands for padding


def _three(values: Sequence[int]) -> Sizes:
    first, second, third = values
    return first, second, third


@lru_cache(maxsize=16)
def _relative_positions(window: Sizes, size: int, device: torch.device) -> Tensor:
    """(size, size) int64: the table row of the offset between two tokens of a full window."""
    with torch.inference_mode(False):
        axes = torch.meshgrid(*(torch.arange(side, device=device) for side in window), indexing="ij")
        row = torch.zeros(size, size, dtype=torch.int64, device=device)
        for axis, side in zip(axes, window, strict=True):
            position = axis.flatten()[:size]
            row = row * (2 * side - 1) + (position[:, None] - position[None, :] + side - 1)
        return row


@lru_cache(maxsize=16)
def _separation(
    window: Sizes, shift: Sizes, lasts: tuple[bool | None, ...], device: torch.device
) -> Tensor | None:
    """(N, N) float: -100 between tokens that only rolling has brought into one window; None if nowhere."""
    if not any(lasts):
        return None
    with torch.inference_mode(False):
        axes = torch.meshgrid(*(torch.arange(side, device=device) for side in window), indexing="ij")
        side_of = torch.zeros(math.prod(window), dtype=torch.int64, device=device)
        for axis, side, step, last in zip(axes, window, shift, lasts, strict=True):
            rolled_in = axis.flatten() >= side - step
            side_of = side_of * 2 + (rolled_in if last else torch.zeros_like(rolled_in))
        return (side_of[:, None] != side_of[None, :]).float() * -100
