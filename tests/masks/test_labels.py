"""Label maps of every kind read back as the ids that were meant, or are refused; never as other ids."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rvosbench import masks
from rvosbench.errors import DatasetError, ScoreError
from rvosbench.masks.palettes import DAVIS, GREY, VOC, YOUTUBE_VOS
from tests.masks.png_files import GREY as GREY_TYPE
from tests.masks.png_files import GREY_ALPHA, PALETTE, RGB, RGBA, png_file

CVAT = np.array([(0, 0, 0), (250, 50, 83), (36, 179, 83), (255, 204, 51), (51, 221, 255)], np.uint8)


def ids_of(data):
    return masks.read_labels(data, "x", role="annotation")


def in_rgb(data):
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


@st.composite
def label_maps(draw, palette):
    ids = draw(st.lists(st.sampled_from(palette.used), min_size=1, max_size=6, unique=True))
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    cells = st.lists(st.sampled_from(ids), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1])
    return np.array(draw(cells), np.uint8).reshape(shape)


@st.composite
def sorted_anew(draw, palettes=(VOC, DAVIS, YOUTUBE_VOS)):
    """A label map, and the file an optimiser makes of it: another order, perhaps fewer colours."""
    palette = draw(st.sampled_from(palettes))
    labels = draw(label_maps(palette))
    used = np.unique(labels)
    kept = draw(st.sampled_from([used, np.array(palette.used), np.arange(256)]))
    order = np.array(draw(st.permutations(kept.tolist())))
    table = palette.table[order]
    place = np.zeros(256, np.uint8)
    place[order] = np.arange(len(order))
    bits = draw(st.sampled_from([b for b in (1, 2, 4, 8) if len(order) <= 2**b]))
    interlaced = draw(st.booleans())
    return labels, png_file(place[labels], PALETTE, bits, table=table, interlaced=interlaced), palette, table


@settings(max_examples=150, deadline=None)
@given(sorted_anew())
def test_a_palette_sorted_anew_gives_the_same_ids_or_none(made):
    labels, data, palette, table = made
    assert np.array_equal(in_rgb(data), palette.table[labels])  # the picture is the same
    try:
        read = ids_of(data)
    except DatasetError as error:
        assert "\n" not in str(error)
        # The colours of several palettes: white is void in DAVIS and object 9 in YouTube-VOS, some are grey.
        all_grey = not (palette.table[labels] != palette.table[labels][..., :1]).any()
        assert all_grey or (len(table) == 2 and not table[0].any())
    else:
        if table.tolist() == [[0, 0, 0], [255, 255, 255]]:
            return  # a file of black and white is a mask to everybody: see below
        assert np.array_equal(read, labels)


def test_an_object_is_found_by_its_colour_wherever_the_optimiser_put_it():
    labels = np.array([[0, 1, 2, 2], [0, 0, 1, 2]], np.uint8)
    for palette in (VOC, DAVIS, YOUTUBE_VOS):
        order = [2, 0, 1]
        data = png_file(np.argsort(order)[labels], PALETTE, 2, table=palette.table[order])
        assert np.array_equal(ids_of(data), labels)
        whole = np.roll(np.arange(256), 3)
        assert np.array_equal(
            ids_of(png_file((labels + 3).astype(np.uint8), PALETTE, table=palette.table[whole])), labels
        )


def test_only_the_used_colours_are_left_of_a_palette():
    """Index 1 of the file is object 8 of the release."""
    for palette in (VOC, DAVIS, YOUTUBE_VOS):
        data = png_file([[0, 1]], PALETTE, 1, table=palette.table[[0, 8]])
        assert ids_of(data).tolist() == [[0, 8]]
        data = png_file([[0, 1, 2]], PALETTE, 2, table=palette.table[[0, 2, 4]])
        assert ids_of(data).tolist() == [[0, 2, 4]]


def test_black_and_green_alone_may_be_anybodys():
    """Green of HTML is object 2 of DAVIS; index 1 of a file of our own would be object 1."""
    data = png_file([[0, 1]], PALETTE, 1, table=[(0, 0, 0), (0, 128, 0)])
    with pytest.raises(DatasetError, match="x has a palette in which #000000, #008000 do not prove which"):
        ids_of(data)
    assert ids_of(png_file([[0, 1]], PALETTE, 1, table=[(0, 0, 0), (128, 0, 0)])).tolist() == [[0, 1]]


@pytest.mark.parametrize("table", [VOC.table, DAVIS.table, YOUTUBE_VOS.table, GREY.table, CVAT])
@pytest.mark.parametrize("interlaced", [False, True])
def test_indices_are_ids_where_the_palette_is_in_order(table, interlaced):
    labels = np.random.default_rng(0).integers(0, 5, (11, 13)).astype(np.uint8)
    for bits in (4, 8):
        data = png_file(labels, PALETTE, bits, table=table[: 2**bits], interlaced=interlaced)
        assert np.array_equal(ids_of(data), labels)


def test_void_of_davis_survives_with_its_palette_in_order_and_sorted_anew():
    labels = np.array([[0, 1, 255]], np.uint8)
    assert np.array_equal(ids_of(png_file(labels, PALETTE, table=DAVIS.table)), labels)
    assert np.array_equal(ids_of(png_file(labels, PALETTE, table=VOC.table)), labels)
    assert np.array_equal(ids_of(png_file([[1, 0, 2]], PALETTE, table=DAVIS.table[[1, 0, 255]])), labels)


@pytest.mark.parametrize(
    "table", [[(0, 0, 0)] * 256, [(7, 7, 7)] * 256, [(0, 0, 0), (255, 0, 0)] + [(0, 0, 0)] * 99]
)
def test_ids_that_look_alike_are_told_apart_by_their_values(table):
    labels = np.array([[0, 1, 2, 3]], np.uint8)
    assert np.array_equal(ids_of(png_file(labels, PALETTE, table=table)), labels)


def test_black_and_white_is_one_object_as_in_a_file_of_one_bit():
    for bits in (1, 8):
        for padding in ([], [(0, 0, 0)] * (0 if bits == 1 else 20)):
            table = [(0, 0, 0), (255, 255, 255), *padding]
            assert ids_of(png_file([[0, 1]], PALETTE, bits, table=table)).tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([(255, 255, 255), (0, 0, 0)], "has #ffffff at index 0 of its palette, not the black"),
        ([(9, 9, 200), (0, 0, 0), (200, 0, 0)], "has #0909c8 at index 0"),
        (
            [(0, 0, 0), (128, 128, 128), (255, 255, 255)],
            "#000000, #808080, #ffffff do not prove which object",
        ),
        (DAVIS.table[[3, 0, 255, *range(4, 22), 1, 2]] // 2 * 2, "not the black of a background"),
    ],
)
def test_a_palette_that_proves_nothing_is_refused_in_one_line(table, message):
    data = png_file([[0, 1, min(2, len(table) - 1)]], PALETTE, table=table)
    with pytest.raises(DatasetError, match=f"x .*{message}") as caught:
        ids_of(data)
    assert "fetch the palette PNG of the release" in str(caught.value)
    with pytest.raises(ScoreError, match="write a palette or grey PNG whose values are the object ids"):
        masks.read_labels(data, "x", role="prediction")


LEVELS = np.array([[0, 1, 2, 3], [3, 2, 1, 0]], np.uint8)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("bits", [2, 4, 8, 16])
def test_grey_levels_are_ids_at_every_depth(bits, interlaced):
    assert np.array_equal(ids_of(png_file(LEVELS, GREY_TYPE, bits, interlaced=interlaced)), LEVELS)
    opaque = np.full_like(LEVELS, 255)
    if bits == 8:
        assert np.array_equal(ids_of(png_file(np.stack([LEVELS, opaque], 2), GREY_ALPHA)), LEVELS)
        assert np.array_equal(ids_of(png_file(np.stack([LEVELS] * 3, 2), RGB)), LEVELS)


def test_one_bit_is_background_and_object_1():
    assert ids_of(png_file([[0, 1]], GREY_TYPE, 1)).tolist() == [[0, 1]]
    assert ids_of(png_file([[0, 1]], GREY_TYPE, 8)).tolist() == [[0, 1]]


def test_sixteen_bits_that_were_made_from_eight_are_those():
    wide = LEVELS.astype(np.uint16) * 257
    assert np.array_equal(ids_of(png_file(wide, GREY_TYPE, 16)), LEVELS)
    assert np.array_equal(ids_of(png_file(np.stack([wide, wide * 0 + 65535], 2), GREY_ALPHA, 16)), LEVELS)
    colours = DAVIS.table[LEVELS].astype(np.uint16) * 257
    assert np.array_equal(ids_of(png_file(colours, RGB, 16)), LEVELS)
    opaque = np.concatenate([colours, np.full_like(colours[..., :1], 65535)], 2)
    assert np.array_equal(ids_of(png_file(opaque, RGBA, 16)), LEVELS)
    with pytest.raises(DatasetError, match="x has 16 bits and values up to 300"):
        ids_of(png_file(LEVELS * np.uint16(100), GREY_TYPE, 16))
    with pytest.raises(DatasetError, match="in colour with 16 bits a channel"):
        ids_of(png_file(colours + 1, RGB, 16))


@pytest.mark.parametrize(
    "extra",
    [
        [(b"gAMA", struct.pack(">I", 220000))],
        [(b"sRGB", b"\0")],
        [(b"cHRM", struct.pack(">8I", *[30000] * 8)), (b"gAMA", struct.pack(">I", 45455))],
        [(b"sBIT", b"\1\1\1")],
        [(b"pHYs", struct.pack(">IIB", 10, 20, 0)), (b"tIME", bytes(7))],
    ],
)
def test_what_a_viewer_would_apply_changes_no_value(extra):
    labels = np.array([[0, 1, 2, 3, 200]], np.uint8)
    assert np.array_equal(ids_of(png_file(labels, PALETTE, table=DAVIS.table, extra=extra)), labels)
    if extra[0][0] != b"sBIT":
        assert np.array_equal(ids_of(png_file(labels, GREY_TYPE, extra=extra)), labels)
    colours = DAVIS.table[LEVELS]
    assert np.array_equal(ids_of(png_file(colours, RGB, extra=extra)), LEVELS)
    wide = colours.astype(np.uint16) * 257
    assert np.array_equal(ids_of(png_file(wide, RGB, 16, extra=extra)), LEVELS)


def test_transparency_matters_where_it_hides_an_object():
    labels = np.array([[0, 1, 2]], np.uint8)
    for clear_background in (b"\0", b"\0\xff\xff", b"\0\x80\x80", b"\xff"):
        data = png_file(labels, PALETTE, table=DAVIS.table, transparency=clear_background)
        assert np.array_equal(ids_of(data), labels)
    unused = png_file(labels, PALETTE, table=DAVIS.table, transparency=b"\0\xff\xff\0")
    assert np.array_equal(ids_of(unused), labels)
    with pytest.raises(DatasetError, match="x shows object 2 in invisible pixels"):
        ids_of(png_file(labels, PALETTE, table=DAVIS.table, transparency=b"\xff\xff\0"))


def test_a_clear_background_of_grey_and_colour_is_fine_and_clear_objects_are_not():
    assert np.array_equal(ids_of(png_file(LEVELS, GREY_TYPE, transparency=b"\0\0")), LEVELS)
    assert np.array_equal(ids_of(png_file(LEVELS, GREY_TYPE, transparency=b"\0\x09")), LEVELS)
    with pytest.raises(DatasetError, match="x is partly transparent"):
        ids_of(png_file(LEVELS, GREY_TYPE, transparency=b"\0\2"))
    colours = DAVIS.table[LEVELS]
    assert np.array_equal(ids_of(png_file(colours, RGB, transparency=bytes(6))), LEVELS)
    with pytest.raises(DatasetError, match="x is partly transparent"):
        ids_of(png_file(colours, RGB, transparency=struct.pack(">3H", 128, 0, 0)))
    alpha = np.where(LEVELS > 0, 255, 0).astype(np.uint8)[..., None]
    assert np.array_equal(ids_of(png_file(np.concatenate([colours, alpha], 2), RGBA)), LEVELS)
    for wrong in (255 - alpha, alpha // 2, np.zeros_like(alpha)):
        with pytest.raises(DatasetError, match="x is partly transparent"):
            ids_of(png_file(np.concatenate([colours, wrong], 2), RGBA))


def test_a_palette_png_without_a_palette_is_damaged():
    with pytest.raises(DatasetError, match=r"without a whole palette|cannot be decoded"):
        ids_of(png_file([[0, 1]], PALETTE))
    with pytest.raises(DatasetError, match=r"without a whole palette|cannot be decoded"):
        ids_of(png_file([[0, 1]], PALETTE, extra=[(b"PLTE", b"1234")]))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([VOC, DAVIS, YOUTUBE_VOS]).flatmap(lambda p: st.tuples(st.just(p), label_maps(p))))
def test_a_copy_in_another_mode_gives_the_same_ids_or_none(drawn):
    palette, labels = drawn
    original = Image.fromarray(labels)
    original.putpalette(palette.table.tobytes())
    for mode in ("RGB", "RGBA", "P"):
        buffer = io.BytesIO()
        original.convert(mode).save(buffer, format="PNG", optimize=True)
        try:
            read = ids_of(buffer.getvalue())
        except DatasetError:
            assert mode != "P"
            continue
        if mode == "P" and set(np.unique(palette.table[labels])) <= {0, 255} and labels.max() > 1:
            continue  # black and white, as above
        assert np.array_equal(read, labels), mode
