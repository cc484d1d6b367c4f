"""Answers of a video -> the files that a zip holds of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.plugins.protocol import ANNOTATORS
from rvosbench.runs.predictions import Prediction
from rvosbench.submission.merge import share_pixels
from rvosbench.submission.servers.answers import Tracks
from rvosbench.submission.servers.server import Layout
from rvosbench.types import Video

LARGEST_LABEL = 254  # DAVIS and YouTube-VOS mark with 255 what is to be ignored


def pictures(video: Video, tracks: Tracks, layout: Layout) -> Iterator[tuple[str, bytes]]:
    """The name and the content of every file of a video.

    Args:
        video: the video.
        tracks: its answers, see `rvosbench.submission.servers.answers.best_answers`.
        layout: with pictures as its content.

    Raises:
        ScoreError: an object id does not fit into a label map.
    """
    if layout.content == "binary":
        for name, slot in layout.slots(video):
            yield name, masks.encode_binary_png(masks.decode(tracks[slot.track][slot.frame].mask))
        return
    for annotator in ANNOTATORS if layout.unit == "annotator" else ("",):
        mine = {_label(video, key): track for key, track in tracks.items() if key.startswith(annotator)}
        for index, frame in enumerate(video.frames):
            labels = np.zeros((video.height, video.width), np.uint8)
            claims = [track[index] for track in mine.values()]
            shared = share_pixels([row.mask for row in claims], [row.score for row in claims])
            for label, mask in zip(mine, shared, strict=True):
                labels[masks.decode(mask)] = label
            yield layout.path(video.video_id, annotator, frame.name), masks.encode_index_png(labels)


def overlapping_frames(tracks: Tracks, layout: Layout) -> int:
    """How many label maps had to share out pixels that several objects claim."""
    if layout.content != "labels" or layout.unit != "object" or not tracks:
        return 0
    return sum(_overlap(rows) for rows in zip(*tracks.values(), strict=True))


def _overlap(rows: Sequence[Prediction]) -> bool:
    claims = [row.mask for row in rows]
    together = masks.union(claims, claims[0].height, claims[0].width)
    return masks.area(together) != sum(masks.area(claim) for claim in claims)


def _label(video: Video, key: str) -> int:
    label = int(key.rpartition("/")[2])
    if not 1 <= label <= LARGEST_LABEL:
        raise ScoreError(
            f"video {video.video_id} has an object {label}; a label map holds 1 to {LARGEST_LABEL}, 0 is the "
            "background: number the objects from 1"
        )
    return label
