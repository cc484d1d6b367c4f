"""A label map into the run lengths of all its objects, in one pass.

Run lengths go down the columns. Where the label changes along them is looked up once for all objects; what
is left is work on a few thousand boundaries instead of a few hundred thousand pixels. The bytes are those of
`pycocotools` (tests/masks/test_label_runs.py).
"""

from __future__ import annotations

from dataclasses import dataclass

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
    height, width = labels.shape
    present = np.flatnonzero(np.bincount(runs.label))
    rles = {}
    for object_id in present[present > 0].tolist():
        mine = runs.label == object_id
        ends = np.stack([runs.start[mine], runs.stop[mine]], axis=1).ravel()
        if ends[-1] < labels.size:
            ends = np.append(ends, labels.size)
        rles[object_id] = Rle(height, width, _compressed(np.diff(ends, prepend=0)))
    return rles


def _compressed(counts: NDArray[np.int64]) -> bytes:
    """The lengths of alternating runs as COCO's compressed run lengths."""
    numbers = counts.copy()
    numbers[3:] -= counts[1:-2]  # from the fourth on, the difference to the run two before
    magnitude = np.where(numbers < 0, ~numbers, numbers)
    groups = np.searchsorted(_SIZES, magnitude, "right") + 1
    ends = np.cumsum(groups)
    first = ends - groups
    text = np.empty(int(ends[-1]), np.uint8)
    for group in range(int(groups.max())):
        longer = groups > group
        bits = (numbers[longer] >> (_BITS * group)) & 0x1F
        text[first[longer] + group] = bits + 48 + 0x20 * (groups[longer] > group + 1)
    return text.tobytes()
