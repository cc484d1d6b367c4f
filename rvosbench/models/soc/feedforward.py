"""The small perceptrons that SOC's transformers and heads share."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from rvosbench.models.soc.parts import FLOATS_AT_ONCE, by_parts


class FeedForward(nn.Module):
    """A residual two-layer perceptron, normalised afterwards."""

    def __init__(self, channels: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.widen = nn.Linear(channels, hidden)
        self.narrow = nn.Linear(hidden, channels)
        self.norm = nn.LayerNorm(channels)
        self.dropout = nn.Dropout(dropout)
        for linear in (self.widen, self.narrow):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, features: Tensor) -> Tensor:
        """(..., C) to the same."""
        at_once = max(1, FLOATS_AT_ONCE // self.widen.out_features)
        return by_parts(self._refine, features.flatten(0, -2), at_once=at_once).view_as(features)

    def _refine(self, features: Tensor) -> Tensor:
        hidden = self.dropout(self.widen(features).relu_())
        normed: Tensor = self.norm(features + self.dropout(self.narrow(hidden)))
        return normed


class Perceptron(nn.Module):
    """Linear layers with ReLU between them."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(widths))
        for layer in self.layers:
            nn.init.xavier_uniform_(layer.weight)  # type: ignore[arg-type]
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    @property
    def last(self) -> nn.Linear:
        """The layer that gives the output."""
        layer = self.layers[-1]
        assert isinstance(layer, nn.Linear)
        return layer

    def forward(self, features: Tensor) -> Tensor:
        """(..., widths[0]) to (..., widths[-1])."""
        for layer in self.layers[:-1]:
            features = layer(features).relu_()
        output: Tensor = self.last(features)
        return output
