"""The tiny model of `rvosbench.testing`, and one like it that breaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor

from rvosbench.plugins.model import Training
from rvosbench.testing.tiny_model import RECIPE, TINY, TinyNet, TinySegmenter, save
from rvosbench.types import Batch

__all__ = ["NOT_FINITE", "RECIPE", "TINY", "TinySegmenter"]


class NotFinite(TinySegmenter):
    """Its fourth batch has a loss that is not a number."""

    batches = 0

    def losses(self, batch: Batch) -> Mapping[str, Tensor]:
        self.batches += 1
        factor = float("nan") if self.batches == 4 else 1.0
        return {name: value * factor for name, value in super().losses(batch).items()}


NOT_FINITE = replace(
    TINY, training=Training(create=lambda dropout, seed: NotFinite(TinyNet(dropout)), save=save)
)
