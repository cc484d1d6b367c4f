"""`problems.parquet`: what a store lacks, because its release does or because it could not be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

PROBLEMS = "problems.parquet"
PROBLEMS_SCHEMA = pa.schema(
    [
        ("split", pa.string()),
        ("video_id", pa.string()),
        ("kind", pa.string()),
        ("message", pa.string()),
    ]
)

Kind = Literal["skipped", "reported"]
KINDS: tuple[Kind, ...] = ("skipped", "reported")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseProblem:
    """Something that is wrong with a release."""

    kind: Kind  # the video was left out because it cannot be read; or it is only to be known
    message: str
    split: str | None = None  # None: about the release as a whole
    video_id: str | None = None


def write_problems(path: Path, problems: Sequence[ReleaseProblem]) -> None:
    """Write the file; a store without problems has one without rows."""
    rows = [asdict(problem) | {"message": _as_unicode(problem.message)} for problem in problems]
    pq.write_table(pa.Table.from_pylist(rows, schema=PROBLEMS_SCHEMA), path, compression="zstd")


def _as_unicode(text: str) -> str:
    """Text that UTF-8 can hold: a message may quote a file name that is not valid Unicode."""
    return text.encode("utf-8", "backslashreplace").decode()
