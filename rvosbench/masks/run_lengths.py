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

_AT_ONCE = 256  # masks; what they take fits a processor's cache
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
    if not rles:
        return Runs(*np.zeros((3, 0), np.int64))
    runs, first, sizes = _table(rles, name)
    # The runs of each mask cover its frame exactly: take off what the mask before it added up to.
    runs[first[1:], 0] -= sizes[:-1]
    ends = np.cumsum(runs.reshape(-1)).reshape(-1, 2)
    owner = np.repeat(np.arange(len(rles)), np.diff(first, append=len(runs)))
    full = runs[:, 1] > 0
    return Runs(owner[full], ends[full, 0], ends[full, 1])


def foreground_areas(rles: Sequence[Rle], name: Callable[[int], str] = "mask {}".format) -> NDArray[np.int64]:
    """(n,) foreground pixels of each mask; checked like `foreground_runs`, in memory for a few masks.

    Raises:
        ScoreError: as there.
    """
    areas = np.zeros(len(rles), np.int64)
    for start in range(0, len(rles), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)

        def numbered(index: int, start: int = start) -> str:
            return name(start + index)

        runs, first, _ = _table(rles[some], numbered)
        areas[some] = np.add.reduceat(runs[:, 1], first)
    return areas


def _table(
    rles: Sequence[Rle], name: Callable[[int], str]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The checked runs of masks, at least one.

    Returns:
        (S, 2) lengths, background and foreground, the masks one after the other; (n,) the row where each
        mask starts; (n,) pixels of each frame.
    """
    sizes = _sizes(rles, name)
    values, counted = _numbers([rle.counts for rle in rles], name)
    if not counted.all():
        raise _wrong_total(rles, int(np.argmin(counted)), 0, name)
    # Two columns, so that the differences to the run two before are differences down a column. A mask with
    # an odd number of runs gets an empty last one.
    pairs = (counted + 1) // 2
    first = np.cumsum(pairs) - pairs
    odd_ends = (2 * (first + pairs) - 1)[counted % 2 == 1]
    flat = np.zeros(2 * int(pairs.sum()), np.int64)
    filled = np.ones(len(flat), np.bool_)
    filled[odd_ends] = False
    flat[filled] = values
    runs = flat.reshape(-1, 2)
    # The first run is not part of the chain of differences: set it aside, sum, put it back.
    leading = runs[first, 0]
    runs[first, 0] = 0
    runs[first[1:]] -= np.add.reduceat(runs, first, axis=0)[:-1]  # each mask's chain starts at 0 again
    runs = np.cumsum(runs, axis=0)
    runs[first, 0] = leading
    runs.reshape(-1)[odd_ends] = 0

    if runs.min() < 0:
        row = int(np.argmax((runs < 0).any(axis=1)))
        bad = int(np.searchsorted(first, row, "right")) - 1
        raise ScoreError(
            f"{name(bad)} has a run of negative length; expected COCO run lengths, write it again"
        )
    totals = np.add.reduceat(runs.reshape(-1), 2 * first)
    if (totals != sizes).any():
        bad = int(np.argmax(totals != sizes))
        raise _wrong_total(rles, bad, int(totals[bad]), name)
    return runs, first, sizes


def _wrong_total(rles: Sequence[Rle], index: int, total: int, name: Callable[[int], str]) -> ScoreError:
    height, width = rles[index].height, rles[index].width
    return ScoreError(
        f"{name(index)} has runs of {total} pixels in all, its frame of {height}x{width} has "
        f"{height * width}; write the mask again"
    )


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
    codes = np.frombuffer(b"".join(strings), np.uint8) - np.uint8(48)  # below "0" wraps to above 0x3F
    string_ends = np.cumsum(lengths)
    continues = codes & np.uint8(0x20) != 0
    cut_off = np.zeros(len(strings), np.bool_)
    cut_off[lengths > 0] = continues[string_ends[lengths > 0] - 1]
    foreign = codes > 0x3F
    if cut_off.any() or foreign.any():
        first_foreign = (
            int(np.searchsorted(string_ends, np.argmax(foreign), "right")) if foreign.any() else None
        )
        bad = first_foreign if first_foreign is not None else int(np.argmax(cut_off))
        raise ScoreError(
            f"{name(bad)} is not in COCO compressed run lengths ({strings[bad][:16]!r}...); write it again"
        )
    lasts = np.flatnonzero(~continues)  # the last byte of each number, its highest bits
    counted = np.diff(np.searchsorted(lasts, string_ends), prepend=0)
    widths = np.diff(lasts, prepend=-1)
    longest = int(widths.max(initial=0))
    if longest > _LONGEST:
        bad = int(np.searchsorted(string_ends, lasts[int(np.argmax(widths))], "right"))
        raise ScoreError(f"{name(bad)} has a run longer than any frame; write it again")
    parts = codes & np.uint8(0x1F)
    highest = parts[lasts].astype(np.int64)
    values = highest - ((highest & 0x10) << 1)
    wider = np.flatnonzero(widths > 1)
    for place in range(1, longest):
        wider = wider[widths[wider] > place]
        values[wider] = (values[wider] << 5) | parts[lasts[wider] - place]
    return values, counted
