"""A label map into the run lengths of all its objects, in one pass.

Run lengths go down the columns. Where the label changes along them is looked up once for all objects; what
is left is work on a few thousand boundaries instead of a few hundred thousand pixels. The bytes are those of
`pycocotools` (tests/masks/test_label_runs.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from rvosbench.errors import ShapeError
from rvosbench.types import Rle

_BITS = 5  # of a number in one byte; the next bit says that it goes on
_SIZES = tuple(1 << (_BITS * groups - 1) for groups in range(1, 7))  # where a number needs one byte more


@dataclass(frozen=True, slots=True)
class LabelRuns:
    """Stretches of one label, column-major: pixel x * height + y. `R` of them, without gaps."""

    start: NDArray[np.int64]  # (R,) first pixel
    stop: NDArray[np.int64]  # (R,) one past the last pixel
    label: NDArray[np.uint8]  # (R,) unlike that of the run before


def label_runs(labels: NDArray[np.uint8]) -> LabelRuns:
    """The runs of a label map.

    Args:
        labels: (H, W) uint8, not empty.

    Raises:
        ShapeError: `labels` has another type or shape.
    """
    if labels.ndim != 2 or labels.dtype != np.uint8 or not labels.size:
        raise ShapeError(f"a label map must be (height, width) uint8, got {labels.shape} {labels.dtype}")
    columns = cv2.transpose(np.ascontiguousarray(labels)).ravel()  # by OpenCV: faster than numpy
    changes = np.flatnonzero(columns[1:] != columns[:-1]) + 1
    start = np.concatenate(([0], changes))
    return LabelRuns(start, np.append(changes, columns.size), np.asarray(columns[start], np.uint8))


def split_labels(labels: NDArray[np.uint8]) -> dict[int, Rle]:
    """The mask of every object in a label map.

    Args:
        labels: (H, W) uint8 object ids, 0 is background; not empty.

    Returns:
        Object id -> mask, ascending, without the background.

    Raises:
        ShapeError: `labels` has another type or shape.

    Example:
        >>> found = split_labels(np.array([[0, 1], [7, 1]], np.uint8))
        >>> {object_id: rle.counts for object_id, rle in found.items()}
        {1: b'22', 7: b'112'}
    """
    runs = label_runs(labels)
    present = np.flatnonzero(np.bincount(runs.label))
    object_ids = present[present > 0].astype(np.uint8)
    # A run of no pixels behind the last one ends the last background of each object.
    label = np.concatenate((runs.label, object_ids))
    order = np.argsort(label, kind="stable")[np.count_nonzero(runs.label == 0) :]
    past = np.full(len(object_ids), labels.size)
    start = np.concatenate((runs.start, past))[order]
    stop = np.concatenate((runs.stop, past))[order]
    last = np.flatnonzero(start == labels.size)  # of each object
    before = np.empty_like(start)  # where the background before a run starts
    before[1:] = stop[:-1]
    before[:1] = 0
    before[last[:-1] + 1] = 0
    counts = np.stack((start - before, stop - start), axis=1)
    needed = np.ones(counts.shape, np.bool_)
    needed[last, 0] = counts[last, 0] > 0
    needed[last, 1] = False
    numbers_before = np.cumsum(needed.sum(axis=1))[last]  # the end of the numbers of each object
    texts = _compressed(counts[needed], numbers_before)
    height, width = labels.shape
    return {
        int(object_id): Rle(height, width, text) for object_id, text in zip(object_ids, texts, strict=True)
    }


def _compressed(counts: NDArray[np.int64], ends: NDArray[np.int64]) -> list[bytes]:
    """The lengths of alternating runs as COCO's compressed run lengths, of several masks at once.

    Args:
        counts: (N,) lengths, those of one mask after those of another.
        ends: (K,) where the lengths of each mask end.
    """
    if not len(ends):
        return []
    numbers = counts.copy()
    numbers[2:] -= counts[:-2]  # from the fourth on, the difference to the run two before
    firsts = np.concatenate(([0], ends[:-1]))
    for offset in range(3):
        leading = (firsts + offset)[firsts + offset < ends]
        numbers[leading] = counts[leading]
    groups = np.ones(len(numbers), np.int64)
    magnitude = numbers ^ (numbers >> 63)  # of a negative number, all bits are turned
    largest = int(magnitude.max())
    for size in _SIZES:
        if largest >= size:
            groups += magnitude >= size
    text_ends = np.cumsum(groups)
    first = text_ends - groups
    text = np.empty(int(text_ends[-1]), np.uint8)
    for group in range(int(groups.max())):
        longer = groups > group if group else slice(None)
        bits = (numbers[longer] >> (_BITS * group)) & 0x1F
        text[first[longer] + group] = bits + 48 + 0x20 * (groups[longer] > group + 1)
    whole = text.tobytes()
    bounds = [0, *text_ends[ends - 1].tolist()]
    return [whole[begin:end] for begin, end in pairwise(bounds)]
