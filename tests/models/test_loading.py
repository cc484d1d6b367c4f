from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from rvosbench.errors import (
    CheckpointError,
    MissingPathError,
    OptionError,
    PluginError,
    ShapeError,
    UnknownNameError,
)
from rvosbench.models.loading import load_model
from rvosbench.plugins.model import ModelSpec, Trait
from rvosbench.plugins.registry import MODELS
from rvosbench.runs.content import weights_of
from rvosbench.types import Clip, Segmentation

FRAMES = np.zeros((3, 8, 12, 3), np.uint8)


@dataclass(frozen=True, kw_only=True)
class Options:
    """Of the model below."""

    threshold: float = 0.5
    text_encoder: str | None = None


class Listening:
    """Remembers what it was asked for; answers with as many empty masks as it was asked for."""

    def __init__(self, checkpoint, request):
        self.checkpoint, self.request, self.asked = checkpoint, request, []

    def segment(self, clip, expressions, candidates=1):
        self.asked.append((clip, list(expressions), candidates))
        masks = np.zeros((candidates, len(clip.wanted), *clip.frames.shape[1:3]), np.bool_)
        return [Segmentation(masks=masks, scores=np.ones(candidates, np.float32)) for _ in expressions]


LISTENING = ModelSpec(
    summary="listening",
    load=Listening,
    options=Options,
    traits=frozenset({Trait.NEEDS_CHECKPOINT}),
    candidates=lambda model: 7,
    settings=lambda model: {"layer": "last"},
)


@pytest.fixture(autouse=True)
def models():
    with MODELS.register("listening", LISTENING):
        yield


def test_a_model_is_loaded_with_what_was_given():
    model = load_model("listening", "weights", device="cuda", seed=3)
    assert model.segmenter.checkpoint == model.checkpoint == Path("weights")
    request = model.segmenter.request
    assert (request.device, request.seed, request.options) == ("cuda", 3, Options())
    assert model.candidates == 7


def test_options_are_typed_and_stand_among_the_settings_when_they_were_chosen():
    model = load_model("listening", "weights", options={"text-encoder": "some/name", "threshold": "0.25"})
    assert model.options == Options(threshold=0.25, text_encoder="some/name")
    assert model.settings == {"threshold": 0.25, "text_encoder": "some/name", "layer": "last"}
    assert load_model("listening", "weights").settings == {"layer": "last"}
    assert repr(model) == (
        "<model listening on cpu, from weights (threshold=0.25, text_encoder=some/name, layer=last)>"
    )
    assert repr(load_model("centre")) == "<model centre on cpu>"


def test_options_that_a_model_does_not_have_are_refused():
    with pytest.raises(UnknownNameError, match="the model 'centre' has no option 'text-encoder'"):
        load_model("centre", None, options={"text-encoder": "x"})
    with pytest.raises(UnknownNameError, match="did you mean 'threshold'"):
        load_model("listening", "weights", options={"treshold": "1"})
    with pytest.raises(
        OptionError, match="'threshold' of the model 'listening' is 'high', expected a number"
    ):
        load_model("listening", "weights", options={"threshold": "high"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"load": lambda checkpoint, request: 3},
            "loaded an instance of int, expected an object with a method segment",
        ),
        ({"settings": lambda model: {"layers": {1}}}, "settings of the model 'odd' are no plain JSON"),
        ({"settings": lambda model: {"share": float("nan")}}, "no plain JSON"),
        ({"candidates": lambda model: 0}, "says that it has 0 candidates"),
        ({"candidates": lambda model: 2.0}, "says that it has 2.0 candidates"),
    ],
)
def test_a_model_that_does_not_say_what_it_is_is_named(change, message):
    with MODELS.register("odd", replace(LISTENING, **change)), pytest.raises(PluginError, match=message):
        model = load_model("odd", "weights")
        assert model.settings and model.candidates


def test_weights_are_given_to_models_that_have_some():
    with pytest.raises(CheckpointError, match="'centre' has no weights; leave --checkpoint x out"):
        load_model("centre", Path("x"))
    with pytest.raises(MissingPathError, match="'listening' needs a checkpoint"):
        load_model("listening", None)


def test_an_unknown_model_or_precision_gets_a_hint():
    with pytest.raises(UnknownNameError, match="did you mean 'centre'"):
        load_model("center", None)
    with pytest.raises(UnknownNameError, match="'fp8' is not known; expected fp32 or bf16"):
        load_model("centre", precision="fp8")


def test_one_expression_has_one_answer_and_several_have_a_list():
    model = load_model("listening", "weights")
    alone = model.segment(FRAMES, "the red dog", 2)
    assert isinstance(alone, Segmentation) and alone.masks.shape == (2, 3, 8, 12)
    assert [answer.masks.shape for answer in model.segment(FRAMES, ["a", "b"])] == [(1, 3, 8, 12)] * 2
    assert model.segment(FRAMES, []) == []
    assert [(texts, n) for _, texts, n in model.segmenter.asked] == [
        *[(["the red dog"], 2), (["a", "b"], 1)],
        ([], 1),
    ]


def test_frames_alone_want_an_answer_everywhere_and_a_clip_is_passed_on():
    model = load_model("listening", "weights")
    model.segment(FRAMES, "a")
    assert model.segmenter.asked[0][0].wanted == model.segmenter.asked[0][0].frame_indices == (0, 1, 2)
    clip = Clip(video_id="v", frames=FRAMES, frame_indices=(3, 4, 5), wanted=(1,))
    assert model.segment(clip, "a").masks.shape == (1, 1, 8, 12)
    assert model.segmenter.asked[1][0] is clip


@pytest.mark.parametrize(
    "frames",
    [np.zeros((3, 3, 8, 12), np.uint8), FRAMES[0], FRAMES.astype(np.float32), FRAMES[:0]],
    ids=["channels first", "one frame", "float", "no frame"],
)
def test_frames_of_another_layout_are_refused(frames):
    with pytest.raises(ShapeError, match=r"expected \(frames, height, width, 3\) uint8 RGB"):
        load_model("centre").segment(frames, "a")


@pytest.mark.parametrize(
    ("masks", "scores", "message"),
    [
        (np.zeros((1, 3, 8, 11), np.bool_), np.ones(1, np.float32), r"masks \(1, 3, 8, 11\) bool"),
        (np.zeros((1, 2, 8, 12), np.bool_), np.ones(1, np.float32), r"of \(3, 8, 12\) bool"),
        (np.zeros((1, 3, 8, 12), np.uint8), np.ones(1, np.float32), "uint8"),
        (np.zeros((2, 3, 8, 12), np.bool_), np.ones(2, np.float32), "1 to 1 candidates"),
        (np.zeros((0, 3, 8, 12), np.bool_), np.ones(0, np.float32), "1 to 1 candidates"),
        (np.zeros((1, 3, 8, 12), np.bool_), np.ones(3, np.float32), r"scores \(3,\)"),
    ],
)
def test_answers_of_a_wrong_shape_name_the_model_and_the_expression(monkeypatch, masks, scores, message):
    wrong = [Segmentation(masks=masks, scores=scores)]
    monkeypatch.setattr(Listening, "segment", lambda self, clip, expressions, candidates: wrong)
    with pytest.raises(ShapeError, match=f"listening answered 'a' about clip with .*{message}"):
        load_model("listening", "weights").segment(FRAMES, "a")


def test_answers_of_a_wrong_number_are_refused(monkeypatch):
    monkeypatch.setattr(Listening, "segment", lambda self, clip, expressions, candidates: [])
    with pytest.raises(ShapeError, match="listening gave 0 answers to 2 expressions about clip"):
        load_model("listening", "weights").segment(FRAMES, ["a", "b"])


def test_a_trained_run_stands_for_its_weights(tmp_path):
    (tmp_path / "checkpoint").mkdir()
    assert weights_of(tmp_path) == tmp_path  # the training has not finished
    (tmp_path / "run.json").write_text("{}")
    assert weights_of(tmp_path) == tmp_path / "checkpoint"
    assert weights_of(tmp_path / "checkpoint") == tmp_path / "checkpoint"
