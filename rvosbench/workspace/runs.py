"""The runs of a workspace as a list in which a damaged one is an entry, not an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from rvosbench.errors import RvosbenchError
from rvosbench.runs import record as run_record
from rvosbench.workspace.folders import UNREADABLE, folders, why
from rvosbench.workspace.record import Workspace

Kind = Literal["trained", "predicted", "scored", "unfinished", "damaged"]
PREDICTIONS, CHECKPOINT, LOG, SCORES = "predictions", "checkpoint", "log.jsonl", "scores.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """The main metric of a run under one protocol."""

    protocol: str
    metric: str
    value: float | None  # a fraction; None: it cannot be computed
    low: float | None  # 95 % interval
    high: float | None


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
    store: str | None = None  # the path that the run was made from
    store_fingerprint: str | None = None
    checkpoint_sha256: str | None = None
    limit: int | None = None  # videos that were answered for; None: all
    is_swapped: bool = False  # asked with other objects' expressions
    scores: tuple[Score, ...] = ()  # by protocol
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


def read_run_entry(path: Path) -> RunEntry | None:
    """One folder as an entry; None if it is no run."""
    present = {
        name for name in (run_record.NAME, LOG, CHECKPOINT, PREDICTIONS, SCORES) if (path / name).exists()
    }
    if not present:
        return None
    try:
        scores = (_score(path / SCORES),) if SCORES in present else ()
        if run_record.NAME in present:
            return _recorded(path, run_record.read_run(path), scores, present)
        if SCORES in present:  # of predictions that somebody else made
            return _external(path, scores)
    except RvosbenchError as error:
        return RunEntry(path=path, name=path.name, kind="damaged", fault=str(error))
    except UNREADABLE as error:
        return RunEntry(path=path, name=path.name, kind="damaged", fault=why(error))
    if LOG in present:
        fault = "it was interrupted, or is still running; go on with: rvos train ... --resume"
        return RunEntry(path=path, name=path.name, kind="unfinished", fault=fault)
    fault = f"{run_record.NAME} is missing, which is written last; make the run again"
    return RunEntry(path=path, name=path.name, kind="damaged", fault=fault)


def _recorded(
    path: Path, record: Mapping[str, Any], scores: tuple[Score, ...], present: set[str]
) -> RunEntry:
    is_training = record.get("kind") == "training"
    kind: Kind = "trained" if is_training else "scored" if scores else "predicted"
    limit = record.get("limit")
    entry = RunEntry(
        path=path,
        name=path.name,
        kind=kind,
        model=_text(record, "model"),
        preset=_text(record, "preset"),
        dataset=_text(record, "dataset"),
        split=_text(record, "split"),
        written=_text(record, "written"),
        store=_text(record, "store"),
        store_fingerprint=_text(record, "store_fingerprint"),
        checkpoint_sha256=_text(record, "checkpoint_sha256"),
        limit=limit if isinstance(limit, int) else None,
        is_swapped=bool(record.get("swapped_sentences")),
        scores=scores,
    )
    needed = CHECKPOINT if is_training else PREDICTIONS
    if needed not in present:
        return replace(entry, kind="damaged", fault=f"{needed} is missing; make the run again")
    return entry


def _external(path: Path, scores: tuple[Score, ...]) -> RunEntry:
    content = _scores(path / SCORES)
    return RunEntry(
        path=path,
        name=path.name,
        kind="scored",
        model=_text(content, "model"),
        dataset=_text(content, "dataset"),
        split=_text(content, "split"),
        store_fingerprint=_text(content, "store_fingerprint"),
        scores=scores,
    )


def _score(path: Path) -> Score:
    content = _scores(path)
    protocol = content["protocol"]
    metric = content["metrics"][protocol["main_metric"]]
    value, low, high = (
        None if metric[key] is None else float(metric[key]) for key in ("value", "low", "high")
    )
    return Score(
        protocol=str(protocol["name"]), metric=str(protocol["main_metric"]), value=value, low=low, high=high
    )


def _scores(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _text(record: Mapping[str, Any], key: str) -> str | None:
    value = record.get(key)
    return None if value is None else str(value)
