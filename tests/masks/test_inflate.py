"""Ordinary mask files are decoded without Pillow, to what Pillow decodes; all others are left to it."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rvosbench import masks
from rvosbench.masks.inflate import inflate_pixels
from rvosbench.masks.pictures import GreyPicture, PalettePicture, read_picture
from rvosbench.masks.png import png_chunks


def inflated(data: bytes) -> np.ndarray | None:
    chunks = png_chunks(data, "a.png", "prediction")
    return inflate_pixels(chunks[b"IHDR"], chunks.get(b"IDAT", b""))


def part(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(size: tuple[int, int], content: bytes, *, split: int = 0, between: bytes = b"") -> bytes:
    """A grey PNG of (height, width) with these bytes for its rows, in two parts if `split` says where."""
    header = struct.pack(">IIBBBBB", size[1], size[0], 8, 0, 0, 0, 0)
    stream = zlib.compress(content)
    parts = [part(b"IDAT", stream)]
    if split:
        parts = [part(b"IDAT", stream[:split]), between, part(b"IDAT", stream[split:])]
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + b"".join(parts) + part(b"IEND", b"")


def by_pillow(data: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(data)))


def picture(seed: int) -> np.ndarray:
    """Few levels and large areas, as masks have them, of 1 to 40 px a side."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 4, (rng.integers(1, 9), rng.integers(1, 9)), dtype=np.uint8) * np.uint8(85)
    return np.kron(small, np.ones((rng.integers(1, 6), rng.integers(1, 6)), np.uint8))


@given(st.integers(0, 2**32 - 1), st.sampled_from(["L", "P", "cv2"]))
@settings(max_examples=100, deadline=None)
def test_what_is_inflated_is_what_pillow_decodes(seed, kind):
    levels = picture(seed)
    if kind == "P":
        data = masks.encode_index_png(levels)
    elif kind == "L":
        buffer = io.BytesIO()
        Image.fromarray(levels).save(buffer, "PNG")
        data = buffer.getvalue()
    else:
        data = cv2.imencode(".png", levels)[1].tobytes()
    found = inflated(data)
    if found is not None:
        assert found.dtype == np.uint8
        assert found.flags.c_contiguous
        assert (found == levels).all()
    read = read_picture(data, "a.png", "prediction")
    assert isinstance(read, GreyPicture | PalettePicture)
    assert ((read.levels if isinstance(read, GreyPicture) else read.indices) == levels).all()


@given(st.integers(0, 2**32 - 1), st.integers(0, 4))
@settings(max_examples=200, deadline=None)
def test_rows_of_any_filters_are_what_pillow_decodes_or_left_to_it(seed, largest):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 12, 2).tolist()
    rows = rng.integers(0, 256, (height, width + 1), dtype=np.uint8)
    rows[:, 0] = rng.integers(0, largest + 1, height)
    data = png((height, width), rows.tobytes())
    found = inflated(data)
    if (rows[:, 0] == 3).any():
        assert found is None
    else:
        assert found is not None
        assert (found == by_pillow(data)).all()


def test_a_row_of_many_edges_is_left_to_pillow():
    rows = np.zeros((2, 201), np.uint8)
    rows[0, 1::2] = 255
    rows[1, 0] = 4
    assert inflated(png((2, 200), rows.tobytes())) is None
    rows[0, 60:] = 0
    data = png((2, 200), rows.tobytes())
    assert (inflated(data) == by_pillow(data)).all()


def test_pixels_in_several_parts_are_one_stream_unless_others_lie_between():
    rows = np.zeros((3, 5), np.uint8)
    rows[:, 2] = 7
    whole = png((3, 4), rows.tobytes(), split=5)
    assert (inflated(whole) == rows[:, 1:]).all()
    assert inflated(png((3, 4), rows.tobytes(), split=5, between=part(b"tEXt", b"a\0b"))) is None


@pytest.mark.parametrize(
    "rows",
    [bytes(14), bytes(16), b"", b"\x05" + bytes(14), b"\x03" + bytes(14)],
    ids=["too few", "too many", "none", "a filter that there is not", "the filter of means"],
)
def test_what_is_not_ordinary_is_left_to_pillow(rows):
    assert inflated(png((3, 4), rows)) is None


def test_a_stream_that_is_cut_or_altered_is_left_to_pillow():
    header = struct.pack(">IIBBBBB", 4, 3, 8, 0, 0, 0, 0)
    stream = zlib.compress(bytes(15))
    assert inflate_pixels(header, stream) is not None
    assert inflate_pixels(header, stream[:-1]) is None
    assert inflate_pixels(header, stream[:-1] + b"\0") is None
    assert inflate_pixels(header, b"") is None
    assert inflate_pixels(header, stream + b"more") is not None


@pytest.mark.parametrize(("bits", "kind", "interlaced"), [(4, 0, 0), (16, 0, 0), (8, 2, 0), (8, 0, 1)])
def test_other_depths_colours_and_orders_are_left_to_pillow(bits, kind, interlaced):
    header = struct.pack(">IIBBBBB", 4, 3, bits, kind, 0, 0, interlaced)
    assert inflate_pixels(header, zlib.compress(bytes(15))) is None


def test_a_stream_that_inflates_to_far_more_is_not_inflated_further():
    header = struct.pack(">IIBBBBB", 4, 3, 8, 0, 0, 0, 0)
    assert inflate_pixels(header, zlib.compress(bytes(100_000_000))) is None
