"""Masks as bits: 64 pixels to a word, so that unions, boundaries and dilations are a few integer operations.

A stack of masks is (N, X, Y) uint64: one row of `Y` words per image column `x`, pixel `y` of the column in
bit `y % 64` of word `y // 64`. Columns run along the words because COCO run lengths are column-major.
At least `pad` bits at the end of every column stay free, so that a shift by up to `pad` bits over the whole
array never carries one column's pixels into another column's.

Everything here works on the box that holds all foreground; what lies outside cannot change a score.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rvosbench.masks.run_lengths import Runs

Words = NDArray[np.uint64]
"""(N, X, Y) uint64 as described above."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a frame: columns `left` up to `right`, rows `top` up to `bottom`, ends excluded. px."""

    left: int
    right: int
    top: int
    bottom: int

    @property
    def columns(self) -> int:
        """The box's width."""
        return self.right - self.left

    @property
    def rows(self) -> int:
        """The box's height."""
        return self.bottom - self.top


def box_of_runs(runs: Runs, height: int, width: int) -> Box:
    """The foreground of all runs with one background pixel around it, where the frame has one."""
    if not len(runs.start):
        return Box(0, 1, 0, 1)
    first, last = runs.start // height, (runs.stop - 1) // height
    if (first != last).any():  # a run that goes on in the next column touches the top and the bottom
        top, bottom = 0, height
    else:
        top = int((runs.start - first * height).min())
        bottom = int((runs.stop - 1 - last * height).max()) + 1
    return _grown(Box(int(first.min()), int(last.max()) + 1, top, bottom), height, width)


def box_of_masks(masks: NDArray[np.bool_]) -> Box:
    """`box_of_runs` for (N, H, W) bool masks."""
    seen: NDArray[np.bool_] = np.logical_or.reduce(masks, axis=0)
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if not len(rows):
        return Box(0, 1, 0, 1)
    box = Box(int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1)
    return _grown(box, seen.shape[0], seen.shape[1])


def _grown(box: Box, height: int, width: int) -> Box:
    return Box(
        max(box.left - 1, 0), min(box.right + 1, width), max(box.top - 1, 0), min(box.bottom + 1, height)
    )


def pack_runs(runs: Runs, count: int, height: int, box: Box, pad: int) -> Words:
    """Runs of `count` masks of one size as bits; all foreground lies in `box`."""
    words = np.zeros((count, box.columns, _words_per_column(box.rows, pad)), np.uint64)
    mask, column, start, stop = _by_column(runs, height)
    bits = words.shape[2] * 64
    offset = (mask * box.columns + (column - box.left)) * bits - box.top
    start, stop = start + offset, stop + offset
    flat = words.reshape(-1)
    # As one long integer, the ones from `start` up to `stop` are 2^stop - 2^start. Word by word: subtract at
    # the start, add at the stop, and borrow one from every word after the start's up to the stop's.
    start_word, stop_word = start >> 6, stop >> 6
    one = np.uint64(1)
    np.subtract.at(flat, start_word, one << (start & 63).astype(np.uint64))
    np.add.at(flat, stop_word, one << (stop & 63).astype(np.uint64))
    crosses = start_word != stop_word
    size = len(flat) + 1
    borrows = np.bincount(start_word[crosses] + 1, minlength=size)
    borrows -= np.bincount(stop_word[crosses] + 1, minlength=size)
    flat -= np.cumsum(borrows)[:-1].astype(np.uint64)
    return words


def _by_column(
    runs: Runs, height: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Runs cut at the ends of the image columns: mask, column, first row, one past the last row."""
    first, last = runs.start // height, (runs.stop - 1) // height
    start, stop = runs.start - first * height, runs.stop - last * height
    pieces = last - first + 1
    if (pieces == 1).all():
        return runs.mask, first, start, stop
    ends = np.cumsum(pieces)
    step = np.arange(ends[-1]) - np.repeat(ends - pieces, pieces)
    starts = np.where(step == 0, np.repeat(start, pieces), 0)
    stops = np.full(len(step), height)
    stops[ends - 1] = stop
    return np.repeat(runs.mask, pieces), np.repeat(first, pieces) + step, starts, stops


def pack_masks(masks: NDArray[np.bool_], box: Box, pad: int) -> Words:
    """(N, H, W) bool masks as bits; all foreground lies in `box`."""
    inside = masks[:, box.top : box.bottom, box.left : box.right].transpose(0, 2, 1)
    octets = np.packbits(inside, axis=2, bitorder="little")
    wide = np.zeros((*octets.shape[:2], _words_per_column(box.rows, pad) * 8), np.uint8)
    wide[:, :, : octets.shape[2]] = octets
    return wide.view("<u8").astype(np.uint64, copy=False)


def _words_per_column(rows: int, pad: int) -> int:
    return (rows + pad + 63) // 64


def count(words: Words) -> NDArray[np.int64]:
    """(N,) set bits of each mask."""
    counts: NDArray[np.int64] = np.bitwise_count(words).sum(axis=(1, 2), dtype=np.int64)
    return counts


def boundaries(words: Words, rows: int) -> Words:
    """The boundary pixels of DAVIS (`_seg2bmap`): those that differ from the pixel to the right, below or
    below to the right.

    The line lies half a pixel up and left of the true one. Pixels beyond the frame repeat its last column
    and row, so a mask that touches the frame's edge has no boundary there.
    """
    last = np.zeros(words.shape[2], np.uint64)
    last[(rows - 1) // 64] = np.uint64(1) << np.uint64((rows - 1) % 64)
    used = np.packbits(np.arange(words.shape[2] * 64) < rows, bitorder="little").view("<u8").astype(np.uint64)
    right = np.empty_like(words)
    right[:, :-1] = words[:, 1:]
    right[:, -1] = words[:, -1]
    edge = words ^ right
    for neighbour in (words, right):
        below = _towards_start(neighbour, 1)
        below |= neighbour & last
        below ^= words
        edge |= below
    edge &= used  # the shift moved the next column's first pixel into the free bits
    return edge


def dilated(words: Words, radius: int) -> Words:
    """Every set bit grown to the disc of pixels at distance <= `radius`; the free bits may fill with junk.

    The disc is a stack of vertical segments, one for each column at `distance` of its centre, of half
    length floor(sqrt(radius^2 - distance^2)). From the outermost column inwards the segments grow longer,
    so growing along x and joining longer segments alternate: each column is moved a few times, not for each
    of the disc's columns.
    """
    reach = [math.isqrt(radius * radius - d * d) for d in range(radius + 1)]
    widest = {half: distance for distance, half in enumerate(reach)}  # half length -> outermost column
    segments = sorted(widest)  # ascending half length, descending distance
    grown, half = words, 0
    disc: Words | None = None
    for index, length in enumerate(segments):
        grown, half = _grown_along_y(grown, half, length), length
        disc = grown.copy() if disc is None else disc | grown
        inner = widest[segments[index + 1]] if index + 1 < len(segments) else 0
        disc = _grown_along_x(disc, widest[length] - inner)
    assert disc is not None
    return disc


def _grown_along_y(words: Words, half: int, wanted: int) -> Words:
    """Segments of half length `half` made into segments of half length `wanted`."""
    while half < wanted:
        # A longer step would leave a gap in a segment of which the array's edge has cut off one half.
        step = min(wanted - half, half + 1, 63)
        result = _towards_end(words, step)
        result |= _towards_start(words, step)
        result |= words
        words, half = result, half + step
    return words


def _grown_along_x(words: Words, steps: int) -> Words:
    half = 0
    while half < steps:
        step = min(steps - half, half + 1)  # as along y
        result = words.copy()
        result[:, step:] |= words[:, :-step]
        result[:, :-step] |= words[:, step:]
        words, half = result, half + step
    return words


def _towards_end(words: Words, step: int) -> Words:
    """Every pixel moved to `y + step`."""
    shifted = words << np.uint64(step)
    flat = shifted.reshape(-1)
    flat[1:] |= words.reshape(-1)[:-1] >> np.uint64(64 - step)
    return shifted


def _towards_start(words: Words, step: int) -> Words:
    """Every pixel moved to `y - step`."""
    shifted = words >> np.uint64(step)
    flat = shifted.reshape(-1)
    flat[:-1] |= words.reshape(-1)[1:] << np.uint64(64 - step)
    return shifted
