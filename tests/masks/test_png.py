from __future__ import annotations

import io
import random
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays
from PIL import Image

from rvosbench import masks
from rvosbench.errors import DatasetError, ScoreError
from tests.masks.png_files import GREY, chunk, png_file


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
