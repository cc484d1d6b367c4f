"""Ground truth that a source promises for every frame and has for some: counted, said, and never guessed.

A frame without masks is not annotated, so such a video would be scored on the frames that are left, and its
number would stand beside those of whole videos as if it were one of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NoReturn

from rvosbench.errors import FormatError
from rvosbench.files.text import shown, some
from rvosbench.types import Video

KEY = "partly_annotated"
"""In dataset.json, only where masks are missing: split -> video -> [frames with masks, all frames]."""

Counts = Mapping[str, tuple[int, int]]
"""Video -> (frames that have their masks, frames that should have them), of videos that lack some."""


def counts_from_manifest(manifest: Mapping[str, object], split: str) -> dict[str, tuple[int, int]]:
    """The videos of a split that lack masks; none for a whole store, and for one from before.

    Raises:
        FormatError: the manifest says something else under `KEY`.
    """
    splits = manifest.get(KEY, {})
    if not isinstance(splits, dict):
        _refuse(splits)
    videos = splits.get(split, {})
    if not isinstance(videos, dict):
        _refuse(videos)
    counts = {}
    for video_id, value in sorted(videos.items()):
        if not (isinstance(value, list) and len(value) == 2 and all(type(n) is int for n in value)):
            _refuse(value)
        if not 0 <= value[0] < value[1]:
            _refuse(value)
        counts[video_id] = (value[0], value[1])
    return counts


def frames_with_masks(video: Video) -> int:
    """How many frames say where the objects are.

    The file with the first masks of each object also goes around with black pictures for all other frames:
    where each object of a video is drawn in one frame, a black picture does not say that it has gone.
    """
    annotated = sum(frame.annotated for frame in video.frames)
    drawn = Counter(object_id for object_id, _ in video.masks)
    if annotated > 2 and drawn and max(drawn.values()) == 1:
        return len({position for _, position in video.masks})
    return annotated


def _refuse(value: object) -> NoReturn:
    raise FormatError(
        f"the manifest's {KEY} holds {shown(value)}, expected split -> video -> [frames with masks, frames "
        "that should have them]; prepare the store again"
    )


def say(counts: Counts, *, frames: tuple[int, int] | None = None, videos: int | None = None) -> str:
    """What is there and what is not, as the end of a sentence that begins with whose masks they are.

    Args:
        counts: the videos that lack masks.
        frames: of all videos with a promise; without it, of those that lack some.
        videos: how many have a promise.

    Example:
        >>> say({"a": (1, 4), "b": (0, 2)}, videos=5)
        'masks of 1 of 6 frames; 2 of 5 videos lack some (a 1 of 4, b 0 of 2)'
    """
    have, promised = frames or (sum(n for n, _ in counts.values()), sum(n for _, n in counts.values()))
    listed = some((f"{video_id} {n} of {of}" for video_id, (n, of) in sorted(counts.items())), in_order=False)
    of_all = "" if videos is None else f" of {videos:,}"
    lack = "video lacks" if len(counts) == 1 and videos is None else "videos lack"
    return f"masks of {have:,} of {promised:,} frames; {len(counts):,}{of_all} {lack} some ({listed})"
