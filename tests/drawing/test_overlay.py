from itertools import combinations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rvosbench.drawing import overlay
from rvosbench.errors import ShapeError

RED, BLUE = (255, 0, 0), (0, 0, 255)

# Machado et al., "A Physiologically-based Model for Simulation of Color Vision Deficiency", 2009, severity 1.
SIGHT = {
    "full": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}


def grey(height=24, width=32):
    return np.full((height, width, 3), 100, np.uint8)


def rectangle(rows, columns, height=24, width=32):
    mask = np.zeros((height, width), np.bool_)
    mask[slice(*rows), slice(*columns)] = True
    return mask


def seen(colour, sight):
    value = np.array(colour) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    shown = np.clip(SIGHT[sight] @ linear, 0, 1)
    encoded = np.where(shown <= 0.0031308, 12.92 * shown, 1.055 * shown ** (1 / 2.4) - 0.055)
    return cv2.cvtColor(encoded.astype(np.float32)[None, None], cv2.COLOR_RGB2LAB)[0, 0]


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_stay_apart_for_everybody(sight):
    assert len(overlay.PALETTE) >= 8
    distances = [np.linalg.norm(seen(a, sight) - seen(b, sight)) for a, b in combinations(overlay.PALETTE, 2)]
    assert min(distances) > 15  # a difference of 2.3 is just noticeable
    verdicts = combinations((overlay.HIT, overlay.FALSE, overlay.MISSED), 2)
    assert min(np.linalg.norm(seen(a, sight) - seen(b, sight)) for a, b in verdicts) > 30


def test_tint_by_hand():
    drawn = overlay.blend(grey(), rectangle((2, 4), (3, 6))[None], [RED], alpha=0.5, outline=0)
    expected = grey()
    expected[2:4, 3:6] = (178, 50, 50)  # 100 / 2 + 255 / 2 = 177.5, rounded to even
    np.testing.assert_array_equal(drawn, expected)


def test_outline_lies_inside_the_mask_with_a_dark_rim_outside():
    drawn = overlay.blend(grey(), rectangle((5, 10), (5, 10))[None], [RED], alpha=0, outline=1)
    assert (drawn[5, 5:10] == RED).all() and (drawn[5:10, 9] == RED).all()
    assert (drawn[6:9, 6:9] == 100).all()
    assert (drawn[4, 5:10] < 100).all()
    assert (drawn[3] == 100).all()


def share(drawn, where, colour):
    """How much of `where` shows exactly this colour."""
    return (drawn == colour).all(-1)[where].mean()


def test_where_masks_overlap_both_colours_are_seen_in_diagonal_stripes():
    first, second = rectangle((0, 16), (0, 16)), rectangle((4, 20), (4, 20))
    drawn = overlay.blend(grey(), np.stack([first, second]), [RED, BLUE], alpha=1, outline=0)
    assert share(drawn, first & ~second, RED) == 1
    assert share(drawn, second & ~first, BLUE) == 1
    both = first & second
    assert share(drawn, both, RED) + share(drawn, both, BLUE) == 1
    assert share(drawn, both, RED) == pytest.approx(0.5, abs=0.1)
    assert (drawn[6, 7:15] == drawn[7, 6:14]).all()  # along a diagonal the colour stays


@pytest.mark.parametrize("base", [0, 110, 255], ids=["dark", "grey", "light"])
@pytest.mark.parametrize("side", [8, 60, 300])
@pytest.mark.parametrize("count", [2, 3])
def test_equal_masks_are_all_seen_in_pictures_of_every_size_and_brightness(base, side, count):
    frame = np.full((side * 6 // 5, side * 2, 3), base, np.uint8)
    mask = rectangle((side // 10, side + side // 10), (side // 2, side + side // 2), *frame.shape[:2])
    alone = [overlay.blend(frame, mask[None], [colour]) for colour in overlay.PALETTE[:count]]
    drawn = overlay.blend(frame, np.stack([mask] * count))
    for picture in alone:
        like = (drawn == picture).all(-1) & (picture != frame).any(-1) & mask
        assert like.sum() / mask.sum() > 0.5 / count


@given(seed=st.integers(0, 10_000), outline=st.integers(0, 3), alpha=st.sampled_from([0.0, 0.45, 1.0]))
@settings(max_examples=40, deadline=None)
def test_masks_without_overlap_are_drawn_one_after_the_other(seed, outline, alpha):
    rng = np.random.default_rng(seed)
    frame = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
    labels = cv2.resize(rng.integers(0, 5, (6, 8), dtype=np.uint8), (32, 24), interpolation=cv2.INTER_NEAREST)
    masks = np.stack([labels == label for label in range(1, 5)])
    expected = frame
    for mask, colour in zip(masks, overlay.PALETTE, strict=False):
        expected = overlay.blend(expected, mask[None], [colour], alpha=alpha, outline=outline)
    np.testing.assert_array_equal(overlay.blend(frame, masks, alpha=alpha, outline=outline), expected)


def test_border_of_the_frame_gets_no_contour():
    drawn = overlay.blend(grey(), np.ones((1, 24, 32), np.bool_), [RED], alpha=0, outline=2)
    np.testing.assert_array_equal(drawn, grey())


def test_colours_repeat_when_there_are_more_masks():
    masks = np.stack([rectangle((i, i + 1), (0, 1)) for i in range(3)])
    drawn = overlay.blend(grey(), masks, [RED, BLUE], alpha=1, outline=0)
    assert [tuple(drawn[i, 0]) for i in range(3)] == [RED, BLUE, RED]
    assert overlay.colour_of(overlay.COLOURS + 1) == overlay.PALETTE[1]


def test_thirty_expressions_have_thirty_colours_that_differ_by_eye():
    colours = np.array([overlay.colour_of(index) for index in range(30)], np.float32) / 255
    assert [overlay.colour_of(index) for index in range(8)] == list(overlay.PALETTE)
    lab = cv2.cvtColor(colours[None], cv2.COLOR_RGB2LAB)[0]
    distances = np.linalg.norm(lab[:, None] - lab[None], axis=-1)[~np.eye(30, dtype=bool)]
    assert distances.min() > 15, "2 can be seen side by side, 10 at a glance"


@given(seed=st.integers(0, 10_000), outline=st.integers(0, 4))
@settings(max_examples=40, deadline=None)
def test_pixels_more_than_one_away_from_every_mask_stay_as_they_are(seed, outline):
    rng = np.random.default_rng(seed)
    frame = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
    before = frame.copy()
    masks = rng.random((2, 24, 32)) > 0.97
    drawn = overlay.blend(frame, masks, outline=outline)
    near = cv2.dilate(masks.any(0).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    np.testing.assert_array_equal(drawn[~near], before[~near])
    np.testing.assert_array_equal(frame, before)


def test_no_masks_no_change():
    np.testing.assert_array_equal(overlay.blend(grey(), np.zeros((0, 24, 32), np.bool_)), grey())


@pytest.mark.parametrize(
    "masks", [np.zeros((1, 24, 31), np.bool_), np.zeros((24, 32), np.bool_), np.zeros((1, 24, 32), np.uint8)]
)
def test_masks_that_do_not_fit_are_refused(masks):
    with pytest.raises(ShapeError, match="24x32"):
        overlay.blend(grey(), masks)


def test_difference_colours_right_invented_and_missed():
    prediction, truth = rectangle((4, 20), (2, 20)), rectangle((4, 20), (10, 30))
    drawn = overlay.difference(grey(), prediction, truth, alpha=1)
    assert tuple(drawn[12, 15]) == overlay.HIT
    assert tuple(drawn[12, 5]) == overlay.FALSE
    assert tuple(drawn[12, 25]) == overlay.MISSED
    assert tuple(drawn[4, 25]) == (255, 255, 255)  # the true contour


def test_difference_takes_the_colours_of_the_scene_away():
    frame = np.zeros((24, 32, 3), np.uint8)
    frame[:] = overlay.HIT
    empty = np.zeros((24, 32), np.bool_)
    drawn = overlay.difference(frame, empty, empty)
    assert (drawn == drawn[..., :1]).all()


def test_legend_is_as_wide_as_the_frame_and_shows_each_colour():
    band = overlay.legend(320, [("the red cup", RED), ("the blue cup", BLUE)])
    assert band.shape[1:] == (320, 3) and band.dtype == np.uint8
    assert (band == RED).all(-1).any() and (band == BLUE).all(-1).any()


def test_long_expressions_are_wrapped_and_cut_after_three_lines():
    heights = [overlay.legend(200, [("word " * count, RED)]).shape[0] for count in (1, 8, 40, 4000)]
    assert heights[0] < heights[1] < heights[2] == heights[3]


def test_a_compact_legend_gives_each_expression_one_line_in_columns():
    entries = [("several words " * 20, overlay.colour_of(index)) for index in range(30)]
    full, compact = overlay.legend(320, entries), overlay.legend(320, entries, compact=True)
    assert compact.shape[0] < full.shape[0] / 5
    left, right = ({tuple(each) for each in half.reshape(-1, 3)} for half in np.split(compact, 2, axis=1))
    assert all(colour in (left if index < 15 else right) for index, (_, colour) in enumerate(entries))


def test_the_type_grows_with_the_picture():
    heights = [overlay.legend(width, [("the cup", RED)]).shape[0] for width in (160, 320, 1280, 3840)]
    assert heights[0] == heights[1] < heights[2] < heights[3]
    assert heights[3] / 3840 == pytest.approx(heights[2] / 1280, rel=0.1)


@pytest.mark.parametrize(
    "text", ["a" * 500, "line\nbreak\x1b[2J", "", "é — “Straße” шар שלום 中文", "\u202eabc"]
)
@pytest.mark.parametrize("width", [8, 32, 300])
def test_any_expression_can_be_set(text, width):
    assert overlay.legend(width, [(text, RED)]).shape[1] == width


def test_accents_are_not_drawn_as_boxes():
    box = overlay.legend(100, [("\uffff", RED)])
    assert (overlay.legend(100, [("é", RED)]) != box).any()
    assert (overlay.legend(100, [("é", RED)]) != overlay.legend(100, [("ß", RED)])).any()
