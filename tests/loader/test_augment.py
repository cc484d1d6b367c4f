from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rvosbench.loader.augment import Augmentation, Sample, jitter_colours, mirror, mirror_words


def sample(text: str = "the left one") -> Sample:
    generator = torch.Generator().manual_seed(0)
    return Sample(
        name="v/0",
        frames=torch.randint(0, 256, (2, 4, 6, 3), generator=generator, dtype=torch.uint8),
        masks=torch.rand(3, 2, 4, 6, generator=generator) > 0.5,
        labels=torch.tensor([1, 0, 2]),
        referred=0,
        text=text,
        wanted=(0, 1),
    )


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
    assert torch.equal(after.frames[:, :, 0], before.frames[:, :, -1])
    assert torch.equal(after.masks[..., 1], before.masks[..., -2])
    assert after.text == "the right one"
    assert torch.equal(after.labels, before.labels)


def test_synthetic_expressions_keep_their_kind_and_stay_true_when_mirrored():
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
