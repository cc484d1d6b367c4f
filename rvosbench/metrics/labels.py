"""Which objects DAVIS counts: the numbers from 1 to the largest label of the first annotated frame.

A number in between that is on no pixel there counts too, as an object that is (as yet) nowhere: 1 in every
frame in which nobody claims to see it. An object that enters later under a higher number is ignored.

Source: `get_all_masks` in davis2017/davis.py of davis2017-evaluation.
"""

from __future__ import annotations

from rvosbench.types import VOID, Video

_LARGEST = (
    254  # of a label map; 255 is void. Ids beyond number the objects of a whole dataset, not of a video
)


def counted_ids(video: Video) -> tuple[int, ...]:
    """The ids of the objects that count, ascending; none where the first annotated frame shows no object."""
    ids = _object_ids(video)
    first = next((index for index, frame in enumerate(video.frames) if frame.annotated), None)
    largest = max((object_id for object_id in ids if (object_id, first) in video.masks), default=0)
    between = range(1, largest if largest <= _LARGEST else 0)
    return tuple(sorted({object_id for object_id in ids if object_id <= largest}.union(between)))


def label_ids(video: Video) -> tuple[int, ...]:
    """The labels that an answer may hold, ascending: the objects of the video, and what counts besides."""
    return tuple(sorted({*_object_ids(video), *counted_ids(video)}))


def _object_ids(video: Video) -> list[int]:
    return [obj.object_id for obj in video.objects if obj.category != VOID]
