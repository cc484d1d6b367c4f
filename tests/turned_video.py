"""Videos that a telephone held upright has stored lying on its side."""

from __future__ import annotations

import struct
from pathlib import Path


def turned(source: Path, path: Path, degrees: int, *, height: int, width: int) -> Path:
    """The same mp4 with a rotation in its track header; height and width in px as stored."""
    one = 1 << 16
    right, bottom = width << 16, height << 16
    return with_matrix(
        source,
        path,
        {90: (0, one, -one, 0, bottom, 0), 180: (-one, 0, 0, -one, right, bottom)}[degrees],
    )


def with_matrix(source: Path, path: Path, matrix: tuple[int, int, int, int, int, int]) -> Path:
    """The same mp4 with the entries a b c d x y, in 16.16, in its track header."""
    data = bytearray(source.read_bytes())
    # The last 44 bytes of a version 0 header: nine matrix entries in 16.16 and 2.30, width, height.
    start = data.index(b"tkhd") + 4 + 40
    last = 1 << 30
    a, b, c, d, x, y = matrix
    data[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, x, y, last)
    path.write_bytes(data)
    return path
