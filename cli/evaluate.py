"""`rvos evaluate`: predictions and a store -> scores under a named protocol."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .commands import command, json_option
from .names import MODEL, PROTOCOL
from .stores import open_store, release_option

if TYPE_CHECKING:
    from rich.table import Table

    from rvosbench.runs.scores import MetricValue, Scores
    from rvosbench.store import Store

_MANY_VIDEOS = 20  # from here on the table per video is left to the Parquet files


@command("evaluate")
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option(
    "--dataset",
    metavar="STORE",
    help="A store or its name in RVOS_STORES.  [default: the one RUN was made from]",
)
@click.option("--split", help="The split to score.  [default: RUN's, or the store's only one]")
@click.option(
    "--predictions", type=click.Path(path_type=Path), help="Score these: PNG folders, a zip, Parquet."
)
@click.option("--model", type=MODEL, help="Predict with this model first.")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="The weights for --model.")
@click.option(
    "--protocol", type=PROTOCOL, help="How to score; `rvos list protocols`.  [default: the dataset's own]"
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Where to keep --predictions' scores, or --model's run."
)
@click.option("--device", default="cpu", show_default=True, help="For --model: cpu, cuda, cuda:1 ...")
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Of the bootstrap, and of models that draw at random.",
)
@click.option("--allow-empty", is_flag=True, help="Score predictions even if all masks are empty.")
@json_option
@release_option
def evaluate_command(
    run: Path | None,
    dataset: str | None,
    split: str | None,
    predictions: Path | None,
    model: str | None,
    checkpoint: Path | None,
    protocol: str | None,
    out: Path | None,
    device: str,
    seed: int,
    allow_empty: bool,
    as_json: bool,
    release: Path | None,
) -> None:
    """Score predictions under a named protocol.

    They are those of RUN (made by `rvos predict`), --predictions made by anybody, or a --model's.

    Scores are written into RUN, or into --out; without --out nothing is kept.

    \b
    Example:
      rvos evaluate runs/soc
      rvos evaluate --dataset stores/davis --split val \\
        --predictions results/osvos --protocol davis-objects
      rvos evaluate --model soc --checkpoint runs/training/checkpoint \\
        --dataset stores/ytvos --split heldout --out runs/both
    """
    from rvosbench.evaluation.evaluate import evaluate

    from .console import print_json, progress

    if sum(source is not None for source in (run, predictions, model)) != 1:
        raise click.UsageError("name one source of predictions: a RUN folder, --predictions or --model")
    if run is not None and out is not None:
        raise click.UsageError("the scores of a RUN are written into it; leave --out away")
    store, split = _ground_truth(run, dataset, split, release)
    protocol = protocol or _protocol_of(store)
    keep: AbstractContextManager[str | Path]
    keep = nullcontext(run or out or Path()) if run or out else tempfile.TemporaryDirectory(prefix="rvos-")
    with keep as folder:
        target = Path(folder)
        if model is not None:
            target = target if out else target / "run"
            _predict(model, checkpoint, store, split, target, device, seed, protocol)
        with progress("evaluate") as update:
            scores = evaluate(
                target,
                store=store,
                split=split,
                predictions=predictions,
                protocol=protocol,
                seed=seed,
                allow_empty=allow_empty,
                on_progress=update,
            )
        if as_json:
            print_json(scores.as_json())
        else:
            _print(scores, target)


def _ground_truth(
    run: Path | None, dataset: str | None, split: str | None, release: Path | None
) -> tuple[Store, str]:
    """The store and the split; a run knows which it was made from."""
    from .stores import only_split

    if run is not None:
        from rvosbench.runs.record import read_run

        record = read_run(run)
        dataset = dataset or str(record.get("store", ""))
        split = split or record.get("split")
    if not dataset:
        raise click.UsageError("missing option '--dataset': the store with the ground truth")
    store = open_store(dataset, release)
    return store, only_split(store, split)


def _protocol_of(store: Store) -> str:
    """The protocol that belongs to a dataset; RefCOCO's three sets share one."""
    from rvosbench.evaluation.defaults import default_protocol

    name = default_protocol(store.name)
    if name is None:
        raise click.UsageError(f"there is no default protocol for {store.name}; choose one with --protocol")
    return name


def _predict(
    model: str,
    checkpoint: Path | None,
    store: Store,
    split: str,
    out: Path,
    device: str,
    seed: int,
    protocol: str,
) -> None:
    from rvosbench.evaluation.protocols import protocol_named
    from rvosbench.inference.predict import predict

    from .console import progress

    # A protocol that ranks all candidates wants all that the model has; no published model has more.
    candidates = 50 if protocol_named(protocol).candidates == "all" else 1
    with progress(f"predict {model}") as update:
        predict(
            model,
            store,
            split=split,
            out=out,
            checkpoint=checkpoint,
            device=device,
            seed=seed,
            candidates=candidates,
            on_progress=update,
        )


def _print(scores: Scores, folder: Path) -> None:
    from rich.table import Table

    from .console import note, stdout_console

    protocol = scores.protocol
    unit = "object" if protocol.unit == "object" else "expression"
    console = stdout_console()
    console.print(f"{scores.dataset}/{scores.split}, protocol [bold]{protocol.name}[/]: {protocol.title}")
    console.print(
        f"{scores.model}: {scores.n_expressions} {unit}s, {scores.n_videos} videos, {scores.n_frames} frames"
        + (", an oracle" if scores.is_oracle else "")
        + (", mismatched expressions" if scores.mismatched_expressions else "")
    )
    table = Table(box=None, pad_edge=False)
    table.add_column("metric")
    table.add_column("value", justify="right")
    table.add_column("95 % interval", justify="right")
    for name, metric in scores.metrics.items():
        table.add_row(name, *_cells(metric))
    console.print(table)
    if unit == "object" and scores.n_videos <= _MANY_VIDEOS:
        from rvosbench.runs.run import open_run

        console.print(_per_object(open_run(folder).expressions(protocol.name).to_pylist()))
    if protocol.unverified:
        note(f"Note: {protocol.unverified}")


def _per_object(rows: Sequence[Mapping[str, Any]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    from rvosbench.files.text import strip_control
    from rvosbench.runs.scores import percent

    table = Table(box=None, pad_edge=False)
    for name in ("video", "object"):
        table.add_column(name)
    for name in ("J", "F", "J&F"):
        table.add_column(name, justify="right")
    for row in rows:
        names = (Text(strip_control(row[key])) for key in ("video_id", "expression_id"))
        table.add_row(*names, *(percent(row[key]) for key in ("j", "f", "j_and_f")))
    return table


def _cells(metric: MetricValue) -> tuple[str, str]:
    """The value and its interval, in percent."""
    value, _, interval = metric.text().partition(" ")
    return value, interval or "-"
