"""The mask of an expression is what a PNG file plainly shows; what is not plain is refused."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.masks.palettes import DAVIS, GREY, VOC, YOUTUBE_VOS
from tests.masks.png_files import GREY as GREY_TYPE
from tests.masks.png_files import GREY_ALPHA, PALETTE, RGB, RGBA, png_file

MASK = np.array([[0, 1, 1], [0, 0, 1]], np.uint8)
BLACK_AND_RED = [(0, 0, 0), (255, 0, 0)]


def mask_of(data, threshold=None):
    mask, cut = masks.read_mask(data, "x.png", threshold=threshold)
    assert mask.dtype == np.bool_
    return mask.astype(np.uint8).tolist(), cut


def stacked(*channels):
    return np.stack(channels, axis=2)


WHITE = MASK * np.uint8(255)
OPAQUE = np.full_like(MASK, 255)
PLAIN = {
    "1 bit": png_file(MASK, GREY_TYPE, 1),
    "grey 0 and 1": png_file(MASK, GREY_TYPE),
    "grey 0 and 255": png_file(WHITE, GREY_TYPE),
    "grey 0 and 7": png_file(MASK * 7, GREY_TYPE),
    "grey 0 and 3 of 2 bits": png_file(MASK * 3, GREY_TYPE, 2),
    "grey 0 and 1 of 4 bits": png_file(MASK, GREY_TYPE, 4),
    "16 bits, 0 and 1": png_file(MASK, GREY_TYPE, 16),
    "16 bits, 0 and 255": png_file(WHITE, GREY_TYPE, 16),
    "16 bits, 0 and 65535": png_file(MASK * np.uint16(65535), GREY_TYPE, 16),
    "grey and opaque": png_file(stacked(WHITE, OPAQUE), GREY_ALPHA),
    "grey and the same alpha": png_file(stacked(WHITE, WHITE), GREY_ALPHA),
    "16 bits of grey and opaque": png_file(stacked(MASK, MASK * 0 + 1) * np.uint16(65535), GREY_ALPHA, 16),
    "RGB of white": png_file(stacked(WHITE, WHITE, WHITE), RGB),
    "RGB of 0 and 1": png_file(stacked(MASK, MASK, MASK), RGB),
    "RGB of red": png_file(stacked(WHITE, MASK * 0, MASK * 0), RGB),
    "RGB of any colour": png_file(stacked(MASK * 3, MASK * 99, MASK * 40), RGB),
    "RGB of 16 bits": png_file(stacked(WHITE, WHITE, MASK * 0) * np.uint16(257), RGB, 16),
    "RGBA and opaque": png_file(stacked(WHITE, WHITE, WHITE, OPAQUE), RGBA),
    "RGBA, clear where black": png_file(stacked(WHITE, MASK * 0, MASK * 0, WHITE), RGBA),
    "palette of DAVIS": png_file(MASK, PALETTE, table=DAVIS.table),
    "palette of DAVIS, object 7, which is grey": png_file(MASK * 7, PALETTE, table=DAVIS.table),
    "palette of PASCAL VOC, 255": png_file(WHITE, PALETTE, table=VOC.table),
    "palette of grey, 0 and 255": png_file(WHITE, PALETTE, table=GREY.table),
    "palette of 1 bit": png_file(MASK, PALETTE, 1, table=[(0, 0, 0), (255, 255, 255)]),
    "palette with white at 0": png_file(1 - MASK, PALETTE, 1, table=[(255, 255, 255), (0, 0, 0)]),
    "palette with a colour at 0": png_file(1 - MASK, PALETTE, 1, table=BLACK_AND_RED[::-1]),
    "palette with a clear background": png_file(MASK, PALETTE, table=BLACK_AND_RED, transparency=b"\0"),
    "gamma": png_file(WHITE, GREY_TYPE, extra=[(b"gAMA", struct.pack(">I", 220000))]),
    "interlaced": png_file(WHITE, GREY_TYPE, interlaced=True),
}


@pytest.mark.parametrize("kind", PLAIN)
def test_every_plain_kind_is_the_mask(kind):
    assert mask_of(PLAIN[kind]) == (MASK.tolist(), False)


@pytest.mark.parametrize(
    "kind", [kind for kind in PLAIN if kind.split(",")[0] not in ("grey 0 and 1", "16 bits")]
)
def test_a_threshold_leaves_black_and_white_and_colours_as_they_are(kind):
    if any(word in kind for word in ("0 and 1", "0 and 7")):
        assert mask_of(PLAIN[kind], 128) == ((MASK * 0).tolist(), True)
    else:
        assert mask_of(PLAIN[kind], 128) == (MASK.tolist(), False)


@pytest.mark.parametrize(
    ("level", "bits"), [(1, 1), (1, 8), (255, 8), (3, 2), (1, 16), (255, 16), (65535, 16)]
)
def test_an_object_may_fill_the_frame_and_none_may_be_there(level, bits):
    full = np.full((2, 3), level)
    assert mask_of(png_file(full, GREY_TYPE, bits)) == ([[1] * 3] * 2, False)
    assert mask_of(png_file(full * 0, GREY_TYPE, bits)) == ([[0] * 3] * 2, False)
    assert mask_of(png_file(full * 0, GREY_TYPE, bits), 1) == ([[0] * 3] * 2, False)


def test_a_palette_file_may_be_full_of_one_object():
    for table in (DAVIS.table, BLACK_AND_RED, [(0, 0, 0), (255, 255, 255)]):
        assert mask_of(png_file([[1, 1]], PALETTE, table=table))[0] == [[1, 1]]
        assert mask_of(png_file([[0, 0]], PALETTE, table=table))[0] == [[0, 0]]


@pytest.mark.parametrize("palette", [VOC, DAVIS, YOUTUBE_VOS])
def test_a_label_map_in_known_colours_is_the_union_in_whatever_order(palette):
    labels = np.array([[0, 1, 3], [2, 0, 5]], np.uint8)
    union = (labels > 0).astype(np.uint8).tolist()
    order = np.array([5, 4, 0, 3, 2, 1])
    assert mask_of(png_file(labels, PALETTE, table=palette.table))[0] == union
    assert mask_of(png_file(np.argsort(order)[labels], PALETTE, 4, table=palette.table[order]))[0] == union
    assert mask_of(png_file(palette.table[labels], RGB))[0] == union


REFUSED = {
    "has 3 levels": (png_file([[0, 1, 2]], GREY_TYPE), "holds 3 values from 0 to 2, a mask has two"),
    "no background": (png_file([[254, 255]], GREY_TYPE), "holds the values 254 and 255, none of them the 0"),
    "1 and 2": (png_file([[1, 2]], GREY_TYPE), "holds the values 1 and 2"),
    "all 7": (png_file([[7, 7]], GREY_TYPE), "is 7 everywhere, which is neither 0 nor 1 nor white"),
    "soft": (png_file([range(4, 200)], GREY_TYPE), "holds 196 values from 4 to 199"),
    "soft, 16 bits": (png_file([[0, 400, 65535]], GREY_TYPE, 16), "holds 3 values from 0 to 65535"),
    "soft, 2 bits": (png_file([[0, 1, 2, 3]], GREY_TYPE, 2), "holds 4 values from 0 to 3"),
    "soft RGB": (png_file(np.repeat(np.arange(9)[None, :, None], 3, 2), RGB), "holds 9 values from 0 to 8"),
    "soft palette": (png_file([range(50)], PALETTE, table=GREY.table), "holds 50 values from 0 to 49"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_grey_that_is_no_mask_is_refused_with_its_values_and_the_way_out(kind):
    data, message = REFUSED[kind]
    with pytest.raises(ScoreError, match=f"^x.png {message}.*0 and 255.* --threshold T") as caught:
        masks.read_mask(data, "x.png")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (png_file([[0, 1, 2]], PALETTE, table=[(0, 0, 0), (255, 0, 0), (0, 255, 0)]), "is in 3 colours"),
        (png_file([[0, 1]], PALETTE, table=[(255, 0, 0), (0, 255, 0)]), "2 colours, without the black of a"),
        (png_file([[[255, 0, 0]]], RGB), "is in 1 colours, without the black"),
        (png_file([[0, 1]], PALETTE, table=[(0, 0, 0)] * 2), "the values 0 and 1 in one colour, #000000"),
        (png_file([[0, 3]], PALETTE, table=BLACK_AND_RED), "pixels of value 3, its palette has 2 colours"),
        (png_file([[0, 1, 255]], PALETTE, table=DAVIS.table), "void pixels beside objects"),
        (png_file([[0, 1, 255]], PALETTE, table=VOC.table), "void pixels beside objects"),
        (png_file(DAVIS.table[[[0, 1, 255]]], RGB), "void pixels beside objects"),
        (png_file([[0, 1]], PALETTE, table=BLACK_AND_RED, transparency=b"\xff\0"), "invisible pixels"),
        (png_file(stacked(OPAQUE, WHITE), GREY_ALPHA), "is partly transparent"),
        (png_file(stacked(MASK * 0, MASK * 0, MASK * 0, WHITE), RGBA), "is partly transparent"),
        (png_file(stacked(WHITE, WHITE, WHITE, OPAQUE // 2), RGBA), "is partly transparent"),
        (png_file(np.random.default_rng(0).integers(0, 256, (9, 9, 3)), RGB), "is in 81 colours"),
    ],
)
def test_colours_and_transparency_that_show_no_mask_are_refused_as_predictions(data, message):
    with pytest.raises(ScoreError, match=f"^x.png .*{message}.*; write the mask as a grey PNG of 0 and 255"):
        masks.read_mask(data, "x.png", threshold=128)


@given(arrays.arrays(np.uint8, (3, 5)), st.integers(1, 255))
def test_a_threshold_cuts_grey_from_its_level_on(levels, threshold):
    expected = (levels >= threshold).astype(np.uint8).tolist()
    for data in (
        png_file(levels, GREY_TYPE),
        png_file(levels.astype(np.uint16) * 257, GREY_TYPE, 16),
        png_file(levels, PALETTE, table=GREY.table),
        png_file(np.repeat(levels[..., None], 3, axis=2), RGB),
    ):
        assert mask_of(data, threshold)[0] == expected
        assert mask_of(data, threshold)[1] == (not set(levels.ravel().tolist()) <= {0, 255})


@given(st.integers(1, 255))
def test_other_depths_are_scaled_so_that_white_is_255(threshold):
    for bits in (2, 4):
        levels = np.arange(2**bits, dtype=np.uint8)[None]
        scaled = levels.astype(float) * 255 / (2**bits - 1)
        assert mask_of(png_file(levels, GREY_TYPE, bits), threshold)[0] == (scaled >= threshold).tolist()
    wide = np.array([[0, 1, threshold * 257 - 1, threshold * 257, 65535]], np.uint16)
    assert mask_of(png_file(wide, GREY_TYPE, 16), threshold) == ([[0, 0, 0, 1, 1]], True)


def test_sixteen_bits_that_do_not_say_what_white_is_are_not_cut():
    data = png_file([[0, 9, 200]], GREY_TYPE, 16)
    with pytest.raises(
        ScoreError, match="16 bits and values up to 200, which does not tell whether white is"
    ):
        masks.read_mask(data, "x.png", threshold=128)


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(np.bool_, arrays.array_shapes(min_dims=2, max_dims=2, min_side=8, max_side=24)),
    st.integers(50, 95),
)
def test_jpeg_noise_is_never_taken_for_a_mask_of_other_pixels(mask, quality):
    """Any mask through JPEG: refused, or equal; and at a threshold of 128 nearly as it was."""
    buffer = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * np.uint8(255)).save(buffer, format="JPEG", quality=quality)
    with Image.open(buffer) as image:
        noisy = np.asarray(image)
    assume(mask.any())  # black may come back as 1 everywhere, which is a full mask of 0 and 1
    data = png_file(noisy, GREY_TYPE)
    try:
        read, _ = masks.read_mask(data, "x.png")
    except ScoreError as error:
        assert "--threshold" in str(error)
    else:
        assert np.array_equal(read, mask)
    assert np.array_equal(masks.read_mask(data, "x.png", threshold=128)[0], noisy >= 128)
