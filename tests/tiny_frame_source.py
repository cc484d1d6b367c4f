"""Models that need no weights, and frames for them: for the tests of `rvosbench.inference.segment`."""

from __future__ import annotations

import av
import numpy as np
from PIL import Image

from rvosbench.types import Segmentation


class Recorder:
    """Answers with a rectangle that depends on the frame and the expression, and remembers the clips."""

    def __init__(self):
        self.clips = []

    def segment(self, clip, expressions, candidates=1):
        self.clips.append(clip)
        answers = []
        for number in range(len(expressions)):
            masks = np.stack([rectangle(clip.frame_indices[place], number) for place in clip.wanted])
            answers.append(Segmentation(masks=masks[None], scores=np.ones(1, np.float32)))
        return answers


def rectangle(frame, number, height=24, width=32):
    mask = np.zeros((height, width), np.bool_)
    mask[2 + frame : 8 + frame, 3 + 8 * number : 9 + 8 * number] = True
    return mask


class Failing(Recorder):
    def segment(self, clip, expressions, candidates=1):
        if self.clips:
            raise KeyboardInterrupt
        return super().segment(clip, expressions, candidates)


class LeftHalf:
    """Answers with the left half of any picture, to every expression."""

    def segment(self, clip, expressions, candidates=1):
        masks = np.zeros((1, len(clip.wanted), *clip.frames.shape[1:3]), np.bool_)
        masks[..., : (masks.shape[-1] + 1) // 2] = True
        return [Segmentation(masks=masks, scores=np.ones(1, np.float32)) for _ in expressions]


def shown(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def decoded(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def ten_frames(path):
    """A folder of ten grey pictures, named 00000, 00005 ..."""
    path.mkdir()
    for position in range(10):
        Image.fromarray(np.full((24, 32, 3), 10 * position, np.uint8)).save(path / f"{5 * position:05d}.png")
    return path
