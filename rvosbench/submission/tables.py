"""Parquet predictions below other folders or in an archive, alone or in a run that was packed whole."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rvosbench.errors import FormatError, ScoreError
from rvosbench.files.text import one_line, some
from rvosbench.runs.predictions import Part, Predictions
from rvosbench.runs.record import NAME as RECORD
from rvosbench.runs.record import RunRecord
from rvosbench.runs.run import PREDICTIONS
from rvosbench.runs.tolerance import Tolerance
from rvosbench.store import Store
from rvosbench.submission.files import Unit, path_of
from rvosbench.submission.sources import ParquetSource
from rvosbench.submission.trees import Name, Tree, suffix_of
from rvosbench.submission.trees.folder import Folder

_MOST_RECORD = 1 << 24  # bytes of a run.json


def runs_among(names: Collection[Name]) -> frozenset[Name]:
    """The folders that hold a run: its record beside its predictions.

    Example:
        >>> runs_among([("soc", "run.json"), ("soc", "predictions", "part-00000.parquet")])
        frozenset({('soc',)})
    """
    tables = {name[:-2] for name in names if name[-2:-1] == (PREDICTIONS,) and suffix_of(name) == ".parquet"}
    return frozenset(name[:-1] for name in names if name[-1] == RECORD) & tables


def in_a_run(name: Name, runs: Collection[Name]) -> bool:
    """Whether a file lies in one of these folders."""
    return any(name[:length] in runs for length in range(len(name)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Against:
    """What predictions are held against."""

    unit: Unit
    store: Store | None  # with the ground truth
    split: str | None  # of the store; None: any


def open_run_in(
    tree: Tree, runs: Sequence[Name], shown: str, against: Against, tolerance: Tolerance
) -> ParquetSource:
    """The predictions of a run that somebody has packed.

    Args:
        tree: an archive; a run in a folder is a run, and named as one.
        runs: see `runs_among`; at least one.
        shown: what messages call the whole.
        against: what the run must have answered.
        tolerance: what is let pass.

    Raises:
        FormatError: a file is damaged.
        ScoreError: there are several runs, the run lies in a folder, is of another store or split, or says
            something in run.json that scores of bare predictions would not.
    """
    if len(runs) > 1:
        raise ScoreError(f"{shown} holds several runs: {some(map(_shown, runs), 6)}; name one of them")
    (run,) = runs
    if isinstance(tree, Folder):
        raise ScoreError(f"{shown} holds a run in the folder {_shown(run)}; name that folder, as a RUN")
    record = _record(tree, (*run, RECORD))
    where = f"{shown} holds a run in the folder {_shown(run)}"
    _check_origin(record, where, against)
    if reasons := _only_a_run_says(record):
        raise ScoreError(
            f"{where}, whose {RECORD} says that {reasons[0]}; unpack it and name the folder as a RUN, so "
            "that its scores say it too"
        )
    folder = (*run, PREDICTIONS)
    inside = sorted(name for name in tree.names() if name[:-1] == folder and suffix_of(name) == ".parquet")
    source = ParquetSource(_predictions(tree, inside), tolerance, record)
    source.notes = (
        f"{where}, of the model {one_line(record.model or 'unknown', 100)}; its predictions are read, and to "
        f"keep its {RECORD} with the scores, unpack it",
    )
    return source


def open_tables(tree: Tree, names: Sequence[Name], shown: str, tolerance: Tolerance) -> ParquetSource:
    """Parquet files of one folder, wherever it lies.

    Args:
        tree: a folder or an archive.
        names: of its Parquet files, at least one.
        shown: what messages call the whole.
        tolerance: what is let pass.

    Raises:
        FormatError: a file is damaged, or no predictions.
        ScoreError: they lie in several folders.
    """
    folders = sorted({name[:-1] for name in names})
    if len(folders) > 1:
        raise ScoreError(
            f"{shown} holds several results: {some(map(_shown, folders), 6)}; name one of these folders"
        )
    source = ParquetSource(_predictions(tree, sorted(names)), tolerance)
    if folders[0]:
        source.notes = (f"{shown}: the results are in the folder {_shown(folders[0])}",)
    return source


def _predictions(tree: Tree, names: Sequence[Name]) -> Predictions:
    """Files of a folder where they lie; those of an archive are unpacked into a temporary file each."""
    if isinstance(tree, Folder):
        return Predictions.of_parts([_in_folder(tree.path_of(name)) for name in names])
    return Predictions.of_parts(
        [Part(f"{tree.shown}:{one_line(path_of(name), 400)}", partial(tree.file_of, name)) for name in names]
    )


def _in_folder(path: Path) -> Part:
    return Part(str(path), partial(Path, path))


def _record(tree: Tree, name: Name) -> RunRecord:
    data, where = tree.bytes_of(name, _MOST_RECORD)
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{where} is not JSON ({one_line(error)}); pack the run again") from error
    if not isinstance(content, dict):
        raise FormatError(f"{where} holds a {type(content).__name__}, expected an object; pack the run again")
    return RunRecord.from_json(content, Path(where))


def _check_origin(record: RunRecord, where: str, against: Against) -> None:
    """Refuse to hold a run against something else than it answered."""
    expected = {"unit": "object" if against.unit == "object" else "expression"}
    if against.store is not None:
        expected["store_fingerprint"] = against.store.fingerprint
    if against.split is not None:
        expected["split"] = against.split
    for key, value in expected.items():
        if getattr(record, key) != value:
            remedy = "another --protocol" if key == "unit" else "the store and split that it was made from"
            raise ScoreError(
                f"{where}, which was predicted with {key.replace('_', ' ')} {getattr(record, key)!r}, "
                f"expected {value!r}; choose {remedy}"
            )


def _only_a_run_says(record: RunRecord) -> list[str]:
    """What scores must know about predictions, and bare predictions do not say."""
    said = []
    if record.shard is not None:
        said.append(f"it is shard {record.shard} alone, to be merged with: rvos merge PART... --out RUN")
    if record.is_oracle:
        said.append("its model is an oracle")
    if record.mismatched_expressions:
        said.append("it was asked with mismatched expressions")
    if record.limit is not None:
        said.append(f"it is of the first {record.limit:,} videos")
    if record.left_out:
        said.append(f"{len(record.left_out):,} expressions were not asked")
    return said


def _shown(folder: Name) -> str:
    return one_line(path_of(folder), 400) or "."
