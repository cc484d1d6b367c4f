"""The object cluster of SOC: objects of all frames, gathered into objects of the clip by the expression.

Upstream calls it VOC. The encoder knows neither time nor query positions; the decoder's slots start as
the sentence embedding of the expression.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.parameter import Parameter

from rvosbench.models.soc.attention import Attention
from rvosbench.models.soc.feedforward import FeedForward


class ObjectCluster(nn.Module):
    """The queries of all frames to one embedding per object of the clip."""

    def __init__(
        self,
        *,
        channels: int,
        heads: int,
        queries: int,
        encoder_layers: int,
        decoder_layers: int,
        feedforward: int,
        window: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.window = window
        self.encoder = nn.ModuleList(
            ClusterEncoderLayer(channels, heads, feedforward, dropout) for _ in range(encoder_layers)
        )
        self.query_positions = Parameter(torch.randn(queries, channels))  # of a frame's queries
        self.cluster_positions = Parameter(torch.randn(queries, channels))  # of the clip's slots
        self.decoder = nn.ModuleList(
            ClusterDecoderLayer(channels, heads, feedforward, dropout) for _ in range(decoder_layers)
        )
        self.norm = nn.LayerNorm(channels)

    def forward(self, objects: Tensor, sentences: Tensor) -> Tensor:
        """
        Args:
            objects: (N, T, Q, C), per frame.
            sentences: (N, C).

        Returns:
            (N, Q, C), per clip.
        """
        N, T, Q, C = objects.shape
        memory = objects.flatten(1, 2)
        for index, encoder_layer in enumerate(self.encoder):
            # Every second layer is shifted, so that windows meet, but only in evaluation; as upstream.
            shifted = index % 2 == 1 and not self.training
            memory = encoder_layer(memory, self._mask(T, Q, shifted, objects.device))
        keys = (memory.view(N, T, Q, C) + self.query_positions).flatten(1, 2)
        clusters = sentences.unsqueeze(1).expand(-1, len(self.cluster_positions), -1)
        for decoder_layer in self.decoder:
            clusters = decoder_layer(clusters, self.cluster_positions, keys, memory)
        normed: Tensor = self.norm(clusters)
        return normed

    def _mask(self, frames: int, queries: int, shifted: bool, device: torch.device) -> Tensor | None:
        """(T * Q, T * Q) bool, True within a window of frames; None where every frame sees every other."""
        if not self.window:
            return None
        position = torch.arange(frames, device=device)
        half = 0
        if shifted:
            half = -(-self.window // 2)
            # The frames are rolled forward; those that come around start a part of their own.
            position = (position + half) % (-(-frames // self.window) * self.window)
        part = (2 * (position // self.window) + (position < half)).repeat_interleave(queries)
        return part[:, None] == part[None, :]


class ClusterEncoderLayer(nn.Module):
    """Self-attention over the queries of all frames, and a perceptron."""

    def __init__(self, channels: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(channels, heads, dropout)
        self.attention_norm = nn.LayerNorm(channels)
        self.dropout = nn.Dropout(dropout)
        self.feedforward = FeedForward(channels, feedforward, dropout)

    def forward(self, objects: Tensor, mask: Tensor | None) -> Tensor:
        """(N, T * Q, C) to the same."""
        seen = self.attention(objects, objects, objects, mask)
        result: Tensor = self.feedforward(self.attention_norm(objects + self.dropout(seen)))
        return result


class ClusterDecoderLayer(nn.Module):
    """Slots look at the objects of all frames, then at one another."""

    def __init__(self, channels: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.cross_attention = Attention(channels, heads, dropout)
        self.cross_attention_norm = nn.LayerNorm(channels)
        self.self_attention = Attention(channels, heads, dropout)
        self.self_attention_norm = nn.LayerNorm(channels)
        self.dropout = nn.Dropout(dropout)
        self.feedforward = FeedForward(channels, feedforward, dropout)

    def forward(self, clusters: Tensor, positions: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Clusters (N, Q, C), positions (Q, C), keys and values (N, T * Q, C) to clusters."""
        read = self.cross_attention(clusters + positions, keys, values)
        clusters = self.cross_attention_norm(clusters + self.dropout(read))
        placed = clusters + positions
        seen = self.self_attention(placed, placed, clusters)
        clusters = self.self_attention_norm(clusters + self.dropout(seen))
        result: Tensor = self.feedforward(clusters)
        return result
