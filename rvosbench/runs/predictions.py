"""Predictions as Parquet: what a model answered, in a format that anything can write and we score.

One row is one candidate mask of one expression in one frame. Candidate 0 is the answer; the others follow
from better to worse. For protocols whose unit is an object, `expression_id` holds the object id as text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rvosbench.errors import FormatError, MissingPathError, ScoreError
from rvosbench.files.atomic import atomic_folder
from rvosbench.files.foreign import file_is
from rvosbench.files.places import Content, writing
from rvosbench.files.scoped import WholeOrNothing
from rvosbench.files.text import one_line
from rvosbench.masks.run_lengths import foreground_areas
from rvosbench.runs.tables import ByVideo
from rvosbench.types import Rle

SCHEMA = pa.schema(
    [
        ("video_id", pa.string()),
        ("expression_id", pa.string()),
        ("frame_index", pa.int32()),  # position in the store's video
        ("candidate", pa.int32()),  # 0 is the answer
        ("score", pa.float64()),  # higher is better, finite
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("counts", pa.binary()),  # COCO compressed run lengths
    ]
)

_GROUP_ROWS = 2_000
_PART_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """One row: a candidate mask of an expression in a frame."""

    video_id: str
    expression_id: str
    frame_index: int
    candidate: int
    score: float
    mask: Rle

    def __str__(self) -> str:
        return _name(self.video_id, self.expression_id, self.frame_index, self.candidate)


def _name(video_id: str, expression_id: str, frame_index: int, candidate: int) -> str:
    return f"video {video_id}, expression {expression_id}, frame {frame_index}, candidate {candidate}"


class PredictionsWriter(WholeOrNothing):
    """Streams predictions, video by video, into a folder of Parquet parts; whole or not at all.

    Use it as a context manager. The rows lie under a partial name until the end, so memory holds a few
    videos and the final name holds everything.

    Example:
        with PredictionsWriter(run / "predictions") as writer:
            writer.add(rows_of_one_video)
    """

    def __init__(self, folder: Path, *, overwrite: bool = False, content: Content | None = None) -> None:
        """Reserve the place.

        Args:
            folder: the folder.
            overwrite: it may hold something, see `rvosbench.files.atomic.atomic_folder`.
            content: overwrite nothing else than this.

        Raises:
            OutputError: `folder` holds something, or cannot be written.
        """
        self.folder = folder
        self._output = atomic_folder(folder, overwrite=overwrite, content=content)
        self._columns: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
        self._videos: set[str] = set()
        self._writer: pq.ParquetWriter | None = None
        self._part = 0
        self._part_bytes = 0

    def add(self, rows: Iterable[Prediction]) -> None:
        """Append all rows of one video.

        Raises:
            ScoreError: the rows are of several videos, of one that was written before, or cannot be scored
                (see `Predictions.video`).
        """
        rows = sorted(rows, key=lambda row: (row.expression_id, row.frame_index, row.candidate))
        videos = {row.video_id for row in rows}
        if len(videos) > 1 or videos & self._videos:
            raise ScoreError(
                f"rows of the videos {sorted(videos)} come together or a second time; expected all rows of "
                "one video at once"
            )
        check(rows)
        self._videos |= videos
        for name, values in _columns(rows).items():
            self._columns[name] += values
        self._part_bytes += sum(len(row.mask.counts) for row in rows)
        if len(self._columns["video_id"]) >= _GROUP_ROWS:
            with writing(self.folder):
                self._flush()

    def finish(self) -> Path:
        """Write what is left and give the folder its final name."""
        with writing(self.folder):
            if self._writer is None or self._columns["video_id"]:
                self._flush()
            self._close_part()
        self._output.commit()
        return self.folder

    def abandon(self) -> None:
        """Remove everything that was written."""
        with suppress(OSError):  # a full disk says so again; the first error counts
            self._close_part()
        self._output.abandon()

    def _flush(self) -> None:
        if self._writer is None:
            path = self._output.partial / f"part-{self._part:05d}.parquet"
            self._writer = pq.ParquetWriter(path, SCHEMA, compression="zstd")
        table = pa.table(self._columns, schema=SCHEMA)
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self._columns = {name: [] for name in SCHEMA.names}
        if self._part_bytes >= _PART_BYTES:
            self._close_part()

    def _close_part(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self._part += 1
            self._part_bytes = 0


def as_table(rows: Sequence[Prediction]) -> pa.Table:
    """Rows in the columns of `SCHEMA`."""
    return pa.table(_columns(rows), schema=SCHEMA)


def rows_of(table: pa.Table) -> list[Prediction]:
    """Rows from the columns of `SCHEMA`, none of which lacks a value; the inverse of `as_table`."""
    return [
        Prediction(
            video_id=video_id,
            expression_id=expression_id,
            frame_index=frame_index,
            candidate=candidate,
            score=score,
            mask=Rle(height, width, counts),
        )
        for video_id, expression_id, frame_index, candidate, score, height, width, counts in zip(
            *(column.to_pylist() for column in table.columns), strict=True
        )
    ]


def _columns(rows: Sequence[Prediction]) -> dict[str, list[Any]]:
    return {
        "video_id": [row.video_id for row in rows],
        "expression_id": [row.expression_id for row in rows],
        "frame_index": [row.frame_index for row in rows],
        "candidate": [row.candidate for row in rows],
        "score": [float(row.score) for row in rows],
        "height": [row.mask.height for row in rows],
        "width": [row.mask.width for row in rows],
        "counts": [row.mask.counts for row in rows],
    }


@dataclass(frozen=True, slots=True)
class Part:
    """A Parquet file, wherever it lies. It can be pickled if `opener` can."""

    shown: str  # as messages call it
    opener: Callable[[], Any]  # gives a path, or a binary file to read from


class Predictions:
    """Predictions opened for reading, one video at a time."""

    def __init__(self, parts: Sequence[Part], groups: dict[str, list[tuple[int, int]]]) -> None:
        """Use `Predictions.open` or `of_parts`; this only keeps what it is given."""
        self._parts = parts
        self._groups = groups  # video -> the (part, row group) that hold it
        self._kept: tuple[tuple[int, int], ByVideo] | None = (
            None  # the last one read: the next video is often in it
        )
        self._file: tuple[int, pq.ParquetFile] | None = None  # the part it is from

    @classmethod
    def open(cls, path: Path) -> Predictions:
        """Open a folder of Parquet parts, or one Parquet file, in any order of rows.

        Raises:
            MissingPathError: nothing is there.
            FormatError: a file is no Parquet, or lacks a column of `SCHEMA`.
            ScoreError: a row has no video_id.
        """
        if not path.exists():
            raise MissingPathError(f"{path} is not there; expected predictions, make them with rvos predict")
        paths = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
        if not paths:
            raise FormatError(
                f"{path} holds no *.parquet file; expected predictions as rvos predict writes them"
            )
        return cls.of_parts([Part(str(path), partial(Path, path)) for path in paths])

    @classmethod
    def of_parts(cls, parts: Sequence[Part]) -> Predictions:
        """Open Parquet files that lie anywhere; raises as `open`."""
        groups = dict[str, list[tuple[int, int]]]()
        for number, part in enumerate(parts):
            for group, video_ids in enumerate(_videos_of_groups(part)):
                for video_id in video_ids:
                    groups.setdefault(video_id, []).append((number, group))
        return cls(parts, groups)

    def video_ids(self) -> tuple[str, ...]:
        """The videos that predictions are there for, sorted."""
        return tuple(sorted(self._groups))

    def video(self, video_id: str) -> list[Prediction]:
        """All rows of one video, sorted by expression, frame and candidate; none for an unknown video.

        Raises:
            ScoreError: a row that cannot be scored, named: a missing value, a score that is not finite, a
                negative index, the same (expression, frame, candidate) twice, broken run lengths.
        """
        rows = [row for where in self._groups.get(video_id, []) for row in self._rows(where, video_id)]
        rows.sort(key=lambda row: (row.expression_id, row.frame_index, row.candidate))
        check(rows)
        return rows

    def _rows(self, where: tuple[int, int], video_id: str) -> list[Prediction]:
        rows = self._group(where)[video_id]
        if any(column.null_count for column in rows.columns):
            raise _incomplete(rows)
        return rows_of(rows)

    def _group(self, where: tuple[int, int]) -> ByVideo:
        if self._kept is None or self._kept[0] != where:
            number, group = where
            part = self._parts[number]
            if self._file is None or self._file[0] != number:
                if self._file is not None:
                    self._file[1].close()
                self._file = None
                self._file = number, _opened(part)
            self._kept = where, ByVideo(_read_group(part, self._file[1], group))
        return self._kept[1]

    def __getstate__(self) -> dict[str, Any]:
        # Open files do not survive a process border, and what was read last is read again.
        return self.__dict__ | {"_kept": None, "_file": None}


def _incomplete(rows: pa.Table) -> ScoreError:
    """Name the first row that lacks a value."""
    for row in rows.to_pylist():
        empty = [name for name, value in row.items() if value is None]
        if empty:
            return ScoreError(
                f"a row of video {row['video_id']}, expression {row['expression_id']}, frame "
                f"{row['frame_index']} has no {', '.join(empty)}; every column must be filled"
            )
    raise AssertionError("no row lacks a value")


def check(rows: Sequence[Prediction]) -> None:
    """Refuse rows that cannot be scored; `rows` are of one video, sorted by expression, frame, candidate.

    Raises:
        ScoreError: naming the first bad row.
    """
    previous = None
    for row in rows:
        key = (row.expression_id, row.frame_index, row.candidate)
        if key == previous:
            raise ScoreError(f"{row} comes twice; expected one row per expression, frame and candidate")
        previous = key
        if not math.isfinite(row.score):
            raise ScoreError(f"{row} has the score {row.score}; expected a finite number")
        if row.frame_index < 0 or row.candidate < 0:
            raise ScoreError(f"{row} has a negative index; frames and candidates are counted from 0")
    foreground_areas([row.mask for row in rows], lambda index: str(rows[index]))


def _videos_of_groups(part: Part) -> Iterator[list[str]]:
    """The videos in each row group of a file."""
    try:
        with pq.ParquetFile(part.opener()) as file:
            missing = [name for name in SCHEMA.names if name not in file.schema_arrow.names]
            if missing:
                raise FormatError(
                    f"{part.shown} lacks the columns {', '.join(missing)}; expected {', '.join(SCHEMA.names)}"
                )
            for group in range(file.num_row_groups):
                column = file.read_row_group(group, columns=["video_id"])["video_id"]
                if column.null_count:
                    raise ScoreError(f"{part.shown}: a row has no video_id; write the predictions again")
                yield [str(video_id) for video_id in pc.unique(column).to_pylist()]
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(part, error) from error


def _opened(part: Part) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(part.opener(), pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(part, error) from error


def _read_group(part: Part, file: pq.ParquetFile, group: int) -> pa.Table:
    """One row group in the columns and types of `SCHEMA`."""
    try:
        table = file.read_row_group(group, columns=SCHEMA.names).select(SCHEMA.names)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(part, error) from error
    try:
        # Other writers use large strings, 64-bit integers or text for the run lengths.
        return table.cast(SCHEMA)
    except pa.ArrowException as error:
        types = ", ".join(f"{field.name}: {field.type}" for field in SCHEMA)
        detail = one_line(error)
        raise ScoreError(
            f"{part.shown} holds a value that does not fit its column ({detail}); expected {types}"
        ) from error


def _unreadable(part: Part, error: Exception) -> FormatError:
    source = part.opener()
    what = file_is(source, expected=("a Parquet file",)) if isinstance(source, Path) else None
    return FormatError(
        f"{part.shown} cannot be read as Parquet{what or f' ({one_line(error)})'}; write it again"
    )
