"""PNG files of every kind that the format has, written by hand: Pillow writes few of them."""

from __future__ import annotations

import struct
import zlib

import numpy as np

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
_CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
# Adam7: first column, first row, step between columns, step between rows of each pass.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_file(samples, kind, bits=8, *, table=None, transparency=None, extra=(), interlaced=False):
    """The bytes of a PNG file.

    Args:
        samples: (H, W) or (H, W, C) integers as the file stores them.
        kind: the colour type.
        bits: per sample.
        table: (N, 3) colours of a palette.
        transparency: the content of tRNS.
        extra: (name, content) of other parts, before the pixels.
        interlaced: store seven passes.
    """
    samples = np.asarray(samples).reshape(*np.shape(samples)[:2], _CHANNELS[kind])
    height, width = samples.shape[:2]
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    rows = b"".join(_rows(samples[y::dy, x::dx], bits) for x, y, dx, dy in passes)
    content = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, interlaced))
    content += b"".join(chunk(name, data) for name, data in extra)
    if table is not None:
        content += chunk(b"PLTE", np.asarray(table, np.uint8).tobytes())
    if transparency is not None:
        content += chunk(b"tRNS", transparency)
    return b"\x89PNG\r\n\x1a\n" + content + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def _rows(samples, bits):
    height = len(samples)
    if not samples.size:
        return b""
    shifts = np.arange(bits - 1, -1, -1)
    flat = samples.reshape(height, -1, 1).astype(np.int64) >> shifts & 1
    packed = np.packbits(flat.reshape(height, -1).astype(np.uint8), axis=1)
    return b"".join(b"\0" + row.tobytes() for row in packed)
