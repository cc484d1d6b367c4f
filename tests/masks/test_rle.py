from __future__ import annotations

import io
import random
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from pycocotools import mask as coco

from rvosbench import masks
from rvosbench.errors import DatasetError, ShapeError
from rvosbench.types import Rle

MASKS = arrays.arrays(np.bool_, arrays.array_shapes(min_dims=2, max_dims=2, max_side=12))


def png(pixels, mode):
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, format="PNG")
    return buffer.getvalue()


def grey_png(rows, bits):
    """A grey PNG of few bits, which Pillow cannot write: chunks by hand."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packed = b""
    for row in rows:
        number = 0
        for value in row:
            number = number << bits | value
        packed += b"\0" + number.to_bytes(len(row) * bits // 8, "big")
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), bits, 0, 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(packed)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + content


@given(MASKS)
def test_a_mask_survives_its_run_lengths(mask):
    rle = masks.encode(mask)
    assert np.array_equal(masks.decode(rle), mask)
    assert (rle.height, rle.width) == mask.shape
    assert masks.decode(rle).flags.c_contiguous
    assert rle.counts == coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"]


@given(MASKS)
def test_area_and_box_against_the_pixels(mask):
    rle = masks.encode(mask)
    assert masks.area(rle) == np.count_nonzero(mask)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    expected = (
        (columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1)
        if len(rows)
        else (0, 0, 0, 0)
    )
    assert masks.bounding_box(rle) == expected


@given(arrays.arrays(np.bool_, st.tuples(st.integers(0, 4), st.integers(1, 8), st.integers(1, 8))))
def test_a_union_has_the_pixels_of_all(stack):
    joined = masks.union(masks.encode_many(stack), *stack.shape[1:])
    assert np.array_equal(masks.decode(joined), stack.any(axis=0))


def test_a_view_and_a_transposed_mask_encode_as_their_copies():
    big = np.random.default_rng(0).random((9, 14)) < 0.5
    for view in (big[::2, 3:9], big.T, big[::-1]):
        assert masks.encode(view) == masks.encode(view.copy())


def test_sizes_and_types_are_not_guessed():
    with pytest.raises(ShapeError, match="a mask is 2x2, its frame 2x3"):
        masks.union([masks.empty(2, 2)], 2, 3)
    for wrong in (np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.float64), np.zeros(4, np.bool_)):
        with pytest.raises(ShapeError, match="height, width"):
            masks.encode(wrong)


def test_an_empty_mask_by_hand():
    assert masks.empty(2, 3) == Rle(2, 3, masks.encode(np.zeros((2, 3), np.bool_)).counts)
    assert masks.area(masks.empty(2, 3)) == 0


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, max_side=12)))
def test_object_ids_survive_a_palette_png(labels):
    assert np.array_equal(masks.decode_index_png(masks.encode_index_png(labels), "x"), labels)


def test_palette_colours_are_those_of_davis():
    image = Image.open(io.BytesIO(masks.encode_index_png(np.array([[0, 1, 2, 3, 255]], np.uint8))))
    palette = np.array(image.convert("RGB"))[0].tolist()
    assert palette == [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0], [224, 224, 192]]


def test_grey_and_bilevel_files_hold_ids_as_values():
    labels = np.array([[0, 1, 255], [7, 0, 2]], np.uint8)
    assert np.array_equal(masks.decode_index_png(png(labels, "L"), "x"), labels)
    bilevel = png(np.array([[0, 255, 0]], np.uint8), "1")
    assert masks.decode_index_png(bilevel, "x").tolist() == [[0, 1, 0]]


@pytest.mark.parametrize(("bits", "row"), [(2, [0, 1, 2, 3]), (4, [0, 1, 2, 3, 9, 15])])
def test_grey_files_of_few_bits_hold_levels_not_brightness(bits, row):
    assert masks.decode_index_png(grey_png([row, row[::-1]], bits), "x").tolist() == [row, row[::-1]]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_colour_copies_are_refused(mode):
    with pytest.raises(DatasetError, match=f"x is a PNG in mode {mode}"):
        masks.decode_index_png(png(np.zeros((3, 3), np.uint8), mode), "x")


def test_every_truncation_is_refused():
    whole = masks.encode_index_png(np.random.default_rng(0).integers(0, 9, (20, 20)).astype(np.uint8))
    for length in range(len(whole)):
        with pytest.raises(DatasetError) as caught:
            masks.decode_index_png(whole[:length], "x")
        assert "\n" not in str(caught.value)


def test_every_altered_pixel_byte_is_noticed():
    whole = masks.encode_index_png(np.random.default_rng(0).integers(0, 9, (20, 20)).astype(np.uint8))
    start = whole.index(b"IDAT") + 4
    length = int.from_bytes(whole[start - 8 : start - 4])
    for position in range(start, start + length):
        damaged = bytearray(whole)
        damaged[position] ^= 1
        with pytest.raises(DatasetError, match="the checksum of a part"):
            masks.decode_index_png(bytes(damaged), "x")


def test_damaged_files_give_ids_or_one_line():
    whole = masks.encode_index_png(np.random.default_rng(0).integers(0, 9, (20, 20)).astype(np.uint8))
    rng = random.Random(0)
    for _ in range(500):
        damaged = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        try:
            masks.decode_index_png(bytes(damaged), "x")
        except DatasetError as error:
            assert "\n" not in str(error)


def test_a_decompression_bomb_is_refused_by_its_header():
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 3, 0, 0, 0)
    with pytest.raises(DatasetError, match="claims to be 60000x60000"):
        masks.decode_index_png(
            b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + bytes(4), "x"
        )


def test_a_server_png_is_grey_with_0_and_255():
    image = Image.open(io.BytesIO(masks.encode_binary_png(np.array([[True, False]]))))
    assert (image.mode, np.array(image).tolist()) == ("L", [[255, 0]])
