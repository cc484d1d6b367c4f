"""The whole house in one walk: synthetic releases -> stores -> a trained model -> scores -> a page.

Every step calls what the command line calls; nothing here exists for the demo alone. What it proves is
measured at the end: that the model listens to the expression.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from rvosbench.analysis.slices import Slice, by_slice
from rvosbench.errors import OutputError
from rvosbench.evaluation.evaluate import EvaluateOptions, evaluate
from rvosbench.preparation import Prepared, prepare
from rvosbench.reporting import leaderboard
from rvosbench.reporting.page import write_page
from rvosbench.reporting.swap import SwapEffect, swap_effect
from rvosbench.runs.run import open_run
from rvosbench.runs.scores import Scores
from rvosbench.store import Store
from rvosbench.synthetic import write
from rvosbench.synthetic.language import kind_of

PRESET = "soc-demo"
HELD_OUT = "heldout"
BASELINES = ("nothing", "everything", "centre", "random-object")
MARGIN_OVER_RANDOM = 0.20  # J&F that the trained model must be above random-object
COST_OF_SWAPPING = 0.30  # J&F that the model must lose with another object's expression
_MARK = ".rvos-demo"  # says that a folder was made by the demo, so that it may be replaced


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
    random_object: float  # J&F of the language-blind oracle, a fraction
    swap: SwapEffect
    kinds: tuple[Slice, ...]  # J&F per kind of expression
    board: tuple[leaderboard.Table, ...]

    @property
    def margin(self) -> float:
        """J&F above random-object, a fraction."""
        return self.scores.metrics["J&F"].value - self.random_object

    @property
    def listens(self) -> bool:
        """Whether both claims of the demo hold."""
        return self.margin >= MARGIN_OVER_RANDOM and self.swap.cost.difference >= COST_OF_SWAPPING


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
    with progress("predict and score soc") as update:
        scores = _score("soc", store, runs / "soc", update, checkpoint=checkpoint)
    with progress("the same with swapped expressions") as update:
        _score("soc", store, runs / "soc-swapped", update, checkpoint=checkpoint, swapped=True)
    with progress("floor baselines") as update:
        floors = {
            name: _score(name, store, runs / name, _part(update, number, len(BASELINES), name))
            for number, name in enumerate(BASELINES)
        }
    ranked = [runs / name for name in ("soc", *BASELINES)]
    board = leaderboard.tables(leaderboard.collect(ranked))
    leaderboard.write(board, out)
    with progress("write the page") as update:
        page = write_page(
            runs / "soc",
            store,
            out / "report" / "index.html",
            others=ranked[1:],
            swapped=runs / "soc-swapped",
            kind_of=kind_of,
        )
        update(1, 1)
    table = open_run(runs / "soc").expressions()
    return DemoResult(
        folder=out,
        checkpoint=checkpoint,
        page=page,
        training_steps=steps,
        training_s=seconds,
        prepared=stores,
        scores=scores,
        random_object=floors["random-object"].metrics["J&F"].value,
        swap=swap_effect(runs / "soc", runs / "soc-swapped"),
        kinds=tuple(by_slice(table, lambda row: kind_of(row["text"]))),
        board=board,
    )


def _take(out: Path, *, replace_old: bool) -> None:
    """Make sure that `out` is free; only a folder that a demo made may be replaced."""
    if out.exists():
        if not out.is_dir() or (any(out.iterdir()) and not (out / _MARK).is_file()):
            raise OutputError(f"{out} is not empty and was not made by rvos demo; choose another --out")
        if (out / _MARK).is_file() and not replace_old:
            raise OutputError(f"{out} holds an earlier demo; choose another --out or add --overwrite")
        shutil.rmtree(out)
    try:
        out.mkdir(parents=True)
        (out / _MARK).touch()
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error.strerror}); choose another --out") from error


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
    from rvosbench.training.loop import train
    from rvosbench.training.recipes import recipe_for

    recipe = replace(recipe_for(PRESET), seed=seed)
    if size.steps is not None:
        recipe = replace(recipe, steps=size.steps)
    with progress(f"train {PRESET}") as update:
        result = train(
            "soc",
            PRESET,
            store,
            "train",
            out,
            recipe,
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
    swapped: bool = False,
) -> Scores:
    """Predict the held-out videos and score the answers: two passes over the videos."""
    from rvosbench.inference.predict import predict

    predict(
        model,
        store,
        HELD_OUT,
        run,
        checkpoint=checkpoint,
        swap_sentences=swapped,
        on_progress=lambda done, total: update(done, 2 * total, "predict"),
    )
    return evaluate(
        run,
        store=store,
        split=HELD_OUT,
        protocol="ytvos",
        options=EvaluateOptions(
            allow_empty=True,  # a model that learned too little is a result of the demo, not an error
            on_progress=lambda done, total: update(total + done, 2 * total, "score"),
        ),
    )


def _part(update: Update, number: int, parts: int, name: str) -> Update:
    """The progress of one of several equal parts."""

    def part(done: int, total: int, note: str = "") -> None:
        update(number * total + done, parts * total, f"{name} {note}".strip())

    return part
