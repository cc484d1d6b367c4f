"""The pixels of an ordinary mask PNG without an image library: inflated at once, filters undone by row.

A mask of half a million pixels is a few kilobytes. Pillow and OpenCV hand such a file through zlib row by
row, which costs more than all that is done with the mask afterwards; zlib-ng inflates it at once in a tenth
of the time. Only files that are what nearly all masks are come this way: 8 bits of grey or palette, not
interlaced, whole, without the filters that look at three neighbours. Of everything else Pillow is the judge.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from zlib_ng import zlib_ng

_GREY, _PALETTE = 0, 3  # colour types of PNG
_NONE, _SUB, _UP = 0, 1, 2  # filters of PNG: as it is, less the pixel to the left, less the pixel above


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
    """Undo the filter of each row; None if there is one that looks at three neighbours.

    Args:
        filters: (H,) the filter of each row.
        rows: (H, W) the filtered rows; not changed.
    """
    if not filters.any():
        return np.ascontiguousarray(rows)
    if filters.max() > _UP:
        return None
    pixels = np.array(rows)
    sub = filters == _SUB
    if sub.any():
        # Sums of bytes wrap around, as the filters do.
        pixels[sub] = np.cumsum(pixels[sub], axis=1, dtype=np.uint8)
    for row in np.flatnonzero(filters == _UP).tolist():
        if row:  # above the first row there is nothing but 0
            pixels[row] += pixels[row - 1]
    return pixels
