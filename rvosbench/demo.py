"""The whole house in one walk: synthetic releases -> stores -> a trained model -> scores -> a page.

Every step calls what the command line calls; nothing here exists for the demo alone. What it proves is
measured at the end: that the model listens to the expression.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rvosbench.analysis.slices import Slice, by_slice
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.files.atomic import atomic_folder
from rvosbench.files.places import Content
from rvosbench.plugins.model import Trait
from rvosbench.plugins.registry import MODELS, OURS
from rvosbench.preparation import Prepared, prepare
from rvosbench.reporting import leaderboard
from rvosbench.reporting.mismatch import MismatchEffect, mismatch_effect
from rvosbench.reporting.page import ReportOptions, write_page
from rvosbench.runs.run import open_run
from rvosbench.runs.scores import Scores
from rvosbench.store import Store
from rvosbench.synthetic import write
from rvosbench.synthetic.language import kind_of

MODEL, PRESET = "soc", "soc-demo"  # what is trained
HELD_OUT = "heldout"
MARGIN_OVER_BLIND = 0.20  # J&F that the trained model must be above the language-blind oracle
COST_OF_MISMATCH = 0.30  # J&F that the model must lose with another object's expression
_MARK = ".rvos-demo"  # says that a folder was made by the demo, so that it may be replaced
_DEMO = Content("an earlier demo", lambda folder: (folder / _MARK).is_file())


class Update(Protocol):
    """Reports progress of a step."""

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """So much of `total` is `done`."""
        ...


Progress = Callable[[str], AbstractContextManager[Update]]
"""Opens a progress bar with a title."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """How much the demo does."""

    videos: int = 440  # of the synthetic Ref-YouTube-VOS, a part of which is held out
    held_out: float = 0.1
    others: int = 16  # of the other two releases, which are prepared and not trained on
    steps: int | None = None  # of training; None: the recipe's


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoResult:
    """What the demo found."""

    folder: Path
    checkpoint: Path
    page: Path
    training_steps: int
    training_s: float
    prepared: tuple[Prepared, ...]
    scores: Scores  # of the trained model
    oracle: str  # the floor with perfect masks that reads no language
    oracle_score: float  # its J&F, a fraction
    mismatch: MismatchEffect
    kinds: tuple[Slice, ...]  # J&F per kind of expression
    board: tuple[leaderboard.Table, ...]

    @property
    def margin(self) -> float:
        """J&F above the language-blind oracle, a fraction."""
        return self.scores.metrics["J&F"].value - self.oracle_score

    @property
    def listens(self) -> bool:
        """Whether both claims of the demo hold."""
        return self.margin >= MARGIN_OVER_BLIND and self.mismatch.cost.difference >= COST_OF_MISMATCH


def demo(
    out: Path, *, progress: Progress, seed: int = 0, size: Size | None = None, replace_old: bool = False
) -> DemoResult:
    """Run everything once.

    Args:
        out: folder for releases, stores, runs and the page.
        progress: shows how far a step is.
        seed: of the scenes and of the training.
        size: how much to do.
        replace_old: overwrite what an earlier demo left in `out`.

    Raises:
        OutputError: `out` holds something that is not an earlier demo's, or `replace_old` is False.
    """
    size = size or Size()
    _take(out, replace_old=replace_old)
    stores = _stores(out, size, seed, progress)
    store = Store.open(stores[0].store)
    checkpoint, steps, seconds = _train(store, out / "runs" / "training", seed, size, progress)
    runs = out / "runs"
    trained, mismatched = runs / MODEL, runs / f"{MODEL}-mismatched"
    with progress(f"predict and score {MODEL}") as update:
        scores = _score(MODEL, store, trained, update, checkpoint=checkpoint)
    with progress("the same with mismatched expressions") as update:
        _score(MODEL, store, mismatched, update, checkpoint=checkpoint, mismatched=True)
    names, oracle = floors()
    with progress("floor baselines") as update:
        floor_scores = {
            name: _score(name, store, runs / name, _part(update, number, len(names), name))
            for number, name in enumerate(names)
        }
    ranked = [trained, *(runs / name for name in names)]
    board = leaderboard.tables(leaderboard.collect(ranked))
    leaderboard.write(board, out)
    with progress("write the page") as update:
        page = write_page(
            trained,
            store,
            out / "report" / "index.html",
            ReportOptions(others=ranked[1:], mismatched=mismatched, kind_of=kind_of),
        )
        update(1, 1)
    table = open_run(trained).expressions()
    return DemoResult(
        folder=out,
        checkpoint=checkpoint,
        page=page,
        training_steps=steps,
        training_s=seconds,
        prepared=stores,
        scores=scores,
        oracle=oracle,
        oracle_score=floor_scores[oracle].metrics["J&F"].value,
        mismatch=mismatch_effect(trained, mismatched),
        kinds=tuple(by_slice(table, lambda row: kind_of(row["text"]))),
        board=board,
    )


def floors() -> tuple[tuple[str, ...], str]:
    """The built-in models that read no language, and the one among them that is an oracle."""
    built_in = [name for name, entry in MODELS.entries().items() if entry.distribution == OURS]
    blind = tuple(name for name in built_in if Trait.LANGUAGE_BLIND in MODELS[name].traits)
    return blind, next(name for name in blind if Trait.ORACLE in MODELS[name].traits)


def _take(out: Path, *, replace_old: bool) -> None:
    """Make sure that `out` is free; only a folder that a demo made may be replaced."""
    with atomic_folder(out, overwrite=replace_old, content=_DEMO) as folder:
        (folder / _MARK).touch()


def _stores(out: Path, size: Size, seed: int, progress: Progress) -> tuple[Prepared, ...]:
    """Write the three releases and prepare them; the first is the one to learn from."""
    prepared = []
    for name, videos, options in (
        ("ytvos", size.videos, {"trainval": str(size.held_out), "seed": str(seed)}),
        ("a2d", size.others, {}),
        ("refcoco", size.others, {}),
    ):
        release = out / "releases" / name
        with progress(f"write {name}") as update:
            write(name, release, videos=videos, seed=seed, on_progress=update)
        with progress(f"prepare {name}") as update:
            prepared.append(
                prepare(name, release, out / "stores" / name, options=options, on_progress=_noted(update))
            )
    return tuple(prepared)


def _noted(update: Update) -> Callable[[str, int, int], None]:
    return lambda split, done, total: update(done, total, split)


def _train(store: Store, out: Path, seed: int, size: Size, progress: Progress) -> tuple[Path, int, float]:
    from rvosbench.training import train

    with progress(f"train {PRESET}") as update:
        result = train(
            MODEL,
            store,
            out=out,
            preset=PRESET,
            seed=seed,
            steps=size.steps,
            on_step=lambda step: update(step.number, step.total, f"loss {step.loss:.2f}"),
        )
    return result.checkpoint, result.steps, result.seconds


def _score(
    model: str,
    store: Store,
    run: Path,
    update: Update,
    *,
    checkpoint: Path | None = None,
    mismatched: bool = False,
) -> Scores:
    """Predict the held-out videos and score the answers: two passes over the videos."""
    from rvosbench.inference.predict import predict

    predict(
        model,
        store,
        split=HELD_OUT,
        out=run,
        checkpoint=checkpoint,
        mismatched_expressions=mismatched,
        on_progress=lambda done, total: update(done, 2 * total, "predict"),
    )
    return evaluate(
        run,
        store=store,
        split=HELD_OUT,
        protocol="ytvos",
        allow_empty=True,  # a model that learned too little is a result of the demo, not an error
        on_progress=lambda done, total: update(total + done, 2 * total, "score"),
    )


def _part(update: Update, number: int, parts: int, name: str) -> Update:
    """The progress of one of several equal parts."""

    def part(done: int, total: int, note: str = "") -> None:
        update(number * total + done, parts * total, f"{name} {note}".strip())

    return part
