"""`rvos evaluate`: predictions and a store -> scores under a named protocol."""

from __future__ import annotations

import math
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .commands import command, json_option
from .names import METRIC, MODEL, PROTOCOL
from .paths import NAME_OR_PATH, PATH
from .places import CheckpointPath, RunPath, device_option
from .stores import open_store, release_option
from .tolerance_options import tolerance_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from rvosbench.runs.scores import MetricValue, Scores
    from rvosbench.store import Store
    from rvosbench.workspace import Workspace
    from rvosbench.workspace.pending import Task

_MANY_VIDEOS = 20  # from here on the table per video is left to the Parquet files


@command("evaluate")
@click.argument("run", required=False, type=RunPath())
@click.option(
    "--dataset",
    type=NAME_OR_PATH,
    metavar="STORE",
    help="A store or its name.  [default: the one RUN was made from]",
)
@click.option("--split", help="The split to score.  [default: RUN's, or the store's only one]")
@click.option(
    "--predictions", type=PATH, help="Score these: folders or archives of PNG, JSON, npz or Parquet."
)
@click.option("--model", type=MODEL, help="Predict with this model first.")
@click.option("--checkpoint", type=CheckpointPath(), help="The weights for --model, or a trained run.")
@click.option(
    "--protocol", type=PROTOCOL, help="How to score; `rvos list protocols`.  [default: the dataset's own]"
)
@click.option(
    "--metric", "metrics", type=METRIC, multiple=True, help="One more than the protocol's own; repeatable."
)
@click.option("--out", type=PATH, help="Where to keep --predictions' scores, or --model's run.")
@device_option("For predicting: cpu, cuda, cuda:1 ...")
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Of the bootstrap, and of models that draw at random.",
)
@click.option("--allow-empty", is_flag=True, help="Score predictions even if all masks are empty.")
@tolerance_options
@click.option("--leaderboard", is_flag=True, help="Then rank the run beside those in its folder.")
@json_option
@release_option
@click.pass_context
def evaluate_command(
    ctx: click.Context,
    run: Path | None,
    dataset: str | None,
    split: str | None,
    predictions: Path | None,
    model: str | None,
    checkpoint: Path | None,
    protocol: str | None,
    metrics: tuple[str, ...],
    out: Path | None,
    device: str,
    seed: int,
    allow_empty: bool,
    tolerance: Mapping[str, Any],
    leaderboard: bool,
    as_json: bool,
    release: Path | None,
) -> None:
    """Score predictions under a named protocol.

    They are those of RUN (made by `rvos predict`), --predictions made by anybody, or a --model's.

    Scores are written into RUN, or into --out; without --out nothing is kept. Scores under another
    protocol stay.

    Predictions that are incomplete, too many, of another size or grey are refused, unless --missing,
    --surplus, --resize or --threshold let them pass; scores and tables then say so.

    Without any of these, everything in the workspace that has no scores yet is scored under the protocol
    of its dataset, and the leaderboard is printed. A trained run that nothing was predicted with is
    predicted with first, on its evaluation split: the first of valid, val, valid_u, test, testA and
    heldout that has public ground truth and was not trained on.

    \b
    Example:
      rvos evaluate
      rvos evaluate runs/soc
      rvos evaluate --dataset stores/davis --split val \\
        --predictions results/osvos --protocol davis-objects
      rvos evaluate --dataset stores/ytvos --split heldout \\
        --predictions results.zip --out runs/theirs --leaderboard
      rvos evaluate --model soc --checkpoint runs/training/checkpoint \\
        --dataset stores/ytvos --split heldout --out runs/both
    """
    from rvosbench.evaluation.evaluate import evaluate
    from rvosbench.evaluation.inputs import is_run
    from rvosbench.workspace import find_workspace

    from .console import note, print_json, progress

    if run is None and predictions is None and model is None and (workspace := find_workspace()) is not None:
        given: dict[str, object] = {
            "dataset": dataset,
            "split": split,
            "checkpoint": checkpoint,
            "protocol": protocol,
            "metric": metrics or None,
        }
        given |= {"out": out, "release": release, "allow-empty": allow_empty or None}
        given |= {**tolerance, "leaderboard": leaderboard or None}
        for option, value in given.items():
            if value is not None:
                raise click.UsageError(f"--{option} is about one run; name a RUN, --predictions or --model")
        ctx.exit(_evaluate_workspace(workspace, device, seed, as_json))
    if sum(source is not None for source in (run, predictions, model)) != 1:
        raise click.UsageError(
            "name one source of predictions: a RUN folder, --predictions or --model; or make a "
            "workspace, whose runs are all scored, with: rvos init"
        )
    if run is not None and out is not None:
        raise click.UsageError("the scores of a RUN are written into it; leave --out away")
    if predictions is not None and is_run(predictions):
        raise click.UsageError(f"{predictions} is a run; name it without --predictions")
    if leaderboard and as_json:
        raise click.UsageError("choose one of --leaderboard and --json")
    if leaderboard and run is None and out is None:
        raise click.UsageError("--leaderboard ranks what is kept; add --out FOLDER, such as runs/theirs")
    store, split = _ground_truth(run, dataset, split, release)
    protocol = protocol or _chosen_protocol(store.name)
    with nullcontext() if model is None or out else tempfile.TemporaryDirectory(prefix="rvos-") as scratch:
        source = run or predictions
        if model is not None:
            source = out or Path(str(scratch)) / "run"
            _predict(model, checkpoint, store, split, source, device, seed, protocol)
        assert source is not None
        with progress("evaluate") as update:
            scores = evaluate(
                source,
                store,
                split=split,
                protocol=protocol,
                metrics=metrics,
                out=out if predictions else None,
                on_progress=update,
                on_note=lambda remark: note(f"Note: {remark}"),
                seed=seed,
                allow_empty=allow_empty,
                **tolerance,
            )
    if as_json:
        print_json(scores.as_json())
    else:
        _print(scores)
    kept = run or out
    if leaderboard and kept is not None:
        _print_leaderboard(kept, scores)
    if run is None and out is None:
        note("Nothing was kept; add --out FOLDER for leaderboard, compare and report.")


def _print_leaderboard(run: Path, scores: Scores) -> None:
    """The table with the scores' row: the run beside the others of its folder."""
    from rvosbench.reporting.leaderboard import as_rich
    from rvosbench.reporting.leaderboard import leaderboard as rank
    from rvosbench.runs.run import Run

    from .console import stdout_console

    beside = sorted(path for path in run.resolve().parent.iterdir() if not path.name.startswith("."))
    for table in rank(path for path in beside if Run(path).scores_folders):
        same = (table.dataset, table.split, table.protocol, table.whole.store_fingerprint)
        if same == (scores.dataset, scores.split, scores.protocol.name, scores.store_fingerprint):
            stdout_console().print(as_rich(table))


def _ground_truth(
    run: Path | None, dataset: str | None, split: str | None, release: Path | None
) -> tuple[Store, str]:
    """The store and the split; a run knows which it was made from, or scored against."""
    from .stores import only_split

    if run is not None:
        from rvosbench.runs.run import open_run
        from rvosbench.workspace.choices import recorded_store

        opened = open_run(run)
        known = opened.record or opened.scores(opened.protocols[0])
        dataset = dataset or recorded_store(known.store or "", known.store_fingerprint)
        split = split or known.split
    if not dataset:
        raise click.UsageError("missing option '--dataset': the store with the ground truth")
    store = open_store(dataset, release)
    return store, only_split(store, split)


def _evaluate_workspace(workspace: Workspace, device: str, seed: int, as_json: bool) -> int:
    from rvosbench.workspace.here import from_here
    from rvosbench.workspace.names import answers_run
    from rvosbench.workspace.runs import RunEntry, read_run_entry

    from .console import note
    from .evaluate_all import evaluate_workspace

    def predict(task: Task) -> RunEntry:
        run, store = task.run, open_store(str(task.store))
        checkpoint = from_here(run.checkpoint)
        with answers_run(workspace, run.name, task.split) as out:
            note(f"Run: {out}")
            _predict(run.model or "", checkpoint, store, task.split, out, device, seed, task.protocol)
            answers = read_run_entry(out)
        assert answers is not None
        return answers

    return evaluate_workspace(workspace, _protocol_of, predict, seed=seed, as_json=as_json)


def _chosen_protocol(dataset: str) -> str:
    """The protocol that the workspace chooses for a dataset, else its own."""
    from rvosbench.workspace import find_workspace

    workspace = find_workspace()
    chosen = None if workspace is None else workspace.dataset(dataset).protocol
    return chosen or _protocol_of(dataset)


def _protocol_of(dataset: str) -> str:
    """The protocol that belongs to a dataset; RefCOCO's three sets share one."""
    from rvosbench.plugins.defaults import default_protocol

    name = default_protocol(dataset)
    if name is None:
        raise click.UsageError(f"there is no default protocol for {dataset}; choose one with --protocol")
    return name


def _predict(
    model: str,
    checkpoint: Path | None,
    store: Store,
    split: str,
    out: Path,
    device: str,
    seed: int,
    protocol: str | None,
) -> None:
    from rvosbench.evaluation.inputs import rules_of
    from rvosbench.inference.predict import predict

    from .console import progress

    rules = rules_of(store, protocol)  # an unknown one is refused before the work
    with progress(f"predict {model}") as update:
        predict(
            model,
            store,
            split=split,
            out=out,
            checkpoint=checkpoint,
            device=device,
            seed=seed,
            protocol=rules.name,
            on_progress=update,
        )


def _print(scores: Scores) -> None:
    from rich.table import Table
    from rich.text import Text

    from rvosbench.files.text import strip_control

    from .console import note, stdout_console

    protocol = scores.protocol
    console = stdout_console()
    console.print(
        f"{scores.dataset}/{scores.split}, protocol {protocol.name}: {protocol.title}", markup=False
    )
    console.print(
        f"{strip_control(scores.model)}: {scores.n_expressions} {scores.unit}s, {scores.n_videos} videos, "
        f"{scores.n_frames} frames"
        + (", an oracle" if scores.is_oracle else "")
        + (", mismatched expressions" if scores.mismatched_expressions else ""),
        markup=False,
    )
    table = Table(box=None, pad_edge=False)
    table.add_column("metric")
    table.add_column("percent", justify="right")
    table.add_column("95 % interval", justify="right")
    for name, metric in scores.metrics.items():
        table.add_row(Text(name), *_cells(metric))
    console.print(table)
    for mark in scores.marks:
        console.print(f"* {mark}", markup=False, highlight=False)
    if scores.by_annotator:
        console.print(_per_annotator(scores))
    if scores.unit == "object" and scores.n_videos <= _MANY_VIDEOS:
        console.print(_per_object(scores))
    if protocol.unverified:
        note(f"Note: {protocol.unverified}")


def _per_annotator(scores: Scores) -> Table:
    from rich.table import Table
    from rich.text import Text

    from rvosbench.files.text import strip_control
    from rvosbench.runs.scores import percent

    names = [name for name in ("J&F", "J", "F") if name in scores.metrics] or [scores.protocol.main_metric]
    table = Table(box=None, pad_edge=False)
    table.add_column("annotator")
    for name in names:
        table.add_column(name, justify="right")
    for annotator, values in scores.by_annotator.items():
        cells = (percent(values.get(name, math.nan)) for name in names)
        table.add_row(Text(strip_control(annotator)), *cells)
    return table


def _per_object(scores: Scores) -> Table:
    from rich.table import Table
    from rich.text import Text

    from rvosbench.files.text import strip_control
    from rvosbench.runs.scores import percent

    table = Table(box=None, pad_edge=False)
    for name in ("video", "object"):
        table.add_column(name)
    for name in ("J", "F", "J&F"):
        table.add_column(name, justify="right")
    for row in () if scores.expressions is None else scores.expressions.to_pylist():
        names = (Text(strip_control(row[key])) for key in ("video_id", "expression_id"))
        table.add_row(*names, *(percent(row[key]) for key in ("j", "f", "j_and_f")))
    return table


def _cells(metric: MetricValue) -> tuple[str, str]:
    """The value and its interval, in percent."""
    value, _, interval = metric.text().partition(" ")
    return value, interval or "-"
