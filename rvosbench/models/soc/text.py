"""From an expression to word features: text normalisation, RoBERTa and its projection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """Expressions as the visual half sees them."""

    features: Tensor  # (B, L, C)
    positions: Tensor  # (B, L, C)
    is_padding: Tensor  # (B, L) bool
    sentences: Tensor  # (B, C)


def normalise_text(expression: str) -> str:
    r"""Lower case, single spaces: what the published models were trained on.

    Example:
        >>> normalise_text("  The RED\tcar ")
        'the red car'
    """
    return " ".join(expression.lower().split())


def tokenise(tokenizer: Any, expressions: Sequence[str], longest: int) -> tuple[Tensor, Tensor]:
    """Token ids and which of them are padding, both (B, L), padded to the longest.

    Args:
        tokenizer: a tokenizer of transformers.
        expressions: B, as released.
        longest: tokens that the text encoder can tell apart; longer expressions lose their end.
    """
    tokens = tokenizer(
        [normalise_text(expression) for expression in expressions],
        padding="longest",
        truncation=True,
        max_length=longest,
        return_tensors="pt",
    )
    return tokens["input_ids"], tokens["attention_mask"] == 0


class TextProjection(nn.Module):
    """From the text encoder's width to SOC's."""

    def __init__(self, text_channels: int, channels: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(text_channels, channels)
        self.norm = nn.LayerNorm(channels, eps=1e-12)
        self.dropout = nn.Dropout(dropout)
        nn.init.xavier_uniform_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, features: Tensor) -> Tensor:
        """(..., text channels) to (..., C)."""
        projected: Tensor = self.dropout(self.norm(self.linear(features)))
        return projected


def word_mean(features: Tensor, is_padding: Tensor) -> Tensor:
    """(B, L, C) to (B, C): the mean over the words that are not padding."""
    is_word = (~is_padding).to(features.dtype)
    return torch.einsum("blc,bl->bc", features, is_word) / is_word.sum(1, keepdim=True)
