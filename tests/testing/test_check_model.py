"""Every promise of a model has an example here that breaks it, and the built-in models keep them all."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from rvosbench.errors import UnknownNameError
from rvosbench.plugins.model import ModelSpec, Training, Trait
from rvosbench.plugins.registry import MODELS, OURS
from rvosbench.testing import CheckFailed, check_model
from rvosbench.testing.tiny_model import TINY, TinyNet, TinySegmenter, create, save
from rvosbench.types import Segmentation

BUILT_IN = sorted(name for name, entry in MODELS.entries().items() if entry.distribution == OURS)


class Good:
    """Red or blue pixels, and as a second candidate all others."""

    def segment(self, clip, expressions, candidates=1):
        return [self.answer(clip, text, candidates) for text in expressions]

    def answer(self, clip, text, candidates):
        channel = 0 if "red" in text else 2
        mask = clip.frames[list(clip.wanted)][..., channel] > 200
        masks = np.stack([mask, ~mask])[:candidates]
        return Segmentation(masks=masks, scores=np.linspace(1, 0.5, len(masks), dtype=np.float32))


GOOD = ModelSpec(summary="colours", load=lambda checkpoint, request: Good(), candidates=lambda segmenter: 2)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_model_keeps_all_promises(name):
    done = check_model(name, preset="soc-demo" if name == "soc" else None)
    assert len(done) == (19 if MODELS[name].training else 13)
    assert not {"checked", "tiny"} & set(MODELS)


def test_a_spec_need_not_be_registered():
    assert "answers a clip of one frame" in check_model(GOOD)
    assert "a step of training changes its weights and leaves a checkpoint that loads" in check_model(TINY)
    with MODELS.register("good", GOOD):
        assert check_model("good") == check_model(GOOD)


def broken(**methods):
    """`Good` with other methods."""
    segmenter = type("Broken", (Good,), methods)()
    return replace(GOOD, load=lambda checkpoint, request: segmenter)


def changed(**fields):
    """Each answer of `Good`, with other masks or scores."""

    def answer(self, clip, text, candidates):
        given = Good.answer(self, clip, text, candidates)
        return replace(given, **{name: change(getattr(given, name)) for name, change in fields.items()})

    return broken(answer=answer)


def raising(when):
    def segment(self, clip, expressions, candidates=1):
        if when(clip, expressions):
            raise ValueError("two\nlines")
        return Good.segment(self, clip, expressions, candidates)

    return broken(segment=segment)


class Remembering(Good):
    """Answers nothing at the second question."""

    asked = 0

    def segment(self, clip, expressions, candidates=1):
        self.asked += 1
        given = super().segment(clip, expressions, candidates)
        return [replace(answer, masks=answer.masks & (self.asked == 1)) for answer in given]


def seeded(checkpoint, request):
    segmenter = Good()
    noise = np.random.default_rng().random()

    def answer(clip, text, candidates):
        given = Good.answer(segmenter, clip, text, candidates)
        return replace(given, scores=given.scores - np.float32(noise))

    segmenter.answer = answer
    return segmenter


def painting(self, clip, expressions, candidates=1):
    answers = Good.segment(self, clip, expressions, candidates)
    clip.frames[:] = 0
    return answers


def emptying(self, clip, expressions, candidates=1):
    answers = Good.segment(self, clip, expressions, candidates)
    expressions.clear()
    return answers


def crowded(self, clip, expressions, candidates=1):
    """Answers the first of several expressions only."""
    answers = Good.segment(self, clip, expressions, candidates)
    return [replace(a, masks=a.masks ^ (n > 0 and len(expressions) > 1)) for n, a in enumerate(answers)]


def everywhere(self, clip, expressions, candidates=1):
    """Answers for all frames, whatever is wanted."""
    return Good.segment(self, replace(clip, wanted=tuple(range(len(clip.frames)))), expressions, candidates)


BLIND = frozenset({Trait.LANGUAGE_BLIND})

BROKEN = {
    "a spec": (replace(GOOD, summary=""), "its parts are valid", "its summary is ''"),
    "an object without segment": (
        replace(GOOD, load=lambda checkpoint, request: object()),
        "loads a segmenter",
        "loaded an instance of object, expected an object with a method segment",
    ),
    "a load that fails": (
        replace(GOOD, load=lambda checkpoint, request: 1 / 0),
        "loads a segmenter",
        "ZeroDivisionError: division by zero",
    ),
    "settings": (replace(GOOD, settings=lambda s: {"size": (1, 2)}), "plain JSON", "settings are"),
    "settings that are no JSON": (replace(GOOD, settings=lambda s: {"a": {1}}), "plain JSON", "PluginError"),
    "the masks' size": (changed(masks=lambda m: m[..., 1:]), "masks of the clip's size", "24, 31"),
    "the masks' type": (changed(masks=lambda m: m.astype(np.uint8)), "masks of the clip's size", "uint8"),
    "the scores": (changed(scores=lambda s: s * np.float32("nan")), "finite scores", "scores are .nan."),
    "the scores' type": (changed(scores=lambda s: s.astype(np.int64)), "finite scores", "scores are int64"),
    "an answer too few": (
        broken(segment=lambda self, *given: Good.segment(self, *given)[1:]),
        "masks of the clip's size",
        "2 answers to 3 expressions",
    ),
    "no expression": (
        broken(segment=lambda self, clip, texts, n=1: Good.segment(self, clip, texts or ["red"], n)),
        "no answer where there is no expression",
        "1 answers to 0 expressions",
    ),
    "one frame": (
        raising(lambda clip, expressions: len(clip.frames) == 1),
        "answers a clip of one frame",
        "ValueError: two lines",
    ),
    "wanted frames": (broken(segment=everywhere), "the wanted frames alone", r"\(1, 6, 24, 32\)"),
    "odd sizes": (
        raising(lambda clip, expressions: clip.frames.shape[1] % 2),
        "clips of odd sizes",
        "ValueError: two lines",
    ),
    "a short expression": (
        raising(lambda clip, expressions: any(len(text) < 2 for text in expressions)),
        "long, short and foreign expressions",
        "ValueError: two lines",
    ),
    "a number of candidates that is none": (
        replace(GOOD, candidates=lambda segmenter: 0),
        "as many ranked candidates",
        "says that it has 0 candidates",
    ),
    "more candidates than it says": (
        replace(GOOD, candidates=lambda segmenter: 1),
        "as many ranked candidates",
        r"2 candidates came, candidates\(\) says 1",
    ),
    "more candidates than asked for": (
        broken(answer=lambda self, clip, text, n: Good.answer(self, clip, text, 2)),
        "masks of the clip's size",
        "1 to 1 candidates",
    ),
    "candidates from worst to best": (
        changed(scores=lambda s: s[::-1]),
        "as many ranked candidates",
        "expected the best first",
    ),
    "another first candidate": (
        changed(masks=lambda m: m[::-1]),
        "as many ranked candidates",
        "the first of several candidates is another mask",
    ),
    "a memory": (
        replace(GOOD, load=lambda checkpoint, request: Remembering()),
        "same answers when it is asked the same",
        "asked the same twice",
    ),
    "another seed": (replace(GOOD, load=seeded), "same answers when it is asked the same", "loaded twice"),
    "a changed clip": (broken(segment=painting), "leaves the clip", "the clip's frames were changed"),
    "changed expressions": (broken(segment=emptying), "leaves the clip", "list of expressions was changed"),
    "company": (broken(segment=crowded), "several expressions together", "100.00% of the pixels"),
    "a trait": (replace(GOOD, traits=BLIND), "does not read the expression", "other expressions have other"),
    "weights that nobody brought": (
        replace(GOOD, traits=frozenset({Trait.NEEDS_CHECKPOINT})),
        "can be loaded",
        "pass checkpoint=",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_promise_is_named_in_one_line(what):
    spec, check, detail = BROKEN[what]
    with pytest.raises(CheckFailed, match=f"(?s)fails the check '.*{check}.*': .*{detail}") as caught:
        check_model(spec)
    assert "\n" not in str(caught.value)


class Losing(TinySegmenter):
    """What `losses` gives is decided by its class."""

    give = None

    def losses(self, batch):
        return type(self).give(TinySegmenter.losses(self, batch))


def losing(give):
    made = type("Lost", (Losing,), {"give": staticmethod(give)})
    return {"create": lambda dropout, seed: made(TinyNet(dropout))}


class Grouping(TinySegmenter):
    """What `parameter_groups` gives is decided by its class."""

    give = None

    def parameter_groups(self, learning_rates):
        return type(self).give(TinySegmenter.parameter_groups(self, learning_rates))


def grouping(give):
    made = type("Grouped", (Grouping,), {"give": staticmethod(give)})
    return {"create": lambda dropout, seed: made(TinyNet(dropout))}


def unseeded(dropout, seed):
    segmenter = create(dropout, seed)
    nn.init.constant_(segmenter.net.head.bias, np.random.default_rng().random())
    return segmenter


def save_without_a_head(model, folder):
    folder.mkdir()
    state = {name: torch.zeros_like(value) for name, value in model.net.state_dict().items()}
    save_file(state, folder / "model.safetensors")


BROKEN_TRAINING = {
    "not trainable": ({"create": lambda *_: Good()}, "training.create makes fresh weights", "AttributeError"),
    "a seed": ({"create": unseeded}, "same weights for the same seed", "gave other weights"),
    "no loss": (losing(lambda losses: {}), "finite scalars by name", "losses gave dict"),
    "a loss that is no mapping": (losing(lambda losses: losses["mask"]), "by name", "losses gave Tensor"),
    "a vector": (losing(lambda losses: {"a": losses["mask"][None]}), "by name", "'a' is no scalar tensor"),
    "not a number": (losing(lambda losses: {"a": losses["mask"] / 0}), "by name", "'a' is inf"),
    "a constant": (losing(lambda losses: {"a": losses["mask"].detach()}), "by name", "no loss depends"),
    "a parameter in two groups": (
        grouping(lambda groups: [*groups, groups[0] | {"name": "again"}]),
        "in one group",
        "a parameter is in two groups",
    ),
    "a forgotten group": (grouping(lambda groups: groups[1:]), "in one group", "parameters are in groups"),
    "weights that stay": (
        grouping(lambda groups: [group | {"lr": 0.0} for group in groups]),
        "changes its weights",
        "one step changed no weight",
    ),
    "weights that are lost": (
        {"save": save_without_a_head},
        "answers as the model that was saved",
        "answers otherwise",
    ),
}


@pytest.mark.parametrize("what", BROKEN_TRAINING)
def test_a_broken_promise_about_training_is_named_in_one_line(what):
    parts, check, detail = BROKEN_TRAINING[what]
    spec = replace(TINY, training=Training(**{"create": create, "save": save} | parts))
    with pytest.raises(CheckFailed, match=f"fails the check '.*{check}.*': .*{detail}") as caught:
        check_model(spec)
    assert "\n" not in str(caught.value)


def test_a_name_that_is_none_is_no_broken_promise():
    with pytest.raises(UnknownNameError, match="did you mean 'centre'"):
        check_model("center")
    with pytest.raises(UnknownNameError, match="did you mean 'tiny-demo'"):
        check_model(TINY, preset="tiny-dmo")


def test_checks_are_imported_without_torch():
    code = "import sys, rvosbench.testing; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
