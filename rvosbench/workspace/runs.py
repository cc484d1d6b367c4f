"""The runs of a workspace as a list in which a damaged one is an entry, not an error."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from rvosbench.errors import RvosbenchError
from rvosbench.runs.content import CHECKPOINT
from rvosbench.runs.record import NAME, RunRecord
from rvosbench.runs.run import PREDICTIONS, SCORES_FOLDER, Run
from rvosbench.runs.scores import SCORES, MetricValue
from rvosbench.work.shards import Shard
from rvosbench.workspace.folders import UNREADABLE, folders, why
from rvosbench.workspace.record import Workspace

Kind = Literal["trained", "predicted", "scored", "unfinished", "damaged"]
LOG = "log.jsonl"


@dataclass(frozen=True, kw_only=True, slots=True)
class MainScore:
    """The main metric of a run under one protocol."""

    protocol: str
    metric: str
    value: MetricValue


@dataclass(frozen=True, kw_only=True, slots=True)
class RunEntry:
    """A folder among the runs."""

    path: Path
    name: str  # of the folder
    kind: Kind
    model: str | None = None
    preset: str | None = None
    dataset: str | None = None
    split: str | None = None  # learnt from, or answered for
    written: str | None = None  # when, in ISO 8601
    store: str | None = None  # the folder of the store that the run was made from
    store_fingerprint: str | None = None
    checkpoint_sha256: str | None = None
    limit: int | None = None  # videos that were answered for; None: all
    mismatched_expressions: bool = False
    shard: Shard | None = None  # it is this part of a run, until the parts are merged
    scores: tuple[MainScore, ...] = ()  # the dataset's own protocol first
    fault: str | None = None  # what is wrong with it, in one line

    @property
    def checkpoint(self) -> Path:
        """The weights of a trained run."""
        return self.path / CHECKPOINT


def runs_of(workspace: Workspace) -> tuple[RunEntry, ...]:
    """All runs of a workspace by name: what rvos train, predict and evaluate have made.

    Folders that are no runs are left out, such as one that a process has just taken for itself.
    """
    entries = (read_run_entry(path) for path in folders(workspace.runs))
    return tuple(entry for entry in entries if entry is not None)


def run_of_predictions(
    workspace: Workspace, predictions: Path, store_fingerprint: str, split: str
) -> Path | None:
    """The run that holds scores of predictions that anybody wrote; None if there is none.

    Args:
        workspace: whose runs.
        predictions: the file or folder. Runs that remember it by a relative path are passed over, as it
            means another file in another folder.
        store_fingerprint: of the store that they were scored against.
        split: of the store.
    """
    wanted = (str(predictions.resolve()), store_fingerprint, split, None)
    for path in folders(workspace.runs):
        try:
            run = Run(path)
            if run.record is not None or not run.protocols:
                continue
            held = run.scores(run.protocols[0])
        except (RvosbenchError, *UNREADABLE):
            continue  # `rvos status` says what is wrong with it
        if (held.predictions, held.store_fingerprint, held.split, held.shard) == wanted:
            return path
    return None


def read_run_entry(path: Path) -> RunEntry | None:
    """One folder as an entry; None if it is no run."""
    marks = (NAME, LOG, CHECKPOINT, PREDICTIONS, SCORES, SCORES_FOLDER)
    present = {name for name in marks if (path / name).exists()}
    if not present:
        return None
    try:
        run = Run(path)
        if run.record is None and not run.scores_folders:
            return _unrecorded(path, present)
        return _entry(run, present)
    except RvosbenchError as error:
        return RunEntry(path=path, name=path.name, kind="damaged", fault=str(error))
    except UNREADABLE as error:
        return RunEntry(path=path, name=path.name, kind="damaged", fault=why(error))


def _entry(run: Run, present: set[str]) -> RunEntry:
    all_scores = [run.scores(protocol) for protocol in run.protocols]
    entry = RunEntry(
        path=run.path,
        name=run.path.name,
        kind="scored",
        scores=tuple(
            MainScore(protocol=scores.protocol.name, metric=scores.protocol.main_metric, value=scores.main)
            for scores in all_scores
        ),
    )
    if run.record is not None:
        return _recorded(entry, run.record, present)
    first = all_scores[0]  # of predictions that somebody else made
    return replace(
        entry,
        model=first.model,
        dataset=first.dataset,
        split=first.split,
        store=first.store,
        store_fingerprint=first.store_fingerprint,
        shard=first.shard,
    )


def _recorded(entry: RunEntry, record: RunRecord, present: set[str]) -> RunEntry:
    is_training = record.kind == "training"
    content = record.content
    entry = replace(
        entry,
        kind="trained" if is_training else "scored" if entry.scores else "predicted",
        model=record.model,
        preset=_text(content.get("preset")),
        dataset=record.dataset,
        split=record.split,
        written=_text(content.get("written")),
        store=record.store,
        store_fingerprint=record.store_fingerprint,
        checkpoint_sha256=_text(content.get("checkpoint_sha256")),
        limit=record.limit,
        mismatched_expressions=record.mismatched_expressions,
        shard=record.shard,
    )
    needed = CHECKPOINT if is_training else PREDICTIONS
    if needed not in present:
        return replace(entry, kind="damaged", fault=f"{needed} is missing; make the run again")
    return entry


def _unrecorded(path: Path, present: set[str]) -> RunEntry:
    if LOG in present:
        fault = "it was interrupted, or is still running; go on with: rvos train ... --resume"
        return RunEntry(path=path, name=path.name, kind="unfinished", fault=fault)
    fault = f"{NAME} is missing, which is written last; make the run again"
    return RunEntry(path=path, name=path.name, kind="damaged", fault=fault)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
