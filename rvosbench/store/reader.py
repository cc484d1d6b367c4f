"""Read a store: whole tables for analysis, single videos for loaders."""

from __future__ import annotations

import bisect
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rvosbench.errors import FormatError, MissingPathError, UnknownNameError
from rvosbench.files.locations import local_path
from rvosbench.plugins.registry import unknown
from rvosbench.store.problems import PROBLEMS, PROBLEMS_SCHEMA
from rvosbench.store.schema import (
    FORMAT_VERSION,
    MANIFEST,
    MEDIA,
    SCHEMAS,
    expression_from_row,
    video_from_rows,
)
from rvosbench.types import Expression, Video

# What `Video` holds: areas and boxes follow from the run lengths and are for those who query the tables.
_COLUMNS = {
    name: [column for column in schema.names if column not in ("area", "bbox")]
    for name, schema in SCHEMAS.items()
}
_MANIFEST_KEYS = {"name": str, "splits": dict, "files": dict, "fingerprint": str, "release": dict}


class Store:
    """A complete store, opened for reading. Cheap to open; safe to send to worker processes.

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
        self._tables: dict[tuple[str, str], _Table] = {}

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
        release = None if release is None else local_path(release)
        manifest = read_manifest(folder)
        for name, facts in manifest["files"].items():
            path = folder / name
            size = path.stat().st_size if path.is_file() else None
            if size != facts["bytes"]:
                found = "is missing" if size is None else f"has {size} bytes"
                raise FormatError(
                    f"{path} {found}, the manifest says {facts['bytes']} bytes; the store is damaged, "
                    f"rebuild it with: {rebuild_command(manifest, folder)}"
                )
        return cls(folder, manifest, release or release_of(folder, manifest))

    def table(self, table: str, split: str, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows of one table of a split, in the order of their keys; some columns or all."""
        return self._table(table, split).read(columns)

    def video_ids(self, split: str) -> tuple[str, ...]:
        """The videos of a split, sorted."""
        return tuple(self.table("videos", split)["video_id"].to_pylist())

    def expressions(self, split: str) -> tuple[Expression, ...]:
        """All expressions of a split, by video, in the release's order within a video."""
        return tuple(expression_from_row(row) for row in self.table("expressions", split).to_pylist())

    def video(self, split: str, video_id: str) -> Video:
        """Everything about one video; reads only the row groups that hold it.

        Raises:
            UnknownNameError: no such split or video.
        """
        tables = {
            name: self._table(name, split).rows_of(video_id, columns) for name, columns in _COLUMNS.items()
        }
        if not tables["videos"]:
            raise UnknownNameError(
                unknown(f"video of {self.name}/{split}", video_id, list(self.video_ids(split)))
            )
        return video_from_rows(split, tables)

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

    def _table(self, table: str, split: str) -> _Table:
        if split not in self.splits:
            raise UnknownNameError(unknown(f"split of {self.folder}", split, list(self.splits)))
        key = (table, split)
        if key not in self._tables:
            prefix = f"data/{table}/split={split}/"
            paths = [self.folder / name for name in self.manifest["files"] if name.startswith(prefix)]
            self._tables[key] = _Table(self.folder, sorted(paths))
        return self._tables[key]

    def __getstate__(self) -> dict[str, Any]:
        # Open files do not survive a process border; they are opened again when asked for.
        return self.__dict__ | {"_tables": {}}


def read_manifest(folder: Path) -> dict[str, Any]:
    """dataset.json of a store, checked for its format version.

    Raises:
        MissingPathError: there is no such folder.
        FormatError: no manifest, broken JSON or another format version.
    """
    if not folder.is_dir():
        raise MissingPathError(f"{folder} is not there; expected a store, make one with rvos prepare")
    path = folder / MANIFEST
    if not path.is_file():
        raise FormatError(
            f"{folder} has no {MANIFEST}, so it is not a store or was not finished; "
            f"make it with: rvos prepare NAME --root RELEASE --out {folder}"
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is not a store's manifest ({error!r}); prepare the store again") from error
    if not isinstance(manifest, dict) or "format_version" not in manifest:
        raise FormatError(f"{path} is not a store's manifest (no format_version); prepare the store again")
    version = manifest["format_version"]
    if version != FORMAT_VERSION:
        raise FormatError(
            f"{path} has store format {version}, this rvosbench reads {FORMAT_VERSION}; "
            f"rebuild it with: {rebuild_command(manifest, folder)}"
        )
    wrong = [key for key, kind in _MANIFEST_KEYS.items() if not isinstance(manifest.get(key), kind)]
    if wrong:
        raise FormatError(f"{path} has no valid {', '.join(wrong)}; prepare the store again")
    return manifest


def release_of(folder: Path, manifest: Mapping[str, Any]) -> Path:
    """The folder that the frame paths of a store are relative to, unless the release has moved."""
    if manifest["release"].get("packed") is True:
        return folder / MEDIA
    return Path(str(manifest["release"].get("root", "")))


def rebuild_command(manifest: Mapping[str, Any], folder: Path) -> str:
    """The command line that makes this store again; a damaged manifest gives what it still says."""
    release, converter = (_mapping(manifest.get(key)) for key in ("release", "converter"))
    arguments = _mapping(converter.get("arguments"))
    words = ["rvos", "prepare", str(manifest.get("name", "NAME"))]
    words += ["--root", str(release.get("root", "RELEASE")), "--out", str(folder)]
    for name, value in _mapping(arguments.get("options")).items():
        words += ["-o", f"{name}={value}"]
    splits = _mapping(manifest.get("splits"))
    if splits:
        words += ["--splits", ",".join(map(str, splits))]
    if arguments.get("limit") is not None:
        words += ["--limit", str(arguments["limit"])]
    if arguments.get("on_error") == "skip":
        words += ["--on-error", "skip"]
    if release.get("packed") is True:
        words.append("--pack")
    return shlex.join([*words, "--overwrite"])


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


class _Table:
    """The parts of one table of one split, with the video range of every row group."""

    def __init__(self, folder: Path, paths: Sequence[Path]) -> None:
        self._folder = folder
        self._paths = paths
        with readable(folder, paths):
            # Reading ahead, as for remote files, costs a fifth of the time of reading one small group.
            self._files = [pq.ParquetFile(path, pre_buffer=False) for path in paths]
        self._groups: list[tuple[int, int]] = []  # (part, row group)
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
        names = None if columns is None else list(columns)
        with readable(self._folder, self._paths):
            return pa.concat_tables([file.read(names) for file in self._files])

    def rows_of(self, video_id: str, columns: list[str]) -> list[dict[str, Any]]:
        """The rows of one video. In one thread: a group is small, and loaders use every core themselves."""
        found: list[dict[str, Any]] = []
        for position in range(bisect.bisect_left(self._last, video_id), len(self._groups)):
            if self._first[position] > video_id:
                break
            part, group = self._groups[position]
            with readable(self._folder, [self._paths[part]]):
                rows = self._files[part].read_row_group(group, columns, use_threads=False)
            ids = rows["video_id"].to_pylist()  # sorted
            low, high = bisect.bisect_left(ids, video_id), bisect.bisect_right(ids, video_id)
            found += rows.slice(low, high - low).to_pylist()
        return found


@contextmanager
def readable(folder: Path, paths: Sequence[Path]) -> Iterator[None]:
    """Turn what pyarrow finds in damaged parts of a store, page by page, into one line.

    Raises:
        FormatError: reading failed in the block.
    """
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        detail = " ".join(str(error).split()) or type(error).__name__
        names = ", ".join(map(str, paths[:3]))
        raise FormatError(
            f"{names} cannot be read ({detail}); the store is damaged, see all that is wrong with: "
            f"rvos verify {folder}"
        ) from error
