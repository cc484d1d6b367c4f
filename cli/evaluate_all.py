"""`rvos evaluate` without a run: score what the workspace holds, then rank it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rvosbench.errors import MissingPathError, RvosbenchError
from rvosbench.files.text import strip_control

from .console import note, progress, stdout_console

if TYPE_CHECKING:
    from collections.abc import Callable

    from rvosbench.workspace import Workspace
    from rvosbench.workspace.pending import Task
    from rvosbench.workspace.runs import RunEntry


def evaluate_workspace(
    workspace: Workspace,
    protocol_of: Callable[[str], str],
    predict: Callable[[Task], RunEntry],
    *,
    seed: int,
    as_json: bool,
) -> int:
    """Predict and score whatever has no scores yet, and print the leaderboard.

    A run that fails is named and left out; the others are done all the same.

    Args:
        workspace: whose runs.
        protocol_of: dataset -> its own protocol.
        predict: makes the predictions of a trained run and returns their run.
        seed: of the bootstrap.
        as_json: print the leaderboard as JSON.

    Returns:
        The exit code: 1 if a run failed.

    Raises:
        MissingPathError: the workspace has no runs.
    """
    from rvosbench.evaluation.evaluate import evaluate
    from rvosbench.store import Store
    from rvosbench.workspace.here import from_here
    from rvosbench.workspace.pending import unscored_runs
    from rvosbench.workspace.runs import runs_of

    failed = 0

    def fail(run: RunEntry, error: str) -> None:
        nonlocal failed
        failed += 1
        note(f"Warning: {strip_control(run.name)} is not scored: {strip_control(error)}")

    if not runs_of(workspace):
        raise MissingPathError(
            f"{from_here(workspace.runs)} has no runs, expected some to score; make one with: rvos train "
            "MODEL --dataset STORE"
        )
    pending = unscored_runs(workspace, protocol_of)
    for left in pending.left:
        if left.is_fault:
            fail(left.run, left.reason)
        else:
            note(f"{strip_control(left.run.name)} is not scored: {strip_control(left.reason)}")
    tasks = list(pending.score)
    for task in pending.predict:
        try:
            answers = predict(task)
        except RvosbenchError as error:
            fail(task.run, str(error))
        else:
            tasks.append(task.of(answers))
    for task in tasks:
        try:
            with progress(f"evaluate {task.run.name}") as update:
                evaluate(
                    from_here(task.run.path),
                    store=Store.open(task.store),
                    split=task.split,
                    protocol=task.protocol,
                    seed=seed,
                    on_progress=update,
                )
        except RvosbenchError as error:
            fail(task.run, str(error))
    _show(workspace, as_json, fail)
    return 1 if failed else 0


def _show(workspace: Workspace, as_json: bool, fail: Callable[[RunEntry, str], None]) -> None:
    """The leaderboard of all that has scores."""
    import json

    from rvosbench.reporting.leaderboard import as_json as as_plain
    from rvosbench.reporting.leaderboard import as_rich, read_row, tables
    from rvosbench.workspace.here import from_here
    from rvosbench.workspace.runs import runs_of

    rows = []
    for run in runs_of(workspace):
        if run.scores:
            try:
                rows.append(read_row(from_here(run.path)))
            except RvosbenchError as error:
                fail(run, str(error))
    found = tables(rows)
    if as_json:
        click.echo(json.dumps(as_plain(found), indent=1, ensure_ascii=False))
        return
    console = stdout_console()
    for table in found:
        console.print(as_rich(table))
    if not found:
        note("No run has scores.")
