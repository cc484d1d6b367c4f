"""A stored video as the clip that a model is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rvosbench import masks
from rvosbench.media.frames import open_frames
from rvosbench.types import VOID, Clip, Video


def whole_video(video: Video, release: Path, *, with_objects: bool = False) -> Clip:
    """All frames of a video; an answer is wanted for the annotated ones.

    Where the ground truth is hidden it is wanted for all frames, as the public servers want it.

    Args:
        video: of a store.
        release: the folder that holds the frames of a store without pixels.
        with_objects: also give the ground truth, for an oracle.

    Raises:
        MissingPathError: a frame is gone.
        DatasetError: a frame cannot be read, or has another size than its video.
    """
    indices = tuple(range(len(video.frames)))
    annotated = tuple(index for index in indices if video.frames[index].annotated)
    hidden = any(expression.object_ids is None for expression in video.expressions)
    with open_frames(video, release) as reader:
        clip = Clip(
            video_id=video.video_id,
            frames=reader.read(indices),
            frame_indices=indices,
            wanted=indices if hidden or not annotated else annotated,
        )
    return replace(clip, objects=_objects(video, clip.wanted)) if with_objects else clip


def _objects(video: Video, frames: Sequence[int]) -> NDArray[np.bool_]:
    """The ground truth of all objects, (N, K, H, W); what is marked as void is none."""
    objects = [entry.object_id for entry in video.objects if entry.category != VOID]
    drawn = np.zeros((len(objects), len(frames), video.height, video.width), np.bool_)
    for row, object_id in enumerate(objects):
        for column, frame in enumerate(frames):
            rle = video.masks.get((object_id, frame))
            if rle is not None:
                drawn[row, column] = masks.decode(rle)
    return drawn
