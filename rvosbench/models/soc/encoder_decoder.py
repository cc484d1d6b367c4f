"""Deformable encoder over the fused pixels, and the decoder that finds objects frame by frame.

Source: Zhu et al., "Deformable DETR", ICLR 2021, with iterative box refinement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.parameter import Parameter

from rvosbench.models.soc.attention import Attention
from rvosbench.models.soc.deformable_attention import DeformableAttention, Shapes
from rvosbench.models.soc.feedforward import FeedForward, Perceptron


@dataclass(frozen=True, kw_only=True, slots=True)
class Geometry:
    """Where the pixels of all scales lie. The same for all frames of a clip."""

    shapes: tuple[tuple[int, int], ...]  # (height, width) per scale, the finest first
    is_padding: Tensor  # (B, S) bool
    positions: Tensor  # (B, S, C)
    ratios: Tensor  # (B, scales, 2) share of the padded map that is image, x and y
    centres: Tensor  # (B, S, 2) of the pixels, x and y in [0, 1] of the un-padded map


class DeformableEncoder(nn.Module):
    """Let the pixels of all scales read from one another, frame by frame."""

    def __init__(
        self,
        *,
        channels: int,
        heads: int,
        scales: int,
        points: int,
        layers: int,
        feedforward: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.scales = Parameter(torch.randn(scales, channels))
        self.layers = nn.ModuleList(
            EncoderLayer(DeformableAttention(channels, heads, scales, points), channels, feedforward, dropout)
            for _ in range(layers)
        )

    def forward(self, pixels: Tensor, geometry: Geometry) -> Tensor:
        """(B, T, S, C) to the same. The geometry may be that of one clip for all B."""
        counts = torch.tensor([height * width for height, width in geometry.shapes], device=pixels.device)
        scale_of = torch.repeat_interleave(counts, output_size=pixels.shape[2])
        positions = (geometry.positions + self.scales[scale_of]).unsqueeze(1)
        references = geometry.centres[:, :, None, :] * geometry.ratios[:, None]
        for layer in self.layers:
            pixels = layer(
                pixels, positions, references.unsqueeze(1), geometry.shapes, geometry.is_padding.unsqueeze(1)
            )
        return pixels


class EncoderLayer(nn.Module):
    """Deformable self-attention and a perceptron."""

    def __init__(
        self, attention: DeformableAttention, channels: int, feedforward: int, dropout: float
    ) -> None:
        super().__init__()
        self.attention = attention
        self.attention_norm = nn.LayerNorm(channels)
        self.dropout = nn.Dropout(dropout)
        self.feedforward = FeedForward(channels, feedforward, dropout)

    def forward(
        self, pixels: Tensor, positions: Tensor, references: Tensor, shapes: Shapes, is_padding: Tensor
    ) -> Tensor:
        """(B, T, S, C) to the same."""
        read = self.attention(pixels + positions, references, pixels, shapes, is_padding)
        refined: Tensor = self.feedforward(self.attention_norm(pixels + self.dropout(read)))
        return refined


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """What the decoder knows about the objects of each frame, per layer."""

    objects: list[Tensor]  # (B, T, Q, C)
    starts: list[
        Tensor
    ]  # (B or 1, T or 1, Q, 2 or 4) in [0, 1] of the un-padded frame; boxes are relative to these
    boxes: list[Tensor]  # (B, T, Q, 4), refined, detached; the masks are relative to their centres

    @classmethod
    def joined(cls, parts: Sequence[Decoded]) -> Decoded:
        """One of all frames from those of some, in order."""
        objects, boxes = (
            [torch.cat(layer, 1) for layer in zip(*lists, strict=True)]
            for lists in ([part.objects for part in parts], [part.boxes for part in parts])
        )
        # The first start is that of every frame; the others are the boxes of the layer before.
        return cls(objects=objects, starts=[parts[0].starts[0], *boxes[:-1]], boxes=boxes)


class DeformableDecoder(nn.Module):
    """Let the object queries of a frame look at one another and at the frame's pixels."""

    def __init__(
        self,
        *,
        channels: int,
        heads: int,
        scales: int,
        points: int,
        layers: int,
        queries: int,
        feedforward: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.queries = Parameter(torch.randn(queries, channels))
        self.reference_points = nn.Linear(channels, 2)
        self.layers = nn.ModuleList(
            DecoderLayer(channels, heads, scales, points, feedforward, dropout) for _ in range(layers)
        )
        heads_of_boxes = [Perceptron([channels, channels, channels, 4]) for _ in range(layers)]
        self.box_heads = nn.ModuleList(heads_of_boxes)
        nn.init.xavier_uniform_(self.reference_points.weight)
        nn.init.zeros_(self.reference_points.bias)
        # Boxes start at the reference with an eighth of the frame's sides, and later layers keep them.
        for head in heads_of_boxes:
            nn.init.zeros_(head.last.weight)
            nn.init.zeros_(head.last.bias)
        nn.init.constant_(heads_of_boxes[0].last.bias[2:], -2.0)

    def forward(self, memory: Tensor, geometry: Geometry) -> Decoded:
        """Memory (B, T, S, C) of the encoder. The geometry may be that of one clip for all B."""
        B, T, _, C = memory.shape
        ratios = geometry.ratios[:, None, None]  # (B, 1, 1, scales, 2)
        is_padding = geometry.is_padding.unsqueeze(1)
        start = self.reference_points(self.queries).sigmoid()[None, None]
        objects = memory.new_zeros(B, T, len(self.queries), C)
        decoded = Decoded(objects=[], starts=[], boxes=[])
        for layer, box_head in zip(self.layers, self.box_heads, strict=True):
            scale = ratios if start.shape[-1] == 2 else torch.cat([ratios, ratios], -1)
            references = start.unsqueeze(-2) * scale
            objects = layer(objects, self.queries, references, memory, geometry.shapes, is_padding)
            box = refined(start, box_head(objects)).detach()
            decoded.objects.append(objects)
            decoded.starts.append(start)
            decoded.boxes.append(box)
            start = box
        return decoded


class DecoderLayer(nn.Module):
    """Self-attention among the queries of a frame, deformable attention to its pixels, a perceptron."""

    def __init__(
        self, channels: int, heads: int, scales: int, points: int, feedforward: int, dropout: float
    ) -> None:
        super().__init__()
        self.self_attention = Attention(channels, heads, dropout)
        self.self_attention_norm = nn.LayerNorm(channels)
        self.cross_attention = DeformableAttention(channels, heads, scales, points)
        self.cross_attention_norm = nn.LayerNorm(channels)
        self.dropout = nn.Dropout(dropout)
        self.feedforward = FeedForward(channels, feedforward, dropout)

    def forward(
        self,
        objects: Tensor,
        positions: Tensor,
        references: Tensor,
        memory: Tensor,
        shapes: Shapes,
        is_padding: Tensor,
    ) -> Tensor:
        """Objects (B, T, Q, C) with positions (Q, C) to refined objects."""
        flat = objects.flatten(0, 1)
        placed = flat + positions
        seen = self.self_attention(placed, placed, flat).view_as(objects)
        objects = self.self_attention_norm(objects + self.dropout(seen))
        read = self.cross_attention(objects + positions, references, memory, shapes, is_padding)
        objects = self.cross_attention_norm(objects + self.dropout(read))
        result: Tensor = self.feedforward(objects)
        return result


def refined(start: Tensor, change: Tensor) -> Tensor:
    """Boxes in [0, 1] from a start (..., 2 or 4) in [0, 1] and a change (..., 4) of its logits.

    A start without width and height counts as one half of the frame for them.
    """
    start, change = start.float().clamp(0, 1), change.float()
    logits = torch.log(start.clamp(min=1e-5) / (1 - start).clamp(min=1e-5))
    if start.shape[-1] == 2:
        return torch.cat([change[..., :2] + logits, change[..., 2:]], -1).sigmoid()
    return (change + logits).sigmoid()
