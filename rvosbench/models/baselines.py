"""The floors that every table should show: answers that need no pixels, no language, or neither.

A benchmark number means little without them: `everything` shows what the size of the objects gives away,
`centre` what photographers do, `random-object` what perfect masks are worth without reading the expression.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rvosbench.errors import ScoreError
from rvosbench.plugins.model import ModelSpec, Trait
from rvosbench.types import Clip, Segmentation

Answer = Callable[[Clip, int, int], NDArray[np.bool_]]
"""(clip, position of the expression, seed) -> (K, H, W) bool."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A `Segmenter` whose single answer is a function of the clip, not of the expression."""

    answer: Answer
    seed: int

    def segment(self, clip: Clip, expressions: Sequence[str], candidates: int = 1) -> Sequence[Segmentation]:
        """One candidate per expression, with score 1."""
        return [
            Segmentation(
                masks=self.answer(clip, position, self.seed)[None], scores=np.ones(1, dtype=np.float32)
            )
            for position in range(len(expressions))
        ]


def _spec(summary: str, answer: Answer, *traits: Trait) -> ModelSpec:
    """There is nothing to read, and no device to use."""
    return ModelSpec(
        summary=summary,
        load=lambda checkpoint, request: Baseline(answer, request.seed),
        traits=frozenset({Trait.LANGUAGE_BLIND, *traits}),
    )


def _nothing(clip: Clip, position: int, seed: int) -> NDArray[np.bool_]:
    _, H, W, _ = clip.frames.shape
    return np.zeros((len(clip.wanted), H, W), np.bool_)


def _everything(clip: Clip, position: int, seed: int) -> NDArray[np.bool_]:
    return ~_nothing(clip, position, seed)


def _centre(clip: Clip, position: int, seed: int) -> NDArray[np.bool_]:
    """A rectangle of half the height and half the width, rounded down at each side."""
    masks = _nothing(clip, position, seed)
    _, H, W = masks.shape
    masks[:, H // 4 : H - H // 4, W // 4 : W - W // 4] = True
    return masks


def _random_object(clip: Clip, position: int, seed: int) -> NDArray[np.bool_]:
    """The true masks of one object, drawn from (seed, video, position of the expression) alone."""
    if clip.objects is None:
        raise ScoreError(
            f"random-object needs the ground-truth objects of {clip.video_id}, the clip has none; it works "
            "on stores with annotations only"
        )
    if not len(clip.objects):
        return _nothing(clip, position, seed)
    key = f"{seed}/{clip.video_id}/{position}".encode()
    drawn = int.from_bytes(hashlib.sha256(key).digest()[:8], "big") % len(clip.objects)
    chosen: NDArray[np.bool_] = clip.objects[drawn]
    return chosen


NOTHING = _spec("floor: an empty mask in every frame", _nothing, Trait.EMPTY_ANSWERS)
EVERYTHING = _spec("floor: the whole frame, always", _everything)
CENTRE = _spec("floor: a centred rectangle of a quarter of the frame", _centre)
RANDOM_OBJECT = _spec(
    "floor, oracle: the true masks of a random object",
    _random_object,
    Trait.ORACLE,
)
