"""The Parquet parts of a store, a batch of rows at a time: memory does not grow with the store."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rvosbench.store import SCHEMAS, Store
from rvosbench.store.tables import readable

_NAME = re.compile(rf"data/({'|'.join(SCHEMAS)})/split=([A-Za-z0-9][A-Za-z0-9_.-]*)/part-[0-9]+\.parquet")


def table_and_split(name: str) -> tuple[str, str] | None:
    """(table, split) of a file of a store; None if no store has files of that name."""
    match = _NAME.fullmatch(name)
    return (match[1], match[2]) if match else None


def part_names(manifest: Mapping[str, Any], table: str, split: str) -> list[str]:
    """The files of one table of a split, in the order of their rows."""
    return sorted(name for name in manifest["files"] if table_and_split(name) == (table, split))


def read_batches(
    path: Path, columns: Sequence[str] | None = None, *, rows: int = 8192
) -> Iterator[pa.RecordBatch]:
    """The rows of one file; columns by name, a field of a struct with a dot."""
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(rows, columns=None if columns is None else list(columns))


def batches(store: Store, table: str, split: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The rows of one table of a split, some columns of it.

    Raises:
        FormatError: a file is damaged.
    """
    for name in part_names(store.manifest, table, split):
        path = store.folder / name
        with readable(store.folder, [path]):
            yield from read_batches(path, columns)
