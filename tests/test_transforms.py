from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rvosbench.transforms import (
    Augmentation,
    Sample,
    Side,
    jitter_colours,
    mirror,
    mirror_words,
    resize_frames,
    resize_masks,
)


def sample(text: str = "the left one") -> Sample:
    generator = torch.Generator().manual_seed(0)
    return Sample(
        name="v/0",
        frames=torch.randint(0, 256, (2, 3, 4, 6), generator=generator, dtype=torch.uint8),
        masks=torch.rand(3, 2, 4, 6, generator=generator) > 0.5,
        labels=torch.tensor([1, 0, 2]),
        referred=0,
        text=text,
        wanted=(0, 1),
    )


@pytest.mark.parametrize(
    ("side", "size", "expected"),
    [
        (Side(360, 640), (720, 1280), (360, 640)),
        (Side(360, 640), (480, 854), (360, 640)),  # 640.5 floored
        (Side(360, 640), (1280, 720), (640, 360)),
        (Side(320, 576), (240, 320), (320, 426)),  # 426.67 floored
        (Side(64, 128), (96, 128), (64, 85)),
        (Side(360, 640), (100, 1000), (64, 640)),
        (Side(4, 10), (1, 1000), (1, 1000)),  # a side never vanishes
    ],
)
def test_the_short_side_is_met_unless_the_long_one_would_grow_too_long(side, size, expected):
    assert side.of(*size) == expected


def test_training_clips_have_the_size_that_soc_answers_at():
    pixels = pytest.importorskip("rvosbench.models.soc.pixels")
    rng = np.random.default_rng(0)
    for height, width in rng.integers(20, 2000, (300, 2)).tolist():
        assert Side(360, 640).of(height, width) == pixels.resized_size((height, width), 360, 640)


def test_frames_are_averaged_over_their_source_area():
    stripes = np.zeros((1, 3, 4, 8), np.uint8)
    stripes[..., ::2] = 200
    resized = resize_frames(stripes, 2, 4)
    assert resized.shape == (1, 3, 2, 4)
    assert (np.abs(resized.astype(int) - 100) <= 25).all()  # one in two pixels alone would give 0 or 200


def test_a_mask_takes_the_source_pixel_under_each_new_centre():
    mask = np.arange(6)[None] == np.array([[1]])  # (1, 6), only column 1
    assert resize_masks(mask, 1, 2).tolist() == [[True, False]]  # centres at 1.5 and 4.5 of 6
    assert resize_masks(mask, 1, 12)[0].nonzero()[0].tolist() == [2, 3]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 60), st.integers(1, 60))
def test_resized_masks_mirror_as_their_sources_do_at_whole_ratios(height, width, rows, columns):
    rng = np.random.default_rng(height * 41 + width)
    mask = rng.random((height, width)) > 0.5
    grown = resize_masks(mask, height * 3, width * 3)
    assert (grown == np.kron(mask, np.ones((3, 3), np.bool_))).all()
    assert resize_masks(mask, rows, columns).shape == (rows, columns)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the left one", "the right one"),
        ("the bright dog", "the bright dog"),
        ("Left, RIGHT and leftmost", "Right, LEFT and rightmost"),
        ("moving rightwards, upright, leftover", "moving leftwards, upright, leftover"),
        ("right-hand side", "left-hand side"),
        ("", ""),
    ],
)
def test_left_and_right_change_places_as_whole_words(text, expected):
    assert mirror_words(text) == expected


@given(st.text() | st.sampled_from(["left Right", "LEFTMOST bright", "to the left of the right one"]))
def test_mirroring_words_twice_changes_nothing(text):
    assert mirror_words(mirror_words(text)) == text


def test_mirroring_moves_pixels_masks_and_words_together():
    before = sample()
    after = mirror(before)
    assert torch.equal(after.frames[..., 0], before.frames[..., -1])
    assert torch.equal(after.masks[..., 1], before.masks[..., -2])
    assert after.text == "the right one"
    assert torch.equal(after.labels, before.labels)


def test_synthetic_sentences_keep_their_kind_and_stay_true_when_mirrored():
    synthetic = pytest.importorskip("rvosbench.synthetic")
    for text in synthetic.grammar_sentences()[::7]:
        assert synthetic.kind_of(mirror_words(text)) == synthetic.kind_of(text)


def test_colour_jitter_is_a_function_of_the_rng_and_keeps_the_masks():
    before = sample()
    one = jitter_colours(before, 0.4, np.random.default_rng(3))
    two = jitter_colours(before, 0.4, np.random.default_rng(3))
    assert torch.equal(one.frames, two.frames)
    assert not torch.equal(one.frames, before.frames)
    assert one.masks is before.masks


def test_no_jitter_leaves_the_pixels_alone():
    before = sample()
    assert torch.equal(jitter_colours(before, 0.0, np.random.default_rng(0)).frames, before.frames)


def test_the_share_of_mirrored_clips_is_the_probability():
    before, augment = sample(), Augmentation(mirror=0.3)
    texts = [augment(before, np.random.default_rng((1, n))).text for n in range(1000)]
    assert 250 < texts.count("the right one") < 350


def test_certain_and_impossible_mirroring():
    rng = np.random.default_rng(0)
    assert all(Augmentation(mirror=1.0)(sample(), rng).text == "the right one" for _ in range(50))
    assert all(Augmentation()(sample(), rng).text == "the left one" for _ in range(50))
