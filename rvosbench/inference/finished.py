"""The videos that a run of predictions has finished: kept in a journal, found again by the same command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from rvosbench.errors import OutputError
from rvosbench.files import journal
from rvosbench.files.text import beginning
from rvosbench.runs.predictions import SCHEMA, Prediction, as_table, rows_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Note(journal.Note):
    """What run.json sums up of a video."""

    frames: int
    expressions: int
    left_out: tuple[str, ...]  # expressions that were not asked, <video>/<expression>
    model_s: float
    total_s: float  # decoding and encoding too


class Finished(journal.Journal[Note]):
    """The finished videos of one run of predictions."""

    note_type = Note


def as_body(rows: Sequence[Prediction]) -> bytes:
    """The rows of a video as the journal holds them."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA) as stream:
        stream.write_table(as_table(rows))
    return bytes(sink.getvalue())


def from_body(body: bytes) -> list[Prediction]:
    """The rows that `as_body` was given."""
    with pa.ipc.open_stream(body) as stream:
        return rows_of(stream.read_all())


def refuse_another(folder: Path, key: Mapping[str, Any], out: Path) -> None:
    """Refuse to go on with videos that were answered under other conditions.

    Args:
        folder: where the journal lies.
        key: of this run.
        out: the run's final name.

    Raises:
        OutputError: naming what differs.
    """
    before = journal.read_key(folder)
    if before is None or before == key:
        return
    differences = _differences(before, key)
    more = f" and {len(differences) - 3} more" if len(differences) > 3 else ""
    raise OutputError(
        f"an interrupted run for {out} has finished videos with {'; '.join(differences[:3])}{more}; give the "
        "same command to go on, choose another --out, or begin anew with --no-resume"
    )


def _differences(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> list[str]:
    said = []
    for name in sorted({*before, *now}, key=str):
        one, other = before.get(name), now.get(name)
        if one == other:
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            said += _differences(one, other, "" if name == "versions" else f"{name} ")
        elif name == "program":
            said.append("another state of the program")
        else:
            said.append(
                f"{prefix}{name.replace('_', ' ')} {beginning(one, 40)}, this one has {beginning(other, 40)}"
            )
    return said
