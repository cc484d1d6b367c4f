"""The floors answer what they say, whatever the expression."""

from __future__ import annotations

import numpy as np
import pytest

from rvosbench.errors import ScoreError
from rvosbench.plugins.model import Load, Segmenter, Trait
from rvosbench.plugins.registry import MODELS
from rvosbench.types import Clip

NAMES = ("nothing", "everything", "centre", "random-object")


def clip(objects: int | None = 3, video_id: str = "v") -> Clip:
    frames = np.zeros((4, 8, 12, 3), np.uint8)
    drawn = None
    if objects is not None:
        drawn = np.zeros((objects, 2, 8, 12), np.bool_)
        for row in range(objects):
            drawn[row, :, row] = True
    return Clip(video_id=video_id, frames=frames, frame_indices=(0, 1, 2, 3), wanted=(1, 3), objects=drawn)


def answer(name: str, of: Clip, expressions: list[str], seed: int = 0):
    return MODELS[name].load(None, Load(seed=seed)).segment(of, expressions)


@pytest.mark.parametrize("name", NAMES)
def test_a_floor_is_a_model_like_any_other(name):
    spec = MODELS[name]
    assert isinstance(spec.load(None, Load()), Segmenter)
    assert Trait.LANGUAGE_BLIND in spec.traits
    assert not spec.needs_checkpoint
    assert spec.is_oracle == (name == "random-object")
    assert (Trait.EMPTY_ANSWERS in spec.traits) == (name == "nothing")
    for found in answer(name, clip(), ["a", "b"]):
        assert found.masks.shape == (1, 2, 8, 12)
        assert found.masks.dtype == np.bool_
        assert found.scores.shape == (1,)
        assert np.isfinite(found.scores).all()


def test_nothing_is_empty_and_everything_is_full():
    assert not answer("nothing", clip(), ["a"])[0].masks.any()
    assert answer("everything", clip(), ["a"])[0].masks.all()


def test_centre_is_a_quarter_of_the_frame_in_its_middle():
    mask = answer("centre", clip(), ["a"])[0].masks[0, 0]
    assert mask.sum() * 4 == mask.size
    assert (mask == mask[::-1, ::-1]).all()
    assert mask[4, 6]


def test_random_object_answers_with_true_objects_and_reaches_each_of_them():
    of = clip()
    found = answer("random-object", of, ["a"] * 40)
    rows = {next(row for row in range(3) if (of.objects[row] == each.masks[0]).all()) for each in found}
    assert rows == {0, 1, 2}


def test_random_object_does_not_read_the_expression():
    first = answer("random-object", clip(), ["the left one", "the red one"])
    second = answer("random-object", clip(), ["the right one", "the blue one"])
    assert all((a.masks == b.masks).all() for a, b in zip(first, second, strict=True))


def test_random_object_depends_on_the_seed_and_the_video():
    def rows(seed: int, video_id: str) -> bytes:
        found = answer("random-object", clip(video_id=video_id), ["a"] * 20, seed)
        return b"".join(each.masks.tobytes() for each in found)

    assert len({rows(0, "v"), rows(1, "v"), rows(0, "w")}) == 3


def test_random_object_without_objects_is_empty():
    assert not answer("random-object", clip(objects=0), ["a"])[0].masks.any()


def test_random_object_without_ground_truth_is_refused():
    with pytest.raises(ScoreError, match="ground-truth objects of v"):
        answer("random-object", clip(objects=None), ["a"])
