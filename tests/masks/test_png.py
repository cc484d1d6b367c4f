from __future__ import annotations

import io
import random
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays
from PIL import Image

from rvosbench import masks
from rvosbench.errors import DatasetError, ScoreError
from rvosbench.masks.palettes import VOC
from tests.masks.png_files import GREY, GREY_ALPHA, PALETTE, RGB, chunk, png_file


def png(pixels, mode):
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, format="PNG")
    return buffer.getvalue()


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, max_side=12)))
def test_object_ids_survive_a_palette_png(labels):
    assert np.array_equal(masks.read_labels(masks.encode_index_png(labels), "x", role="annotation"), labels)


def test_palette_colours_are_those_of_davis():
    image = Image.open(io.BytesIO(masks.encode_index_png(np.array([[0, 1, 2, 3, 255]], np.uint8))))
    palette = np.array(image.convert("RGB"))[0].tolist()
    assert palette == [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0], [224, 224, 192]]


def test_grey_and_bilevel_files_hold_ids_as_values():
    labels = np.array([[0, 1, 255], [7, 0, 2]], np.uint8)
    assert np.array_equal(masks.read_labels(png(labels, "L"), "x", role="annotation"), labels)
    bilevel = png(np.array([[0, 255, 0]], np.uint8), "1")
    assert masks.read_labels(bilevel, "x", role="annotation").tolist() == [[0, 1, 0]]


def test_every_truncation_is_refused():
    whole = masks.encode_index_png(np.random.default_rng(0).integers(0, 9, (20, 20)).astype(np.uint8))
    for length in range(len(whole)):
        with pytest.raises(DatasetError) as caught:
            masks.read_labels(whole[:length], "x", role="annotation")
        assert "\n" not in str(caught.value)


def test_every_altered_pixel_byte_is_noticed():
    whole = masks.encode_index_png(np.random.default_rng(0).integers(0, 9, (20, 20)).astype(np.uint8))
    start = whole.index(b"IDAT") + 4
    length = int.from_bytes(whole[start - 8 : start - 4])
    for position in range(start, start + length):
        damaged = bytearray(whole)
        damaged[position] ^= 1
        with pytest.raises(DatasetError, match="the checksum of a part"):
            masks.read_labels(bytes(damaged), "x", role="annotation")


def test_damaged_files_give_ids_or_one_line():
    whole = masks.encode_index_png(np.random.default_rng(0).integers(0, 9, (20, 20)).astype(np.uint8))
    rng = random.Random(0)
    for _ in range(500):
        damaged = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        try:
            masks.read_labels(bytes(damaged), "x", role="annotation")
        except DatasetError as error:
            assert "\n" not in str(error)


def test_a_decompression_bomb_is_refused_by_its_header():
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 3, 0, 0, 0)
    with pytest.raises(DatasetError, match="claims to be 60000x60000"):
        masks.read_labels(
            b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + bytes(4),
            "x",
            role="annotation",
        )


def test_a_server_png_is_grey_with_0_and_255():
    image = Image.open(io.BytesIO(masks.encode_binary_png(np.array([[True, False]]))))
    assert (image.mode, np.array(image).tolist()) == ("L", [[255, 0]])


def test_a_damaged_prediction_is_no_damaged_release():
    whole = masks.encode_binary_png(np.eye(9, dtype=np.bool_))
    for damaged in (whole[:-20], whole.replace(b"IDAT", b"IDAU"), b"", whole[:40] + b"x" + whole[41:]):
        with pytest.raises(ScoreError, match=r"x .*; write the file again"):
            masks.read_mask(damaged, "x")
        with pytest.raises(DatasetError, match="fetch or extract"):
            masks.read_labels(damaged, "x", role="annotation")


def test_a_jpeg_file_is_named_for_what_it_is():
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(buffer, format="JPEG")
    with pytest.raises(ScoreError, match=r"x is a JPEG file, and JPEG alters .* grey PNG of 0 and 255"):
        masks.read_mask(buffer.getvalue(), "x")


def test_an_animation_is_no_mask():
    pixels = np.zeros((2, 2), np.uint8)
    one = png_file(pixels, GREY, extra=[(b"acTL", struct.pack(">II", 1, 0))])
    assert not masks.read_mask(one, "x")[0].any()
    for content in (struct.pack(">II", 0, 0), struct.pack(">II", 2, 0), b""):
        with pytest.raises(ScoreError, match="x is an animation"):
            masks.read_mask(png_file(pixels, GREY, extra=[(b"acTL", content)]), "x")


def test_what_stands_twice_is_refused():
    data = png_file(np.zeros((2, 2), np.uint8), GREY, extra=[(b"tRNS", b"\0\0")], transparency=b"\0\1")
    with pytest.raises(DatasetError, match="two parts tRNS"):
        masks.check_png(data, "x")
    assert chunk(b"tRNS", b"\0\0") in data


def short(data, rows, line):
    """The file with the pixels of its first rows only, and everything else in order."""
    start = data.index(b"IDAT") - 4
    length = int.from_bytes(data[start : start + 4])
    pixels = zlib.decompress(data[start + 8 : start + 8 + length])
    return data[:start] + chunk(b"IDAT", zlib.compress(pixels[: rows * line])) + chunk(b"IEND", b"")


@pytest.mark.parametrize("corner", [0, 1, 165])
@pytest.mark.parametrize(
    ("kind", "bits"), [(GREY, 8), (PALETTE, 8), (GREY, 16), (RGB, 8), (RGB, 16), (GREY_ALPHA, 8)]
)
def test_pixels_that_end_early_are_refused_and_not_black(kind, bits, corner):
    """A header may lie about the height; Pillow would leave the other rows black."""
    channels = {GREY: 1, PALETTE: 1, RGB: 3, GREY_ALPHA: 2}[kind]
    samples = np.zeros((6, 5, channels), np.uint16)
    samples[2:] = corner
    if kind == GREY_ALPHA:
        samples[..., 1] = 255
    data = png_file(
        samples * (257 if bits == 16 else 1), kind, bits, table=VOC.table if kind == PALETTE else None
    )
    whole = masks.read_mask(data, "x", threshold=1)[0]
    assert whole[5, 4] == (corner > 0)
    line = 1 + 5 * channels * bits // 8
    assert np.array_equal(masks.read_mask(short(data, 6, line), "x", threshold=1)[0], whole)
    for rows in (1, 5):
        with pytest.raises(
            ScoreError, match=f"cannot be decoded as PNG .its pixels end after {rows * line} of"
        ):
            masks.read_mask(short(data, rows, line), "x", threshold=1)


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("interlaced", [False, True])
def test_a_last_pixel_that_looks_unread_is_counted(bits, interlaced):
    for size in ((1, 1), (1, 9), (7, 3), (2, 8)):
        pixels = np.full(size, 2**bits - 1)
        data = png_file(pixels, GREY, bits, interlaced=interlaced)
        assert masks.read_mask(data, "x")[0].all()
        with pytest.raises(ScoreError, match="cannot be decoded"):
            masks.read_mask(short(data, 0, 0), "x")
