"""A model whose answers are drawn from the generators that everybody shares."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from rvosbench.types import Clip, Segmentation


class Drawing:
    """Noise, and a random score."""

    def segment(self, clip: Clip, expressions: Sequence[str], candidates: int = 1) -> Sequence[Segmentation]:
        _, H, W, _ = clip.frames.shape
        return [
            Segmentation(
                masks=np.random.random((1, len(clip.wanted), H, W)) > 0.5,
                scores=np.array([random.random()], np.float32),
            )
            for _ in expressions
        ]
