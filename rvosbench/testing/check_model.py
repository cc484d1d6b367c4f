"""Whether a model keeps to the contract: for the pytest of whoever writes one."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rvosbench.errors import UnknownNameError
from rvosbench.models.answers import check_answers
from rvosbench.models.loading import Model, load_model
from rvosbench.plugins.model import ModelSpec, Segmenter, Trait
from rvosbench.plugins.registry import MODELS, unknown
from rvosbench.testing.failure import CheckFailed, claim, expect
from rvosbench.testing.tiny_clips import clip
from rvosbench.types import Clip, Segmentation

EXPRESSIONS = ("the red square", "The blue one, at the BOTTOM", "a square that moves right")
_ODD_EXPRESSIONS = ("…", "x", "左边的狗", "the square " * 100, "  it\tmoves ")


def check_model(
    model: str | ModelSpec,
    *,
    checkpoint: str | Path | None = None,
    preset: str | None = None,
    options: Mapping[str, object] | None = None,
    device: str = "cpu",
    tolerance: float = 1e-3,
) -> tuple[str, ...]:
    """Try everything that a model promises, on clips of a few 24x32 px frames.

    Args:
        model: a name in the registry, or a spec that need not be registered.
        checkpoint: the weights to load. None: where the model needs some, fresh ones of `preset`.
        preset: the size to make fresh weights of, and to train; None: the model's first.
        options: the model's own, see `load_model`.
        device: "cpu", "cuda" ...
        tolerance: share of the pixels that may differ between expressions asked together and alone, where
            sums are taken in another order.

    Returns:
        What was found to hold, one line each.

    Raises:
        CheckFailed: the first promise that the model breaks, in one line.
        UnknownNameError: no such model or preset.

    Example:
        >>> check_model("centre")[0]
        'its spec is valid'
    """
    with ExitStack() as stack:
        name = model if isinstance(model, str) else _registered(model, stack)
        spec = MODELS[name]
        subject = f"the model '{name}'"
        preset = preset or next(iter(spec.presets), None)
        if preset is not None and preset not in spec.presets:
            raise UnknownNameError(unknown(f"preset of {name}", preset, list(spec.presets)))
        done: list[str] = []
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="check-model-")))
        if checkpoint is None and spec.needs_checkpoint:
            checkpoint = _fresh_checkpoint(subject, spec, preset, folder)

        def load(seed: int = 0) -> Model:
            path = None if checkpoint is None else str(checkpoint)
            return load_model(name, path, device=device, seed=seed, options=options)

        tried = _Tried(spec=spec, load=load, tolerance=tolerance)
        claims = [*_CLAIMS, *_LISTENING] if Trait.LANGUAGE_BLIND not in spec.traits else [*_CLAIMS, *_BLIND]
        for text, check in claims:
            with claim(subject, text):
                check(tried)
            done.append(text)
        if preset is not None:
            from rvosbench.testing.check_training import training_claims  # imports torch

            for text, try_training in training_claims(name, spec, preset, folder, device):
                with claim(subject, text):
                    try_training()
                done.append(text)
    return tuple(done)


def _registered(spec: ModelSpec, stack: ExitStack) -> str:
    """A name for a spec, for the life of the check."""
    for name in MODELS.entries():
        try:
            if MODELS[name] is spec:
                return name
        except ImportError:  # somebody else's
            continue
    with claim("the spec", "its parts are valid"):
        stack.enter_context(MODELS.register("checked", spec))
    return "checked"


def _fresh_checkpoint(subject: str, spec: ModelSpec, preset: str | None, folder: Path) -> Path:
    """Fresh weights of a preset, saved: what is loaded when nobody brought a checkpoint."""
    with claim(subject, "can be loaded"):
        expect(
            preset is not None, "it needs weights and has no preset to make fresh ones of; pass checkpoint="
        )
    from rvosbench.testing.check_training import fresh  # imports torch

    assert preset is not None and spec.training is not None
    with claim(subject, "training.create makes fresh weights and training.save writes them"):
        spec.training.save(fresh(spec, preset, 0), folder / "checkpoint")
    return folder / "checkpoint"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tried:
    """What the checks look at."""

    spec: ModelSpec
    load: Callable[..., Model]
    tolerance: float

    def ask(
        self, shown: Clip, expressions: Sequence[str] = EXPRESSIONS, candidates: int = 1, seed: int = 0
    ) -> list[Segmentation]:
        """Load and ask; the answers have the right number, shapes and types."""
        return ask(self.load(seed).segmenter, shown, expressions, candidates)


def ask(
    segmenter: Segmenter, shown: Clip, expressions: Sequence[str] = EXPRESSIONS, candidates: int = 1
) -> list[Segmentation]:
    """Answers of the right number, shapes and types, with scores that are numbers."""
    answers = list(segmenter.segment(shown, list(expressions), candidates))
    check_answers(answers, shown, expressions, candidates, model="it")
    for answer in answers:
        expect(np.issubdtype(answer.scores.dtype, np.floating), f"scores are {answer.scores.dtype}")
        expect(np.isfinite(answer.scores).all(), f"scores are {answer.scores.tolist()}")
    return answers


def _spec_is_valid(tried: _Tried) -> None:
    tried.spec.check()


def _loads(tried: _Tried) -> None:
    tried.load()


def _settings(tried: _Tried) -> None:
    settings = dict(tried.load().settings)
    expect(json.loads(json.dumps(settings)) == settings, f"settings are {settings}")


def _answers(tried: _Tried) -> None:
    tried.ask(clip())


def _no_expression(tried: _Tried) -> None:
    expect(not tried.ask(clip(), ()), "answers came without an expression")


def _one_frame(tried: _Tried) -> None:
    tried.ask(clip(frames=1))


def _wanted(tried: _Tried) -> None:
    tried.ask(replace(clip(), wanted=(1, 4), objects=clip().objects[:, [1, 4]]))  # type: ignore[index]
    tried.ask(replace(clip(), wanted=(5,), objects=clip().objects[:, [5]]))  # type: ignore[index]


def _sizes(tried: _Tried) -> None:
    for height, width in ((23, 31), (31, 17), (40, 24)):
        tried.ask(clip(frames=2, height=height, width=width))


def _odd_expressions(tried: _Tried) -> None:
    tried.ask(clip(frames=2), _ODD_EXPRESSIONS)


def _candidates(tried: _Tried) -> None:
    available = tried.load().candidates
    (alone,) = tried.ask(clip(), EXPRESSIONS[:1])
    for candidates in (2, available + 3):
        (ranked,) = tried.ask(clip(), EXPRESSIONS[:1], candidates)
        expect(
            len(ranked.masks) <= available,
            f"{len(ranked.masks)} candidates came, candidates() says {available}",
        )
        order = ranked.scores.reshape(len(ranked.masks), -1).mean(1)
        expect((np.diff(order) <= 0).all(), f"scores are {order.tolist()}, expected the best first")
        expect(
            np.array_equal(ranked.masks[0], alone.masks[0]),
            "the first of several candidates is another mask than the only one of one",
        )


def _deterministic(tried: _Tried) -> None:
    loaded = tried.load()
    first, again = (ask(loaded.segmenter, clip()) for _ in range(2))
    other = tried.ask(clip())
    expect(_same(first, again), "asked the same twice it gives two answers")
    expect(_same(first, other), "loaded twice with the same seed it gives two answers")


def _leaves_its_input(tried: _Tried) -> None:
    shown, expressions = clip(), list(EXPRESSIONS)
    before = shown.frames.copy()
    tried.load().segmenter.segment(shown, expressions, 1)
    expect(np.array_equal(shown.frames, before), "the clip's frames were changed")
    expect(expressions == list(EXPRESSIONS), "the list of expressions was changed")


def _together_as_alone(tried: _Tried) -> None:
    together = tried.ask(clip())
    for expression, answer in zip(EXPRESSIONS, together, strict=True):
        (alone,) = tried.ask(clip(), [expression])
        share = float((answer.masks != alone.masks).mean())
        expect(
            share <= tried.tolerance,
            f"{share:.2%} of the pixels of {expression!r} differ, at most {tried.tolerance:.2%} may",
        )


def _blind(tried: _Tried) -> None:
    first = tried.ask(clip(), EXPRESSIONS)
    second = tried.ask(clip(), ("a cat", "the dog", "it"))
    expect(_same(first, second), "other expressions have other answers")


def _same(one: Sequence[Segmentation], other: Sequence[Segmentation]) -> bool:
    return all(
        np.array_equal(a.masks, b.masks) and np.array_equal(a.scores, b.scores)
        for a, b in zip(one, other, strict=True)
    )


_CLAIMS: tuple[tuple[str, Callable[[_Tried], None]], ...] = (
    ("its spec is valid", _spec_is_valid),
    ("loads a segmenter, also from a path that is a str", _loads),
    ("its settings are plain JSON", _settings),
    ("answers every expression with masks of the clip's size and finite scores", _answers),
    ("gives no answer where there is no expression", _no_expression),
    ("answers a clip of one frame", _one_frame),
    ("answers for the wanted frames alone", _wanted),
    ("answers clips of odd sizes", _sizes),
    ("answers long, short and foreign expressions", _odd_expressions),
    ("gives as many ranked candidates as it says and was asked for, the answer first", _candidates),
    ("gives the same answers when it is asked the same with the same seed", _deterministic),
    ("leaves the clip and the expressions as they were", _leaves_its_input),
)
_LISTENING = (("answers several expressions together as it does one at a time", _together_as_alone),)
_BLIND = (("does not read the expression, as its trait LANGUAGE_BLIND says", _blind),)

__all__ = ["CheckFailed", "check_model"]
