"""`rvos status`: the stores, runs and scores of a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rvosbench.files.text import file_size, strip_control

from .commands import command, json_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table

    from rvosbench.workspace import Workspace
    from rvosbench.workspace.runs import MainScore, RunEntry
    from rvosbench.workspace.stores import StoreEntry


@command("status")
@json_option
def status_command(as_json: bool) -> None:
    """List the stores, runs and scores of the workspace.

    What is damaged is listed with its fault.

    \b
    Example:
      rvos status
    """
    from rvosbench.workspace import find_workspace
    from rvosbench.workspace.find import no_workspace
    from rvosbench.workspace.runs import runs_of
    from rvosbench.workspace.stores import stores_of

    from .console import print_json

    workspace = find_workspace()
    stores = () if workspace is None else stores_of(workspace)
    runs = () if workspace is None else runs_of(workspace)
    if as_json:
        print_json(_as_json(workspace, stores, runs))
    elif workspace is None:
        click.echo(no_workspace().capitalize())
    else:
        _print(workspace, stores, runs)


def _print(workspace: Workspace, stores: Sequence[StoreEntry], runs: Sequence[RunEntry]) -> None:
    from rvosbench.workspace.here import from_here

    from .console import stdout_console

    console = stdout_console()
    console.print(strip_control(f"Workspace {workspace.folder}"), style="bold", markup=False, soft_wrap=True)
    kinds = (("Stores", workspace.stores, stores), ("Runs", workspace.runs, runs))
    for title, folder, entries in kinds:
        if not entries:
            make = "rvos prepare DATASET" if title == "Stores" else "rvos train MODEL --dataset STORE"
            line = f"{title}: none in {from_here(folder)}; make one with: {make}"
            console.print(strip_control(line), markup=False, soft_wrap=True)
        elif title == "Stores":
            console.print(_store_table(stores))
            for store in stores:
                for split, said in store.not_whole.items():
                    line = f"{store.name}: the ground truth of {split} is not whole: {said}"
                    console.print(strip_control(line), markup=False, soft_wrap=True)
        else:
            console.print(_run_table(runs))
        _say_faults(console, [(entry.name, entry.fault) for entry in entries if entry.fault])


def _store_table(stores: Sequence[StoreEntry]) -> Table:
    from rich.text import Text

    drawn = _new_table("store", "dataset", "split", "videos>", "expressions>", "size>")
    for store in stores:
        if store.splits is None:
            drawn.add_row(Text(strip_control(store.name)), Text("damaged", style="red"))
            continue
        for row, (split, counts) in enumerate(store.splits.items()):
            first = row == 0
            drawn.add_row(
                Text(strip_control(store.name) if first else ""),
                Text(strip_control(store.dataset or "") if first else ""),
                Text(strip_control(split)),
                f"{counts.get('videos', 0):,}",
                f"{counts.get('expressions', 0):,}",
                file_size(store.size_bytes) if first and store.size_bytes is not None else "",
            )
    return drawn


def _run_table(runs: Sequence[RunEntry]) -> Table:
    from rich.text import Text

    drawn = _new_table("run", "state", "data", "protocol", "score>")
    for run in runs:
        data = "/".join(part for part in (run.dataset, run.split) if part)
        style = "red" if run.kind == "damaged" else ""
        for row, score in enumerate(run.scores or (None,)):
            first = row == 0
            drawn.add_row(
                Text(strip_control(run.name) if first else ""),
                Text(_state(run) if first else "", style=style),
                Text(strip_control(data) if first else ""),
                Text(strip_control(score.protocol) if score else ""),
                Text(_score(score) if score else ""),
            )
    return drawn


def _state(run: RunEntry) -> str:
    """What a run is; the score of a part is not that of the split."""
    return run.kind if run.shard is None else f"{run.kind}, shard {run.shard}"


def _new_table(*columns: str) -> Table:
    """A table that fits 80 columns; a column with > is of numbers."""
    from rich import box
    from rich.table import Table

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        is_number = column.endswith(">")
        drawn.add_column(
            column.rstrip(">"),
            justify="right" if is_number else "left",
            no_wrap=is_number,
            overflow="fold",
        )
    return drawn


def _score(score: MainScore) -> str:
    """The main metric in percent."""
    return f"{strip_control(score.metric)} {score.value.text(interval=False)}"


def _say_faults(console: Console, faults: Sequence[tuple[str, str]]) -> None:
    for name, fault in faults:
        console.print(strip_control(f"{name}: {fault}"), markup=False, soft_wrap=True)


def _as_json(
    workspace: Workspace | None, stores: Sequence[StoreEntry], runs: Sequence[RunEntry]
) -> dict[str, Any]:
    from dataclasses import asdict

    folders = None
    if workspace is not None:
        folders = {
            "folder": str(workspace.folder),
            "releases": [str(root) for root in workspace.releases],
            "stores": str(workspace.stores),
            "runs": str(workspace.runs),
        }
    return {
        "schema_version": 1,
        "workspace": folders,
        "stores": [_plain(asdict(store)) for store in stores],
        "runs": [_plain(asdict(run)) for run in runs],
    }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    from pathlib import Path

    return {key: str(value) if isinstance(value, Path) else value for key, value in values.items()}
