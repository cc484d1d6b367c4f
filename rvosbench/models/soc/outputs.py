"""What SOC's forward pass returns: predictions per decoder layer."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerOutput:
    """The heads' predictions from one decoder layer."""

    masks: Tensor  # (B, T, Q, h, w) logits at stride 4 of the padded canvas
    boxes: Tensor  # (B, T, Q, 4) centre x, centre y, width, height in [0, 1] of the un-padded frame
    classes: Tensor  # (B, T, Q, classes) logits
    clusters: Tensor  # (B, Q, C) video-level object embeddings, for the contrastive loss


@dataclass(frozen=True, kw_only=True, slots=True)
class SOCOutput:
    """Predictions of a batch. T counts the frames that were asked for."""

    layers: tuple[LayerOutput, ...]  # training: one per decoder layer; evaluation: only the answer's
    sentences: Tensor  # (B, C) the sentence embeddings of the contrastive loss

    @property
    def answer(self) -> LayerOutput:
        """The layer that the model answers with: the last one listed."""
        return self.layers[-1]
