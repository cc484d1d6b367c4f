"""Multi-head attention that never materialises the averaged weights nobody reads.

The parameters are laid out as in `torch.nn.MultiheadAttention`, so its weights load as they are.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.parameter import Parameter


class Attention(nn.Module):
    """Scaled dot-product attention between two sequences, batch first."""

    def __init__(self, channels: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout  # on the attention weights
        self.in_proj_weight = Parameter(torch.empty(3 * channels, channels))
        self.in_proj_bias = Parameter(torch.zeros(3 * channels))
        self.out_proj = nn.Linear(channels, channels)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.xavier_uniform_(self.out_proj.weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None = None) -> Tensor:
        """
        Args:
            queries: (B, N, C), or (1, N, C) to ask every clip the same.
            keys: (B, M, C), or (1, M, C).
            values: (B, M, C), or (1, M, C).
            mask: bool, True where a query may look, or float added to the scores; broadcasts to
                (B, heads, N, M).

        Returns:
            (B, N, C).
        """
        to_queries, to_keys, to_values = self.in_proj_weight.chunk(3)
        query_bias, key_bias, value_bias = self.in_proj_bias.chunk(3)
        q = self._heads(F.linear(queries, to_queries, query_bias))
        k = self._heads(F.linear(keys, to_keys, key_bias))
        v = self._heads(F.linear(values, to_values, value_bias))
        batch = max(q.shape[0], k.shape[0], v.shape[0])
        q, k, v = (part.expand(batch, -1, -1, -1) for part in (q, k, v))
        dropout = self.dropout if self.training else 0.0
        attended: Tensor = self.out_proj(attend(q, k, v, mask, dropout).transpose(1, 2).flatten(2))
        return attended

    def _heads(self, sequence: Tensor) -> Tensor:
        """(B, N, C) to (B, heads, N, C / heads)."""
        return sequence.view(*sequence.shape[:2], self.heads, -1).transpose(1, 2)


def attend(
    queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None = None, dropout: float = 0.0
) -> Tensor:
    """Scaled dot-product attention over (B, heads, N, C), (B, heads, M, C) and (B, heads, M, C).

    The mask is as in `Attention`.
    """
    if mask is None or not mask.requires_grad or mask.is_cuda:
        return F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask, dropout_p=dropout)
    # On a CPU no fused kernel takes a mask that learns, and PyTorch's own way round is slower than this.
    scores = (queries * queries.shape[-1] ** -0.5) @ keys.transpose(-1, -2)
    scores += mask
    return F.dropout(scores.softmax(-1), dropout) @ values
