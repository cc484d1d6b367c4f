"""The early fusion of SOC: words gate pixels, and pixels gate words."""

from __future__ import annotations

from torch import Tensor, nn

from rvosbench.models.soc.attention import Attention


class Gate(nn.Module):
    """Multiply every element of one sequence by what it attends to in another.

    A product, not a residual sum, and without a norm. Upstream uses one such module for all scales and
    lets a pixel look at the words of its clip, so pixels of all frames and scales may come in one call.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.attention = Attention(channels, heads)

    def forward(
        self, gated: Tensor, context: Tensor, positions: Tensor, context_is_padding: Tensor
    ) -> Tensor:
        """
        Args:
            gated: (B, N, C), or (1, N, C) to gate the same by B contexts.
            context: (B, M, C), or (1, M, C).
            positions: like `context`; they tell the keys apart, not the values.
            context_is_padding: (B, M) bool, or (1, M).

        Returns:
            (B, N, C).
        """
        visible = ~context_is_padding[:, None, None, :]
        attended: Tensor = self.attention(gated, context + positions, context, visible)
        return gated * attended
