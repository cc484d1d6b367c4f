"""One table of one split on disk: read as a whole, or the rows of one video."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rvosbench.errors import FormatError
from rvosbench.files.text import one_line


class StoredTable:
    """The parts of one table of one split, with the video range of every row group."""

    def __init__(self, folder: Path, paths: Sequence[Path]) -> None:
        self._folder = folder
        self._paths = paths
        with readable(folder, paths):
            # Reading ahead, as for remote files, costs a fifth of the time of reading one small group.
            self._files = [pq.ParquetFile(path, pre_buffer=False) for path in paths]
        self._groups: list[tuple[int, int]] = []  # (part, row group)
        # The last group read, with its columns: whoever goes through the videos in order reads it once.
        self._kept: _Group | None = None
        self._first: list[str] = []  # smallest video_id of each group, ascending
        self._last: list[str] = []
        for part, file in enumerate(self._files):
            for group in range(file.num_row_groups):
                statistics = file.metadata.row_group(group).column(0).statistics
                if statistics is None or not statistics.has_min_max:
                    continue  # an empty group
                self._groups.append((part, group))
                self._first.append(statistics.min)
                self._last.append(statistics.max)

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows; some columns or all."""
        names = None if columns is None else list(columns)
        with readable(self._folder, self._paths):
            return pa.concat_tables([file.read(names) for file in self._files])

    def columns_of(self, video_id: str, columns: Sequence[str]) -> dict[str, list[Any]]:
        """The rows of one video, column by column; of a struct, each field is a column (`rle.counts`).

        One row group stays in memory, so that the next video of the same group needs no reading. In one
        thread: a group is small, and loaders use every core themselves.
        """
        parts = []
        for position in range(bisect.bisect_left(self._last, video_id), len(self._groups)):
            if self._first[position] > video_id:
                break
            group = self._group(position, tuple(columns))
            low = bisect.bisect_left(group.video_ids, video_id)
            high = bisect.bisect_right(group.video_ids, video_id)
            parts.append(group.rows.slice(low, high - low))
        if not parts:
            return {}
        names = parts[0].column_names
        return {name: [value for part in parts for value in part[name].to_pylist()] for name in names}

    def _group(self, position: int, columns: tuple[str, ...]) -> _Group:
        kept = self._kept
        if kept is None or (kept.position, kept.columns) != (position, columns):
            part, group = self._groups[position]
            with readable(self._folder, [self._paths[part]]):
                rows = self._files[part].read_row_group(group, list(columns), use_threads=False)
            kept = _Group(position, columns, rows.flatten(), rows["video_id"].to_pylist())
            self._kept = kept
        return kept


@dataclass(frozen=True, slots=True)
class _Group:
    """Some columns of one row group."""

    position: int
    columns: tuple[str, ...]
    rows: pa.Table  # structs in columns of their own
    video_ids: list[str]  # of the rows, sorted


@contextmanager
def readable(folder: Path, paths: Sequence[Path]) -> Iterator[None]:
    """Turn what pyarrow finds in damaged parts of a store, page by page, into one line.

    Raises:
        FormatError: reading failed in the block.
    """
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        detail = one_line(error)
        names = ", ".join(map(str, paths[:3]))
        raise FormatError(
            f"{names} cannot be read ({detail}); the store is damaged, see all that is wrong with: "
            f"rvos verify {folder}"
        ) from error
