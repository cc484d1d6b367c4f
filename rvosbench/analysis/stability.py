"""Temporal stability: does a mask keep its shape from frame to frame, or does it flicker?

The stability of two consecutive masks is their IoU after the motion of the centroid is taken out, in whole
pixels. Of a steady mask that moves it is 1, however fast it moves; where a mask comes or goes it is 0; where
nothing is there twice it is 1. What an object itself does (it turns, comes nearer, is hidden, leaves the
frame) lowers it too, so an answer's stability means something beside that of the true object in the
same frames: below, the answer flickers more than the object changes; above, it changes less.

It is no measure of quality: the same blob in every frame is perfectly stable. And it depends on how far
frames are apart, so only numbers of one dataset under one protocol belong beside each other.

The idea is that of the temporal stability T of DAVIS 2016 (Perazzi et al., CVPR 2016), which
matches the contours of neighbouring frames by shape contexts, so that motion costs nothing and changes of
shape do; this one is exact, needs no matching and works on run lengths alone. Varghese et al., "Unsupervised
Temporal Consistency Metric for Video Segmentation in Highly-Automated Driving", CVPRW 2020, take motion out
by optical flow, which needs the pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rvosbench.errors import MaskSizeError
from rvosbench.masks.run_lengths import foreground_runs
from rvosbench.types import Rle

Ints = NDArray[np.int64]

_AT_ONCE = 256  # masks; what they take fits a processor's cache


def track_stability(masks: Sequence[Rle]) -> NDArray[np.float64]:
    """The stability of every pair of consecutive masks of a track; their mean is that of the track.

    Args:
        masks: T masks of one size, in time.

    Returns:
        (T - 1,) in [0, 1]; empty for fewer than two masks.

    Raises:
        MaskSizeError: the sizes differ.
        ScoreError: run lengths are broken.

    Example:
        A square that moves right by 3 px, and then is not found:

        >>> from rvosbench.masks import encode
        >>> masks = np.zeros((3, 8, 12), dtype=bool)
        >>> masks[0, 2:6, 4:8] = masks[1, 2:6, 7:11] = True
        >>> track_stability([encode(mask) for mask in masks])
        array([1., 0.])
    """
    sizes = {(rle.height, rle.width) for rle in masks}
    if len(sizes) > 1:
        raise MaskSizeError(f"the masks of a track are {sorted(sizes)} (height, width); expected one size")
    if len(masks) < 2:
        return np.zeros(0)
    ((height, width),) = sizes
    owner, column, top, bottom = _strokes(masks, height)
    count = len(masks)
    length = bottom - top
    area = _sums(owner, length, count)
    centre_x = _centres(_sums(owner, 2 * column * length, count), area)
    centre_y = _centres(_sums(owner, (top + bottom - 1) * length, count), area)
    move_x, move_y = _steps(centre_x), _steps(centre_y)

    # All strokes of all pairs on one line, a stretch of it per pair, with room for a shift in each direction.
    per_column, per_pair = 3 * height, 9 * height * width
    is_before, is_after = owner < count - 1, owner > 0
    pair = owner[is_before]
    start = pair * per_pair + (column[is_before] + move_x[pair] + width) * per_column
    start += top[is_before] + move_y[pair] + height
    before = start, start + length[is_before]
    pair = owner[is_after] - 1
    start = pair * per_pair + (column[is_after] + width) * per_column + top[is_after] + height
    shared = _covered(before, start + length[is_after]) - _covered(before, start)
    both = _sums(pair, shared, count - 1)
    union = area[:-1] + area[1:] - both
    stability: NDArray[np.float64] = np.ones(count - 1)
    np.divide(both, union, out=stability, where=union > 0)
    return stability


def track_stabilities(tracks: Sequence[Sequence[Rle]]) -> list[NDArray[np.float64]]:
    """`track_stability` of several tracks of one video, with fewer and larger steps.

    Args:
        tracks: of masks of one size; their lengths may differ.

    Raises:
        MaskSizeError: the sizes differ.
        ScoreError: run lengths are broken.
    """
    stabilities: list[NDArray[np.float64]] = []
    for start, stop in _batches([len(track) for track in tracks]):
        joined = track_stability([mask for track in tracks[start:stop] for mask in track])
        first = 0
        for track in tracks[start:stop]:
            # The pair of a track's last mask and the next one's first is nobody's.
            stabilities.append(joined[first : first + max(0, len(track) - 1)])
            first += len(track)
    return stabilities


def _batches(lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Neighbours with `_AT_ONCE` masks together, or a single track of more."""
    start = masks = 0
    for number, length in enumerate(lengths):
        if number > start and masks + length > _AT_ONCE:
            yield start, number
            start = number
            masks = 0
        masks += length
    if start < len(lengths):
        yield start, len(lengths)


def _strokes(masks: Sequence[Rle], height: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Foreground runs, cut where a column ends: (mask, column, top, one past the bottom), in order."""
    runs = foreground_runs(masks)
    first, last = runs.start // height, (runs.stop - 1) // height
    columns = last - first + 1
    run = np.repeat(np.arange(len(columns)), columns)
    column = first[run] + np.arange(len(run)) - np.repeat(np.cumsum(columns) - columns, columns)
    top = np.maximum(runs.start[run] - column * height, 0)
    bottom = np.minimum(runs.stop[run] - column * height, height)
    return runs.mask[run], column, top, bottom


def _sums(owner: Ints, values: Ints, count: int) -> Ints:
    sums = np.zeros(count, np.int64)
    np.add.at(sums, owner, values)
    return sums


def _centres(doubled: Ints, area: Ints) -> NDArray[np.float64]:
    """Centroids from doubled sums of coordinates; NaN of an empty mask."""
    centres: NDArray[np.float64] = np.full(len(area), np.nan)
    return np.divide(doubled, 2 * area, out=centres, where=area > 0)


def _steps(centres: NDArray[np.float64]) -> Ints:
    """From mask to mask in whole pixels; 0 where one of the two is empty."""
    return np.rint(np.nan_to_num(np.diff(centres))).astype(np.int64)


def _covered(intervals: tuple[Ints, Ints], positions: Ints) -> Ints:
    """How much of each line up to each place is covered by sorted, disjoint intervals."""
    starts, stops = intervals
    if not len(starts):
        return np.zeros(len(positions), np.int64)
    lengths = stops - starts
    before = np.cumsum(lengths) - lengths
    last = np.searchsorted(starts, positions, side="right") - 1
    inside = np.clip(positions - starts[last], 0, lengths[last])
    return np.where(last < 0, 0, before[last] + inside)
