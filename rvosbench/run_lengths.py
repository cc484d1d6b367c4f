"""COCO compressed run lengths into foreground runs, for many masks at once, checked.

`counts` is what `pycocotools` writes: the lengths of alternating background and foreground runs in
column-major order, each as its difference to the run two before it (from the fourth on), in groups of
five bits with a continuation bit, 48 added to each byte. `pycocotools` itself trusts its input: a string
that is cut off makes it read beyond the end. So strings from outside pass through here first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rvosbench.errors import ScoreError
from rvosbench.types import Rle

MAX_PIXELS = 2**31 - 1
"""`pycocotools` counts in 32 bits."""

_LONGEST = 7  # bytes of one number: 35 bits hold every difference of two runs of a frame


@dataclass(frozen=True, slots=True)
class Runs:
    """The foreground runs of several masks. `R` runs in all, in the order of the masks."""

    mask: NDArray[np.int64]  # (R,) which mask
    start: NDArray[np.int64]  # (R,) first pixel, column-major: x * height + y
    stop: NDArray[np.int64]  # (R,) one past the last pixel; always above `start`


def foreground_runs(rles: Sequence[Rle], name: Callable[[int], str] = "mask {}".format) -> Runs:
    """Decode and check the run lengths of several masks; their sizes may differ.

    Args:
        rles: the masks.
        name: what to call the i-th mask in an error.

    Raises:
        ScoreError: the size is not positive, the string is not run lengths, a run is negative, or the
            runs do not cover the frame exactly.
    """
    sizes = _sizes(rles, name)
    values, counted = _numbers([rle.counts for rle in rles], name)
    # Two columns (background, foreground); every mask starts a row, so that the differences to the run two
    # before are differences down a column. A mask with an odd number of runs gets an empty last one.
    pairs = (counted + 1) // 2
    first = np.cumsum(pairs) - pairs  # the row where each mask starts
    table = np.zeros((int(pairs.sum()), 2), np.int64)
    owner = np.repeat(np.arange(len(rles)), counted)
    place = np.arange(len(values)) - np.repeat(np.cumsum(counted) - counted, counted)
    table[first[owner] + place // 2, place % 2] = values
    row_owner = np.repeat(np.arange(len(rles)), pairs)
    heads = first[pairs > 0]
    # The first run is not part of the chain of differences: set it aside, sum, put it back.
    leading = table[heads, 0].copy()
    table[heads, 0] = 0
    chain = np.cumsum(table, axis=0)
    before = np.zeros((len(rles), 2), np.int64)
    before[first > 0] = chain[first[first > 0] - 1]
    runs = chain - before[row_owner]
    runs[heads, 0] = leading
    odd = counted % 2 == 1
    runs[(first + pairs - 1)[odd], 1] = 0

    negative = (runs < 0).any(axis=1)
    if negative.any():
        bad = int(row_owner[int(np.argmax(negative))])
        raise ScoreError(
            f"{name(bad)} has a run of negative length; expected COCO run lengths, write it again"
        )
    ends = np.cumsum(runs.reshape(-1)).reshape(-1, 2)
    offset = np.zeros(len(rles), np.int64)
    offset[first > 0] = ends[first[first > 0] - 1, 1]
    ends -= offset[row_owner, None]
    total = np.zeros(len(rles), np.int64)
    last = first + pairs - 1
    total[pairs > 0] = ends[last[pairs > 0], 1]
    if (total != sizes).any():
        bad = int(np.argmax(total != sizes))
        raise ScoreError(
            f"{name(bad)} has runs of {int(total[bad])} pixels in all, its frame of {rles[bad].height}x"
            f"{rles[bad].width} has {int(sizes[bad])}; write the mask again"
        )
    full = runs[:, 1] > 0
    return Runs(row_owner[full], ends[full, 0], ends[full, 1])


def _sizes(rles: Sequence[Rle], name: Callable[[int], str]) -> NDArray[np.int64]:
    """The pixels of every frame."""
    for index, rle in enumerate(rles):
        if rle.height < 1 or rle.width < 1 or rle.height * rle.width > MAX_PIXELS:
            raise ScoreError(
                f"{name(index)} claims to be {rle.height}x{rle.width} px (height x width), expected a "
                f"positive size of at most {MAX_PIXELS} px"
            )
    return np.array([rle.height * rle.width for rle in rles], np.int64)


def _numbers(
    strings: Sequence[bytes], name: Callable[[int], str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All numbers of all strings in one array, and how many each string holds."""
    lengths = np.array([len(string) for string in strings], np.int64)
    codes = np.frombuffer(b"".join(strings), np.uint8).astype(np.int64) - 48
    continues = (codes & 0x20) != 0
    string_ends = np.cumsum(lengths)
    cut_off = np.zeros(len(strings), np.bool_)
    cut_off[lengths > 0] = continues[string_ends[lengths > 0] - 1]
    foreign = (codes < 0) | (codes > 0x3F)
    if cut_off.any() or foreign.any():
        first_foreign = (
            int(np.searchsorted(string_ends, np.argmax(foreign), "right")) if foreign.any() else None
        )
        bad = first_foreign if first_foreign is not None else int(np.argmax(cut_off))
        raise ScoreError(
            f"{name(bad)} is not in COCO compressed run lengths ({strings[bad][:16]!r}...); write it again"
        )
    stops = np.flatnonzero(~continues) + 1
    starts = np.concatenate([np.zeros(1, np.int64), stops[:-1]]) if len(stops) else stops
    counted = np.diff(np.searchsorted(stops, string_ends, "right"), prepend=0)
    widths = stops - starts
    if len(widths) and widths.max() > _LONGEST:
        bad = int(np.searchsorted(string_ends, starts[int(np.argmax(widths))], "right"))
        raise ScoreError(f"{name(bad)} has a run longer than any frame; write it again")
    position = np.arange(len(codes)) - np.repeat(starts, widths)
    parts = (codes & 0x1F) << (5 * position)
    values = np.add.reduceat(parts, starts) if len(starts) else np.zeros(0, np.int64)
    negative = (codes[stops - 1] & 0x10) != 0
    values[negative] -= np.int64(1) << (5 * widths[negative])
    return values, counted
