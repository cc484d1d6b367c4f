"""`rvos evaluate` with several runs, predictions, models, checkpoints or datasets: every combination."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .console import note, progress
from .evaluate_batch import Batch, Job, show
from .interrupted import keeping_work
from .scoring import chosen_protocol, ground_truth, predict_first

if TYPE_CHECKING:
    from rvosbench.runs.scores import Scores
    from rvosbench.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Several:
    """What is to be combined, and how all of it is scored."""

    runs: tuple[Path, ...]
    foreign: tuple[Path, ...]  # predictions that anybody wrote
    models: tuple[str, ...]
    checkpoints: tuple[Path, ...]
    datasets: tuple[str, ...]
    release: Path | None
    split: str | None
    protocol: str | None
    metrics: tuple[str, ...]
    device: str
    options: Mapping[str, Any]  # of `rvosbench.evaluate`


def evaluate_several(several: Several, out: Path | None, as_json: bool) -> int:
    """Score every combination and print one leaderboard.

    Args:
        several: what.
        out: a folder with a run for each; None: of what is no run, nothing is kept.
        as_json: print the leaderboard as JSON.

    Returns:
        The exit code: 1 if one failed.
    """
    if not several.runs and not several.datasets:
        raise click.UsageError("missing option '--dataset': the store with the ground truth")
    batch = Batch()
    temporary = not several.runs and out is None
    with tempfile.TemporaryDirectory(prefix="rvos-") if temporary else nullcontext() as scratch:
        folder = out or Path(str(scratch))
        with keeping_work(kept=not temporary):
            batch.run(_jobs(several, folder))
        paths = list(dict.fromkeys(path for path, _ in batch.scored))
        show(paths, only=batch.scored, failed=batch.failed, as_json=as_json)
    if temporary:
        note("Nothing was kept; add --out FOLDER for leaderboard, compare and report.")
    return 1 if batch.failed else 0


def _jobs(several: Several, folder: Path) -> Iterator[Job]:
    for run in several.runs:
        yield _Run(several, run).job()
    names: set[str] = set()
    sources = [*((path, None, None) for path in several.foreign), *_models(several)]
    for path, model, checkpoint in sources:
        for dataset in several.datasets:
            job = _Combination(several, dataset, path, model, checkpoint)
            name = job.name
            number = 2
            while name in names:
                name, number = f"{job.name}-{number}", number + 1
            names.add(name)
            yield Job(name=name, score=lambda job=job, name=name: job.score(folder / name))  # type: ignore[misc]


def _models(several: Several) -> list[tuple[None, str, Path | None]]:
    """Each model with its weights."""
    from rvosbench.plugins.registry import MODELS

    needy = [name for name in several.models if MODELS[name].needs_checkpoint]
    checkpoints = several.checkpoints
    if checkpoints and not needy:
        raise click.UsageError("none of the models has weights; leave --checkpoint out")
    if len(needy) > 1 and len(checkpoints) != len(needy):
        raise click.UsageError(
            f"{len(needy)} models need weights ({', '.join(needy)}), --checkpoint was given "
            f"{len(checkpoints)} times; name one for each, in this order"
        )
    if len(needy) == 1:
        pairs = [(needy[0], checkpoint) for checkpoint in checkpoints or (None,)]
    else:
        pairs = list(zip(needy, checkpoints, strict=True))
    alone = [(name, None) for name in several.models if name not in needy]
    return [(None, name, checkpoint) for name, checkpoint in [*pairs, *alone]]


@dataclass(frozen=True, slots=True)
class _Run:
    several: Several
    run: Path

    def job(self) -> Job:
        return Job(name=self.run.name, score=self.score)

    def score(self) -> tuple[Path, Scores]:
        several = self.several
        store, split = ground_truth(self.run, self._dataset(), several.split, several.release)
        return self.run, _evaluated(several, self.run, self.run.name, store, split, out=None)

    def _dataset(self) -> str | None:
        """A run is of one store: of several, the one that it was made from."""
        from rvosbench.runs.run import open_run
        from rvosbench.store import Store

        from .stores import find_store

        datasets = self.several.datasets
        if len(datasets) < 2:
            return datasets[0] if datasets else None
        opened = open_run(self.run)
        known = opened.record or opened.scores(opened.protocols[0])
        for dataset in datasets:
            if Store.open(find_store(dataset)).fingerprint == known.store_fingerprint:
                return dataset
        return datasets[0]  # which is refused, with what it was made from


@dataclass(frozen=True, slots=True)
class _Combination:
    several: Several
    dataset: str
    path: Path | None  # of predictions; or
    model: str | None
    checkpoint: Path | None

    @property
    def name(self) -> str:
        """As the run's folder is called."""
        from rvosbench.submission.naming import name_of

        source = self.model or (name_of(self.path) if self.path else "")
        weights = self.checkpoint
        if weights is not None:
            source += f"-{weights.resolve().parent.name if weights.name == 'checkpoint' else weights.stem}"
        split = f"-{self.several.split}" if self.several.split else ""
        return f"{source}-{Path(self.dataset).name}{split}"

    def score(self, out: Path) -> tuple[Path, Scores]:
        several = self.several
        store, split = ground_truth(None, self.dataset, several.split, several.release)
        if self.model is None:
            assert self.path is not None
            return out, _evaluated(several, self.path, out.name, store, split, out=out)
        protocol = several.protocol or chosen_protocol(store.name)
        seed = several.options["seed"]
        predict_first(self.model, self.checkpoint, store, split, out, several.device, seed, protocol)
        return out, _evaluated(several, out, out.name, store, split, out=None)


def _evaluated(
    several: Several, source: Path, name: str, store: Store, split: str, out: Path | None
) -> Scores:
    from rvosbench.evaluation.evaluate import evaluate

    with progress(f"evaluate {name}") as update:
        return evaluate(
            source,
            store,
            split=split,
            protocol=several.protocol or chosen_protocol(store.name),
            metrics=several.metrics,
            out=out,
            on_progress=update,
            on_note=lambda remark: note(f"Note: {name}: {remark}"),
            **several.options,
        )
