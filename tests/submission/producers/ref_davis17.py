"""Ref-DAVIS17 in small: four expressions for each object, numbered 4 i + k, frames counted from 0."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from rvosbench.store import Store
from rvosbench.types import Frame, Video
from tests.submission.producers.scene import Answers, Track, truth, videos
from tests.tiny_run import expressions
from tests.tiny_store import write_store


def sequences() -> list[Video]:
    """The videos of the scene, asked as annotators of Ref-DAVIS17 do."""
    return [
        replace(
            each,
            frames=tuple(
                Frame(name=f"{n:05d}", annotated=True, path=None, encoded=frame.encoded)
                for n, frame in enumerate(each.frames)
            ),
            expressions=expressions(each.video_id, (1, 2)),
        )
        for each in videos()
    ]


def ref_davis17(folder: Path) -> Store:
    return write_store(folder, sequences())


def answers() -> Answers:
    """Expression 4 i + k: object i + 1, the further off the larger k is; blue never meets red."""
    made: dict[str, dict[str, Track]] = {}
    for each in sequences():
        tracks = made[each.video_id] = {}
        for i, k in np.ndindex(2, 4):
            tracks[str(4 * i + k)] = np.roll(truth(each.video_id, (i + 1,)), k, axis=2)
        for k in range(4):
            tracks[f"{4 + k}"] &= ~tracks[str(k)]
    return made


MEANT = {str(4 * i + k): (i + 1,) for i, k in np.ndindex(2, 4)}
"""Expression -> its objects."""
