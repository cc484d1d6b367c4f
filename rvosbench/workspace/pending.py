"""What `rvos evaluate` without a run has to do: runs to predict with, to score, and to leave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rvosbench.errors import RvosbenchError, UnknownNameError
from rvosbench.runs.run import PREDICTIONS
from rvosbench.store import Store
from rvosbench.workspace.folders import UNREADABLE, why
from rvosbench.workspace.here import from_here
from rvosbench.workspace.record import Workspace
from rvosbench.workspace.runs import RunEntry, runs_of
from rvosbench.workspace.stores import StoreEntry, stores_of

EVALUATION_SPLITS = ("valid", "val", "valid_u", "test", "testA", "heldout")
"""Splits that published numbers are on, the usual one first; the first with public ground truth is taken.

Of Ref-YouTube-VOS that is `valid` where --valid-masks gave it ground truth, else `heldout`; of MeViS
`valid_u`.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A run with what it is to be predicted or scored against."""

    run: RunEntry
    store: Path
    split: str
    protocol: str

    def of(self, run: RunEntry) -> Task:
        """The same for another run."""
        return replace(self, run=run)


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """A run that is not scored."""

    run: RunEntry
    reason: str  # in one line
    is_fault: bool  # something is broken; else there is no ground truth to score it against


@dataclass(slots=True)
class Pending:
    """Everything that is left to do in a workspace."""

    predict: list[Task] = field(default_factory=list)
    """Trained runs that nothing was predicted with yet, each with its evaluation split."""
    score: list[Task] = field(default_factory=list)
    """Predictions without scores under the protocol of their dataset."""
    left: list[Left] = field(default_factory=list)


def unscored_runs(workspace: Workspace, protocol_of: Callable[[str], str]) -> Pending:
    """The runs of a workspace that have no scores yet.

    A trained run is to be predicted with when no predictions in the workspace were made with its weights,
    whatever they are called: they are known by the checkpoint's SHA-256.

    Args:
        workspace: which.
        protocol_of: dataset -> the name of its own protocol; rvos.toml may name another one.

    Returns:
        In the order of the runs' names.
    """
    runs = runs_of(workspace)
    stores = stores_of(workspace)
    answered = {
        run.checkpoint_sha256
        for run in runs
        if run.kind in ("predicted", "scored") and not run.mismatched_expressions and run.shard is None
    }
    pending = Pending()
    for run in runs:
        try:
            _add(run, pending, workspace, stores, protocol_of, run.checkpoint_sha256 in answered)
        except RvosbenchError as error:
            pending.left.append(Left(run=run, reason=str(error), is_fault=True))
        except UNREADABLE as error:
            pending.left.append(Left(run=run, reason=why(error), is_fault=True))
    return pending


def _add(
    run: RunEntry,
    pending: Pending,
    workspace: Workspace,
    stores: Sequence[StoreEntry],
    protocol_of: Callable[[str], str],
    is_answered: bool,
) -> None:
    if run.kind == "unfinished":
        return
    if run.fault is not None:
        pending.left.append(Left(run=run, reason=run.fault, is_fault=True))
        return
    if run.shard is not None:
        reason = f"it is shard {run.shard} of a run; make the run with: rvos merge PART... --out RUN"
        pending.left.append(Left(run=run, reason=reason, is_fault=False))
        return
    if run.dataset is None:
        raise UnknownNameError("its run.json names no dataset, expected one; score it with rvos evaluate RUN")
    protocol = workspace.dataset(run.dataset).protocol or protocol_of(run.dataset)
    if (run.kind == "trained" and is_answered) or any(score.protocol == protocol for score in run.scores):
        return
    if run.kind == "scored" and not (run.path / PREDICTIONS).exists():
        return  # predictions that lie elsewhere were scored as they were to be
    store = store_of_run(run, stores)
    if run.kind == "trained":
        split = evaluation_split(store, run.split)
        if split is None:
            reason = f"{store.folder} has no split but '{run.split}' with public ground truth"
            pending.left.append(Left(run=run, reason=reason, is_fault=False))
        else:
            pending.predict.append(Task(run=run, store=store.folder, split=split, protocol=protocol))
    elif run.split is None or has_ground_truth(store, run.split):
        split = run.split or next(iter(store.splits))
        pending.score.append(Task(run=run, store=store.folder, split=split, protocol=protocol))
    else:
        reason = f"the ground truth of {run.dataset}/{run.split} is not public"
        pending.left.append(Left(run=run, reason=reason, is_fault=False))


def evaluation_split(store: Store, learnt_from: str | None) -> str | None:
    """The split that a model is scored on when none was chosen: one with ground truth that it has not seen.

    Args:
        store: of the dataset.
        learnt_from: the split that the model was trained on.

    Returns:
        The first of `EVALUATION_SPLITS` that will do, else any other split; None if there is none.
    """
    usual = [split for split in EVALUATION_SPLITS if split in store.splits]
    others = [split for split in store.splits if split not in usual]
    for split in [*usual, *others]:
        if split not in (learnt_from, "train") and has_ground_truth(store, split):
            return split
    return None


def has_ground_truth(store: Store, split: str) -> bool:
    """Whether a split says which objects its expressions mean; public servers keep that to themselves.

    Raises:
        UnknownNameError: no such split.
    """
    objects = store.table("expressions", split, ["object_ids"])["object_ids"]
    return bool(objects.null_count < len(objects))


def store_of_run(run: RunEntry, stores: Sequence[StoreEntry]) -> Store:
    """The store that a run was made from, wherever it is; for a trained run, one of its dataset will do."""
    same = [entry.path for entry in stores if entry.fingerprint == run.store_fingerprint is not None]
    named = [entry.path for entry in stores if entry.name == run.dataset and entry.fingerprint is not None]
    if same:
        return Store.open(from_here(same[0]))
    if run.store is not None and Path(run.store).is_dir():
        store = Store.open(Path(run.store))
        if store.fingerprint == run.store_fingerprint:
            return store
    if run.kind == "trained" and named:
        return Store.open(from_here(named[0]))
    known = run.store or f"the {run.dataset} store"
    raise UnknownNameError(
        f"{known} that it was made from is gone or was made anew, and no store of the workspace is equal to "
        "it; score it with rvos evaluate RUN --dataset STORE, or predict again"
    )
