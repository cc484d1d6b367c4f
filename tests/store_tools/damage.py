"""Stores that somebody broke, with or without putting the manifest in order afterwards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rvosbench.store import SCHEMAS

Rows = list[dict[str, Any]]


def part(folder: Path, table: str, split: str = "train") -> Path:
    return folder / "data" / table / f"split={split}" / "part-00000.parquet"


def change(folder: Path, table: str, edit: Callable[[Rows], Rows | None], split: str = "train") -> None:
    """Rewrite a table; the manifest is put in order, so that only the rows can give it away."""
    path = part(folder, table, split)
    rows = pq.ParquetFile(path).read().to_pylist()
    edited = edit(rows)
    rows = rows if edited is None else edited
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMAS[table]), path)
    manifest = json.loads((folder / "dataset.json").read_text())
    data = path.read_bytes()
    facts = {"rows": len(rows), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    manifest["files"][path.relative_to(folder).as_posix()] = facts
    manifest["splits"][split][table] = len(rows)
    (folder / "dataset.json").write_text(json.dumps(manifest))


def flip(path: Path, position: int) -> None:
    """Change one byte."""
    data = bytearray(path.read_bytes())
    data[position] ^= 0x55
    path.write_bytes(bytes(data))
