"""`rvos evaluate` without a run: score what the workspace holds, then rank it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rvosbench.errors import MissingPathError, RvosbenchError

from .console import note, print_json, progress, stdout_console, warn

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
        warn(f"{run.name} is not scored: {error}")

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
            note(f"{left.run.name} is not scored: {left.reason}")
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
                    on_progress=update,
                    seed=seed,
                )
        except RvosbenchError as error:
            fail(task.run, str(error))
    _show(workspace, as_json)
    return 1 if failed else 0


def _show(workspace: Workspace, as_json: bool) -> None:
    """The leaderboard of all that has scores."""
    from rvosbench.reporting import leaderboard
    from rvosbench.workspace.here import from_here
    from rvosbench.workspace.runs import runs_of

    scored = [from_here(run.path) for run in runs_of(workspace) if run.scores]
    found = leaderboard.tables(leaderboard.collect(scored))
    if as_json:
        print_json(leaderboard.as_json(found))
        return
    console = stdout_console()
    for table in found:
        console.print(leaderboard.as_rich(table))
    if not found:
        note("No run has scores.")
