"""A store of several videos and a model with opinions, for tests about parts of runs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rvosbench.plugins.model import ModelSpec
from rvosbench.types import Clip, Segmentation
from tests.tiny_store import lone_square, square, two_squares, video, write_store

COUNT = 7


def store_of_seven(folder: Path) -> Path:
    """Videos of different sizes, one of which nobody asks about."""
    videos = [two_squares(f"v{number}") for number in range(COUNT - 2)]
    videos.append(lone_square("w0"))
    videos.append(video("x0", "train", {0: {n: square(n) for n in range(4)}}, {}, frames=4))
    write_store(folder, videos)
    return folder


class Opinions:
    """Five ranked candidates that depend on the video and the expression alone; scores are often equal."""

    def segment(self, clip: Clip, expressions: Sequence[str], candidates: int = 1) -> Sequence[Segmentation]:
        answers = []
        for text in expressions:
            key = hashlib.sha256(f"{clip.video_id}/{text}".encode()).digest()
            rng = np.random.default_rng(int.from_bytes(key[:4], "big"))
            frames = clip.frames[list(clip.wanted)].astype(int)
            red = frames[..., 0] - frames[..., 1] > 50
            masks = np.stack([np.roll(red, int(rng.integers(0, 6)), axis=2) for _ in range(candidates)])
            scores = np.sort(rng.integers(0, 4, candidates) / 4)[::-1].astype(np.float32)
            answers.append(Segmentation(masks=masks, scores=scores))
        return answers


OPINIONS = ModelSpec(
    summary="colours", load=lambda checkpoint, request: Opinions(), candidates=lambda model: 5
)
