"""Read a store: whole tables for analysis, single videos for loaders."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from rvosbench.errors import FormatError, UnknownNameError
from rvosbench.files.locations import local_path
from rvosbench.files.text import strip_control
from rvosbench.plugins.registry import unknown
from rvosbench.store.manifest import read_manifest, rebuild_command, release_of
from rvosbench.store.partial_truth import counts_from_manifest
from rvosbench.store.problems import PROBLEMS, PROBLEMS_SCHEMA
from rvosbench.store.schema import SCHEMAS, expression_from_row, video_from_columns
from rvosbench.store.tables import StoredTable, readable
from rvosbench.types import Expression, Video

if TYPE_CHECKING:
    import pandas as pd

# What `Video` holds: areas and boxes follow from the run lengths and are for those who query the tables.
_COLUMNS = {
    name: [column for column in schema.names if column not in ("area", "bbox")]
    for name, schema in SCHEMAS.items()
}


class Store:
    """A complete store, opened for reading. Cheap to open; safe to send to worker processes.

    It has the length of its videos, iterates over them, and knows them by id: `store["0a2f2bd294"]`.

    Attributes:
        folder: where it lies.
        name: the dataset's name, such as "ytvos".
        splits: split -> table -> number of rows.
        fingerprint: equal for stores that say the same (see `schema.digest`).
        release: the folder that frame paths are relative to; of a packed store its own folder `media`.
        manifest: all of dataset.json.
    """

    def __init__(self, folder: Path, manifest: Mapping[str, Any], release: Path) -> None:
        """Use `Store.open`; this only keeps what it is given."""
        self.folder = folder
        self.manifest = manifest
        self.name: str = manifest["name"]
        self.splits: dict[str, dict[str, int]] = manifest["splits"]
        self.fingerprint: str = manifest["fingerprint"]
        self.release = release
        self._tables: dict[tuple[str, str], StoredTable] = {}

    @classmethod
    def open(cls, folder: str | Path, release: str | Path | None = None) -> Store:
        """Open a store and check that its files are the ones that its manifest lists.

        Args:
            folder: the store.
            release: the release folder, when it has moved since `rvos prepare`.

        Raises:
            MissingPathError: there is no such folder.
            FormatError: it is no store, an unfinished or damaged one, or of another format version.
        """
        folder = local_path(folder)
        moved = None if release is None else local_path(release)
        manifest = read_manifest(folder)
        for name, facts in manifest["files"].items():
            path = folder / name
            size = path.stat().st_size if path.is_file() else None
            if size != facts["bytes"]:
                problem = "is missing" if size is None else f"has {size} bytes"
                raise FormatError(
                    f"{path} {problem}, the manifest says {facts['bytes']} bytes; the store is damaged, "
                    f"rebuild it with: {rebuild_command(manifest, folder)}"
                )
        return cls(folder, manifest, moved or release_of(folder, manifest))

    def table(self, table: str, split: str | None = None, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of one table, in the order of their keys.

        Args:
            table: "videos", "frames", "objects", "expressions" or "masks"; docs/format.md has their columns.
            split: without it all splits, and a column `split` before the others.
            columns: some of the table's columns; by default all.

        Raises:
            UnknownNameError: no such table or split.
            FormatError: a file is damaged.
        """
        if split is not None:
            return self._table(table, split).read(columns)
        parts = []
        for name in self.splits:
            rows = self._table(table, name).read(columns)
            parts.append(rows.add_column(0, "split", pa.array([name] * rows.num_rows, pa.string())))
        return pa.concat_tables(parts)

    def to_pandas(
        self, table: str = "expressions", split: str | None = None, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """As `table`, as a data frame."""
        frame: pd.DataFrame = self.table(table, split, columns).to_pandas()
        return frame

    def video_ids(self, split: str) -> tuple[str, ...]:
        """The videos of a split, sorted."""
        return tuple(self.table("videos", split, ["video_id"])["video_id"].to_pylist())

    def expressions(self, split: str) -> tuple[Expression, ...]:
        """All expressions of a split, by video, in the release's order within a video."""
        return tuple(expression_from_row(row) for row in self.table("expressions", split).to_pylist())

    def video(self, split: str, video_id: str) -> Video:
        """Everything about one video.

        Reads only the row groups that hold it, and keeps the last of each table for the next video.

        Raises:
            UnknownNameError: no such split or video.
        """
        tables = {
            name: self._table(name, split).columns_of(video_id, columns) for name, columns in _COLUMNS.items()
        }
        if not tables["videos"].get("video_id"):
            raise UnknownNameError(self._no_video(video_id, {split: self.video_ids(split)}))
        return video_from_columns(split, tables)

    def split_of(self, video_id: str) -> str:
        """The split that a video is in; of several the first.

        Raises:
            UnknownNameError: it is in none; the message names those with a similar id.
        """
        ids = {split: self.video_ids(split) for split in self.splits}
        for split, known in ids.items():
            if video_id in known:
                return split
        raise UnknownNameError(self._no_video(video_id, ids))

    def only_split(self, split: str | None = None) -> str:
        """The split that was asked for; without one, the only split that the store has.

        Raises:
            UnknownNameError: no such split, or there are several and none was asked for.
        """
        if split is None and len(self.splits) == 1:
            return next(iter(self.splits))
        if split is None:
            raise UnknownNameError(
                f"{self.folder} has the splits {', '.join(self.splits)}; choose one with --split"
            )
        if split not in self.splits:
            raise UnknownNameError(unknown(f"split of {self.folder}", split, list(self.splits)))
        return split

    def problems(self) -> pa.Table:
        """What is wrong with the release: split, video_id (both null: all of it), kind and message.

        A video of the kind "skipped" is not in the store; "reported" is what is only to be known. A store
        that was made before there was such a list has no rows.
        """
        if PROBLEMS not in self.manifest["files"]:
            return PROBLEMS_SCHEMA.empty_table()
        path = self.folder / PROBLEMS
        with readable(self.folder, [path]):
            return pq.read_table(path, schema=PROBLEMS_SCHEMA)

    def partly_annotated(self, split: str) -> Mapping[str, tuple[int, int]]:
        """The videos whose ground truth is not whole, though its source promises masks for every frame.

        Returns:
            Video -> (frames that have their masks, frames that should have them), sorted. Nothing for
            releases that annotate a few frames by design, and for stores that were made before this was
            noted.

        Raises:
            UnknownNameError: no such split.
            FormatError: the manifest is damaged.
        """
        return counts_from_manifest(self.manifest, self.only_split(split))

    def __len__(self) -> int:
        """The number of videos, of all splits."""
        return sum(counts["videos"] for counts in self.splits.values())

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Video]:
        """All videos, split by split, each read when its turn comes."""
        for split in self.splits:
            for video_id in self.video_ids(split):
                yield self.video(split, video_id)

    def __contains__(self, video_id: object) -> bool:
        """Whether a video of this id is in a split."""
        return any(video_id in self.video_ids(split) for split in self.splits)

    def __getitem__(self, video_id: str) -> Video:
        """A video by its id; of several splits that have it, from the first."""
        return self.video(self.split_of(video_id), video_id)

    def __repr__(self) -> str:
        splits = ", ".join(f"{split} {counts.get('videos', 0):,}" for split, counts in self.splits.items())
        return strip_control(f"<Store {self.name} at {self.folder}, videos: {splits}>")

    def _repr_html_(self) -> str:
        from rvosbench.store.html import store_as_html  # it loads what draws

        return store_as_html(self)

    def _no_video(self, video_id: str, ids: Mapping[str, Sequence[str]]) -> str:
        """What to say about an id that no video has. All ids would be too many."""
        where = f"{self.name}/{next(iter(ids))}" if len(ids) == 1 else str(self.folder)
        known = [known_id for split_ids in ids.values() for known_id in split_ids]
        near = difflib.get_close_matches(video_id, dict.fromkeys(known), n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(map(repr, near))}? all are listed by" if near else "list them with"
        split = f" --split {next(iter(ids))}" if len(ids) == 1 and len(self.splits) > 1 else ""
        return f"no video of {where} is named {video_id!r}; {hint}: rvos info {self.folder} --videos{split}"

    def _table(self, table: str, split: str) -> StoredTable:
        if table not in SCHEMAS:
            raise UnknownNameError(unknown("table of a store", table, list(SCHEMAS)))
        if split not in self.splits:
            raise UnknownNameError(unknown(f"split of {self.folder}", split, list(self.splits)))
        key = (table, split)
        if key not in self._tables:
            prefix = f"data/{table}/split={split}/"
            paths = [self.folder / name for name in self.manifest["files"] if name.startswith(prefix)]
            self._tables[key] = StoredTable(self.folder, sorted(paths))
        return self._tables[key]

    def __getstate__(self) -> dict[str, Any]:
        # Open files do not survive a process border; they are opened again when asked for.
        return self.__dict__ | {"_tables": {}}


def open_store(store: str | Path | Store, release: str | Path | None = None) -> Store:
    """Open a store.

    Args:
        store: its folder. A `Store` is returned as it is, or, with `release`, opened again.
        release: the release folder, when it has moved since `rvos prepare`.

    Raises:
        MissingPathError: there is no such folder.
        FormatError: it is no store, an unfinished or damaged one, or of another format version.
    """
    if isinstance(store, Store):
        return store if release is None else Store.open(store.folder, release)
    return Store.open(store, release)
