"""The rows of a store, video by video through all five tables at once, and what can be wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.files.text import strip_control
from rvosbench.masks.run_lengths import foreground_areas
from rvosbench.store.schema import video_from_rows
from rvosbench.store_tools.parts import read_batches
from rvosbench.types import Rle, Video

Row = Mapping[str, Any]

_REQUIRED = {
    "videos": ("video_id", "height", "width", "num_frames", "source"),
    "frames": ("video_id", "frame_index", "frame_name", "annotated", "image"),
    "objects": ("video_id", "object_id"),
    "expressions": ("video_id", "expression_id", "text"),
    "masks": ("video_id", "object_id", "frame_index", "rle", "area", "bbox"),
}
_KEYS = {
    "videos": (),
    "frames": ("frame_index",),
    "objects": ("object_id",),
    "expressions": ("expression_id",),
    "masks": ("object_id", "frame_index"),
}
_BATCH_ROWS = {"frames": 64}  # frames may carry their pixels


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with a store."""

    table: str  # or "files", "manifest"
    row: str  # split, video and keys; a file name
    found: str
    expected: str

    def __str__(self) -> str:
        text = f"{self.table} {self.row}: found {self.found}; expected {self.expected}"
        return strip_control(text)


class Rows:
    """One table of one split, as runs of rows with one video id.

    Attributes:
        count: rows read so far.
        broken: a part could not be read to its end, so that missing rows mean nothing.
        problems: what was found on the way.
    """

    def __init__(self, folder: Path, names: Sequence[str], table: str, split: str) -> None:
        self.count = 0
        self.broken = False
        self.problems: list[Problem] = []
        self._folder = folder
        self._names = names
        self._table = table
        self._split = split

    def __iter__(self) -> Iterator[tuple[str, list[Row]]]:
        run: list[Row] = []
        last: str | None = None
        is_sorted = True
        for row in self._rows():
            video_id = row["video_id"] if row["video_id"] is not None else ""
            if last is not None and video_id != last:
                yield last, run
                run = []
                if video_id < last and is_sorted:
                    is_sorted = False
                    where = f"{self._split}/{video_id}"
                    self.problems.append(
                        Problem(self._table, where, f"rows after {last!a}", "rows sorted by video_id")
                    )
            last = video_id
            run.append(row)
        if last is not None:
            yield last, run

    def _rows(self) -> Iterator[Row]:
        for name in self._names:
            try:
                for batch in read_batches(self._folder / name, rows=_BATCH_ROWS.get(self._table, 1024)):
                    rows = batch.to_pylist()
                    self.count += len(rows)
                    yield from rows
            except (pa.ArrowException, OSError, ValueError) as error:
                self.broken = True
                damage = f"rows that cannot be read ({' '.join(str(error).split())[:160]})"
                self.problems.append(Problem("files", name, damage, "intact column data"))


def by_video(tables: Mapping[str, Rows]) -> Iterator[tuple[str, dict[str, list[Row]]]]:
    """Rows with one video id from all tables, side by side."""
    streams = {name: iter(table) for name, table in tables.items()}
    heads = {name: next(stream, None) for name, stream in streams.items()}
    while waiting := [head[0] for head in heads.values() if head is not None]:
        video_id = min(waiting)
        rows: dict[str, list[Row]] = {}
        for name, head in heads.items():
            rows[name] = head[1] if head is not None and head[0] == video_id else []
            if rows[name]:
                heads[name] = next(streams[name], None)
        yield video_id, rows


def check_rows(
    split: str, video_id: str, rows: Mapping[str, list[Row]], *, readable: Collection[str]
) -> tuple[list[Problem], Video | None]:
    """What is wrong with the rows of one video.

    Args:
        split: the split.
        video_id: the video.
        rows: table -> rows.
        readable: the tables that could be read; references into others are not followed.

    Returns:
        The problems, and the video unless its rows do not add up to one.
    """
    where = f"{split}/{video_id}"
    problems: list[Problem] = []
    sound: dict[str, list[Row]] = {}
    for table, table_rows in rows.items():
        sound[table] = []
        for row in table_rows:
            empty = [column for column in _REQUIRED[table] if row[column] is None]
            if empty:
                problems.append(Problem(table, _row(where, table, row), f"no {', '.join(empty)}", "a value"))
            else:
                sound[table].append(row)
        problems += _repetitions(where, table, sound[table])
    if "videos" in readable and not sound.get("videos") and not problems:
        with_rows = ", ".join(table for table, table_rows in rows.items() if table_rows)
        problems.append(Problem("videos", where, "no row", f"one, as {with_rows} has rows of it"))
    if "videos" in readable and sound.get("videos"):
        problems += _check_frames_table(where, sound, readable)
    if "objects" in readable:
        problems += _check_references(where, sound)
    structural = bool(problems)
    if sound.get("videos"):
        problems += _check_masks(where, sound, readable)
    if structural or set(readable) != set(_KEYS):
        return problems, None
    try:
        return problems, video_from_rows(split, sound)
    except (TypeError, ValueError):
        return problems, None  # a mask without two sizes, which is told already


def _row(where: str, table: str, row: Row) -> str:
    return ", ".join([where, *(f"{key} {row[key]!a}" for key in _KEYS[table])])


def _repetitions(where: str, table: str, rows: Iterable[Row]) -> list[Problem]:
    seen = Counter(tuple(row[key] for key in _KEYS[table]) for row in rows)
    return [
        Problem(
            table,
            ", ".join(
                [where, *(f"{key} {value!a}" for key, value in zip(_KEYS[table], values, strict=True))]
            ),
            f"{count} rows",
            "one",
        )
        for values, count in seen.items()
        if count > 1
    ]


def _check_frames_table(
    where: str, rows: Mapping[str, list[Row]], readable: Collection[str]
) -> Iterator[Problem]:
    video = rows["videos"][0]
    if video["height"] < 1 or video["width"] < 1:
        yield Problem("videos", where, f"{video['height']}x{video['width']} px", "a positive size")
    if "frames" not in readable:
        return
    frames = rows["frames"]
    if len(frames) != video["num_frames"]:
        yield Problem(
            "videos", where, f"num_frames {video['num_frames']}", f"{len(frames)}, the rows in frames"
        )
    indices = [frame["frame_index"] for frame in frames]
    if indices != list(range(len(frames))):
        missing = sorted(set(range(len(frames))) - set(indices))[:3]
        yield Problem("frames", where, f"frame_index without {missing}", f"0 to {len(frames) - 1} in order")
    for name, count in Counter(frame["frame_name"] for frame in frames).items():
        if count > 1:
            yield Problem("frames", f"{where}, frame_name {name!a}", f"{count} rows", "one")
    for frame in frames:
        if frame["image"]["path"] is None and frame["image"]["bytes"] is None:
            yield Problem("frames", _row(where, "frames", frame), "neither path nor bytes", "one of them")


def _check_references(where: str, rows: Mapping[str, list[Row]]) -> Iterator[Problem]:
    known = {row["object_id"] for row in rows["objects"]}
    for row in rows.get("expressions", ()):
        unknown = sorted(set(row["object_ids"] or ()) - known)
        if unknown:
            lacking = f"object_ids {unknown} that objects lacks"
            yield Problem("expressions", _row(where, "expressions", row), lacking, f"some of {sorted(known)}")
    for object_id in sorted({row["object_id"] for row in rows.get("masks", ())} - known):
        lacking = "an object that objects lacks"
        yield Problem("masks", f"{where}, object_id {object_id}", lacking, f"one of {sorted(known)}")


def _check_masks(where: str, rows: Mapping[str, list[Row]], readable: Collection[str]) -> Iterator[Problem]:
    video = rows["videos"][0]
    annotated = {row["frame_index"]: row["annotated"] for row in rows.get("frames", ())}
    sized: list[tuple[str, Row, Rle]] = []
    for row in rows.get("masks", ()):
        name = _row(where, "masks", row)
        if "frames" in readable and not annotated.get(row["frame_index"], False):
            state = "a frame that is not annotated" if row["frame_index"] in annotated else "no such frame"
            yield Problem("masks", name, state, "an annotated frame of the video")
        size = row["rle"]["size"]
        if size != [video["height"], video["width"]]:
            yield Problem("masks", name, f"rle.size {size}", f"{[video['height'], video['width']]}")
        if (
            isinstance(size, list)
            and len(size) == 2
            and None not in size
            and row["rle"]["counts"] is not None
        ):
            sized.append((name, row, Rle(size[0], size[1], row["rle"]["counts"])))
        else:
            yield Problem("masks", name, "no rle.counts, or not two sizes", "COCO run lengths")
    valid, areas = _areas([rle for _, _, rle in sized])
    for (name, _, _), verdict in zip(sized, valid, strict=True):
        if verdict is not None:
            yield Problem("masks", name, f"rle.counts: {verdict}", "COCO run lengths")
    sound = [entry for entry, verdict in zip(sized, valid, strict=True) if verdict is None]
    for (name, row, rle), area in zip(sound, areas, strict=True):
        if row["area"] != area:
            yield Problem("masks", name, f"area {row['area']}", f"{area}, recomputed")
        box = np.array(masks.bounding_box(rle), np.float32).tolist()
        if row["bbox"] != box:
            yield Problem("masks", name, f"bbox {row['bbox']}", f"{box}, recomputed")


def _areas(rles: Sequence[Rle]) -> tuple[list[str | None], list[int]]:
    """What is wrong with each mask, None if nothing; the areas of those that are sound.

    pycocotools may see these only: it would read beyond the end of a string that is cut off.
    """
    try:
        return [None] * len(rles), foreground_areas(rles).tolist()
    except ScoreError as error:
        if len(rles) == 1:
            return [" ".join(str(error).split(";")[0].split())], []
    # One is bad; look at each on its own.
    alone = [_areas([rle]) for rle in rles]
    return [verdict for verdicts, _ in alone for verdict in verdicts], [
        a for _, areas in alone for a in areas
    ]
