"""The pixels of an ordinary mask PNG without an image library: inflated at once, filters undone by row.

A mask of half a million pixels is a few kilobytes. Pillow and OpenCV hand such a file through zlib row by
row, which costs more than all that is done with the mask afterwards; zlib-ng inflates it at once in a tenth
of the time. Only files that are what nearly all masks are come this way: 8 bits of grey or palette, whole,
not interlaced, of few edges. Of everything else Pillow is the judge.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from zlib_ng import zlib_ng

_GREY, _PALETTE = 0, 3  # colour types of PNG
# Filters of PNG: less the pixel to the left, above, the mean of both, or one of these and that between them.
_SUB, _UP, _AVERAGE, _PAETH = 1, 2, 3, 4
_MOST_EDGES = 64  # in a row of a mask; with more, Pillow is faster


def inflate_pixels(header: bytes, pixels: bytes) -> NDArray[np.uint8] | None:
    """Decode the pixels of a PNG.

    Args:
        header: the content of IHDR, 13 bytes.
        pixels: the contents of all IDAT parts, one after the other.

    Returns:
        (H, W) uint8 levels or indices; None where the file is not of the ordinary kind, or where anything
        is wrong with it.
    """
    width, height = int.from_bytes(header[:4]), int.from_bytes(header[4:8])
    bits, kind, _, _, interlaced = header[8:13]
    if bits != 8 or kind not in (_GREY, _PALETTE) or interlaced or not width or not height:
        return None
    size = height * (width + 1)
    inflater = zlib_ng.decompressobj()
    try:
        # One byte more than there may be: a stream that goes on is not whole at that point.
        content = inflater.decompress(pixels, size + 1)
    except zlib_ng.error:  # type: ignore[misc]  # its stub says object
        return None
    if len(content) != size or not inflater.eof:
        return None
    rows = np.frombuffer(content, np.uint8).reshape(height, width + 1)
    return _unfiltered(rows[:, 0], rows[:, 1:])


def _unfiltered(filters: NDArray[np.uint8], rows: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Undo the filter of each row; None where that is no work for this module.

    Args:
        filters: (H,) the filter of each row.
        rows: (H, W) the filtered rows; not changed.
    """
    if not filters.any():
        return np.ascontiguousarray(rows)
    if filters.max() > _PAETH or (filters == _AVERAGE).any():
        return None
    pixels = np.array(rows)
    from_left = (filters == _SUB) | (filters == _PAETH)
    if from_left.any():
        pixels[from_left] = _sums_from_left(pixels[from_left])
    nothing = np.zeros(rows.shape[1], np.uint8)  # what lies above the first row
    kinds = filters.tolist()
    for row in np.flatnonzero(filters >= _UP).tolist():
        above = pixels[row - 1] if row else nothing
        if kinds[row] == _UP:
            pixels[row] += above
        elif not _undo_paeth(pixels[row], above):
            return None
    return pixels


def _sums_from_left(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W) the sum of each row up to each pixel; bytes wrap around, as the filters do.

    In a mask nearly all that is added is 0, so only the other pixels are added up.
    """
    counts = rows != 0
    counts[:, 0] = True
    steps = np.flatnonzero(counts)
    sums = np.cumsum(rows.ravel()[steps], dtype=np.uint8)
    per_row = np.count_nonzero(counts, axis=1)
    ends = np.cumsum(per_row)
    before = np.concatenate((sums[:1] * 0, sums[ends[:-1] - 1]))  # of all rows before
    sums -= np.repeat(before, per_row)
    lengths = np.empty(len(steps), np.int64)
    lengths[:-1] = steps[1:] - steps[:-1]
    lengths[-1] = rows.size - steps[-1]
    return np.repeat(sums, lengths).reshape(rows.shape)


def _undo_paeth(sums: NDArray[np.uint8], above: NDArray[np.uint8]) -> bool:
    """Undo the filter of Paeth in one row, in place.

    Where the row above does not change, the pixel to the left is what this filter predicts, and a sum from
    the left undoes it. What is left to do is a prediction wherever it changes: at the edges of the mask.

    Args:
        sums: (W,) the sums of the filtered row from the left.
        above: (W,) the row above.

    Returns:
        Whether it was done; False if there are too many edges.
    """
    edges = (above[1:] != above[:-1]).nonzero()[0].tolist()
    if len(edges) > _MOST_EDGES:
        return False
    left = corner = before = start = 0
    for stop in [*(edge + 1 for edge in edges), len(sums)]:
        up = int(above[start])
        last = int(sums[stop - 1])
        offset = (_paeth(left, up, corner) - before) & 0xFF
        if offset:
            sums[start:stop] += np.uint8(offset)
        before, left, corner, start = last, (last + offset) & 0xFF, up, stop
    return True


def _paeth(left: int, up: int, corner: int) -> int:
    """The neighbour that is nearest to left + up - corner; of equally near ones the first."""
    to_left, to_up, to_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    if to_left <= to_up and to_left <= to_corner:
        return left
    return up if to_up <= to_corner else corner
