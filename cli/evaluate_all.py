"""`rvos evaluate` without a run: score what the workspace holds, then rank it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rvosbench.errors import MissingPathError

from .console import note, progress
from .evaluate_batch import Batch, Job, show

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rvosbench.runs.scores import Scores
    from rvosbench.workspace import Workspace
    from rvosbench.workspace.pending import Task
    from rvosbench.workspace.runs import RunEntry


def evaluate_workspace(
    workspace: Workspace,
    protocol_of: Callable[[str], str],
    predict: Callable[[Task], RunEntry],
    options: Mapping[str, Any],
    *,
    as_json: bool,
) -> int:
    """Predict and score whatever has no scores yet, and print the leaderboard.

    A run that fails is named and left out; the others are done all the same.

    Args:
        workspace: whose runs.
        protocol_of: dataset -> its own protocol.
        predict: makes the predictions of a trained run and returns their run.
        options: of `rvosbench.evaluate`.
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

    batch = Batch()
    if not runs_of(workspace):
        raise MissingPathError(
            f"{from_here(workspace.runs)} has no runs, expected some to score; make one with: rvos train "
            "MODEL --dataset STORE"
        )
    pending = unscored_runs(workspace, protocol_of)
    for left in pending.left:
        if left.is_fault:
            batch.fail(left.run.name, left.reason)
        else:
            note(f"{left.run.name} is not scored: {left.reason}")

    def job(task: Task, *, predicted: bool) -> Job:
        def score() -> tuple[Path, Scores]:
            run = task.run if predicted else predict(task)
            path = from_here(run.path)
            with progress(f"evaluate {run.name}") as update:
                scores = evaluate(
                    path,
                    store=Store.open(task.store),
                    split=task.split,
                    protocol=task.protocol,
                    on_progress=update,
                    **options,
                )
            return path, scores

        return Job(name=task.run.name, score=score)

    batch.run(job(task, predicted=True) for task in pending.score)
    batch.run(job(task, predicted=False) for task in pending.predict)
    show(
        [from_here(run.path) for run in runs_of(workspace) if run.scores],
        only=None,
        failed=batch.failed,
        as_json=as_json,
    )
    return 1 if batch.failed else 0
