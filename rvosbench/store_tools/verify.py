"""Is a store what its manifest says, and does it say nothing that contradicts itself or its frames?

Everything is read, one video at a time, and every problem is told: the table, the row, what was found and
what was expected.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rvosbench.errors import FormatError, RvosbenchError
from rvosbench.media.frames import open_frames
from rvosbench.store.manifest import read_manifest, release_of
from rvosbench.store.partial_truth import KEY, counts_from_manifest, frames_with_masks
from rvosbench.store.problems import KINDS, PROBLEMS, PROBLEMS_SCHEMA
from rvosbench.store.schema import MEDIA, SCHEMAS, digest
from rvosbench.store_tools.parts import part_names, table_and_split
from rvosbench.store_tools.verify_rows import Problem, Rows, by_video, check_rows
from rvosbench.types import Video

_BESIDE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")  # a listed file beside the tables


def verify(
    folder: Path,
    *,
    release: Path | None = None,
    frames: bool = True,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[Problem]:
    """Every problem of a store, as they are found.

    Args:
        folder: the store.
        release: the release folder, when it has moved since `rvos prepare`.
        frames: also decode every frame.
        on_progress: called with (videos done, videos in all).

    Raises:
        MissingPathError: there is no such folder.
        FormatError: it has no manifest that this version reads.
    """
    manifest = read_manifest(folder)
    unreadable: set[tuple[str, str]] = set()
    for problem, about in _check_files(folder, manifest):
        yield problem
        unreadable |= about
    yield from _check_problems(folder, manifest)
    partly, malformed = _partly_annotated(manifest)
    if malformed is not None:
        yield malformed
    root = release or release_of(folder, manifest)
    content = hashlib.sha256()
    whole = True
    done, total = 0, sum(_count(counts, "videos") or 0 for counts in manifest["splits"].values())
    for split, counts in manifest["splits"].items():
        tables = {
            table: Rows(folder, part_names(manifest, table, split), table, split)
            for table in SCHEMAS
            if (table, split) not in unreadable
        }
        for video_id, rows in by_video(tables):
            problems, video = check_rows(split, video_id, rows, readable=_intact(tables))
            yield from problems
            if video is None:
                whole = False
            else:
                content.update(digest(video))
                yield from _check_annotated(video, partly.pop((split, video_id), None))
                if frames:
                    yield from _check_frames(video, root)
            done += 1
            if on_progress is not None:
                on_progress(done, max(done, total))
        for name, table in tables.items():
            yield from table.problems
            expected = _count(counts, name)
            if not table.broken and table.count != expected:
                yield Problem(name, split, f"{table.count} rows", f"{expected}, as the manifest says")
        whole = whole and set(_intact(tables)) == set(SCHEMAS)
    for split, video_id in partly if whole else ():
        yield Problem("manifest", f"{KEY}, {split}/{video_id}", "a video that no table has", "one of them")
    if whole and content.hexdigest() != manifest["fingerprint"]:
        yield Problem(
            "manifest", "fingerprint", f"{content.hexdigest()} from the rows", f"{manifest['fingerprint']}"
        )


def _intact(tables: Mapping[str, Rows]) -> tuple[str, ...]:
    return tuple(name for name, table in tables.items() if not table.broken)


def _count(counts: object, table: str) -> int | None:
    value = counts.get(table) if isinstance(counts, dict) else None
    return value if isinstance(value, int) else None


def _check_files(folder: Path, manifest: Mapping[str, Any]) -> Iterator[tuple[Problem, set[tuple[str, str]]]]:
    """Problems of the files, each with the tables of splits that cannot be read because of it."""
    listed = manifest["files"]
    for name, facts in listed.items():
        key = table_and_split(name)
        known = _is_beside(name) if key is None else key[1] in manifest["splits"]
        if not known or not isinstance(facts, dict):
            expected = "data/<table>/split=<split>/part-<number>.parquet with rows, bytes and sha256"
            yield Problem("manifest", f"files, {name!a}", "an entry that no store has", expected), set()
            continue
        path = folder / name
        if not path.is_file():
            yield Problem("files", name, "no file", "a file of the manifest"), {key} if key else set()
            continue
        size = path.stat().st_size
        if size != facts.get("bytes"):
            yield Problem("files", name, f"{size} bytes", f"{facts.get('bytes')} bytes"), set()
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if sha256 != facts.get("sha256"):
            yield Problem("files", name, f"SHA-256 {sha256}", f"{facts.get('sha256')}"), set()
        if key is None:
            continue
        try:
            schema, rows = pq.read_schema(path), pq.read_metadata(path).num_rows
        except (pa.ArrowException, OSError) as error:
            yield Problem("files", name, f"no Parquet file ({_line(error)})", "a Parquet file"), {key}
            continue
        if not schema.equals(SCHEMAS[key[0]]):
            columns = ", ".join(f"{column.name}: {column.type}" for column in schema)
            expected = ", ".join(f"{column.name}: {column.type}" for column in SCHEMAS[key[0]])
            yield Problem("files", name, f"the columns {columns}", expected), {key}
        elif rows != facts.get("rows"):
            yield Problem("files", name, f"{rows} rows", f"{facts.get('rows')} rows"), set()
    present = [*(folder / "data").rglob("*.parquet"), *(folder / MEDIA).rglob("*"), folder / PROBLEMS]
    for path in sorted(present):
        name = path.relative_to(folder).as_posix()
        if name not in listed and path.is_file():
            yield Problem("files", name, "a file that is not in the manifest", "only files that are"), set()


def _is_beside(name: str) -> bool:
    """Whether a listed file lies beside the tables, or under `media`; a manifest may not point outside."""
    folder, *rest = name.split("/")
    if not rest:
        return _BESIDE.fullmatch(name) is not None
    return folder == MEDIA and all(part not in ("", ".", "..") and part.isprintable() for part in rest)


def _check_problems(folder: Path, manifest: Mapping[str, Any]) -> Iterator[Problem]:
    """problems.parquet against its columns, its kinds and what the manifest counts."""
    path = folder / PROBLEMS
    if PROBLEMS not in manifest["files"] or not path.is_file():
        return  # a missing file is told with the others; stores from before have none
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        yield Problem("files", PROBLEMS, f"no Parquet file ({_line(error)})", "a Parquet file")
        return
    if not table.schema.equals(PROBLEMS_SCHEMA):
        columns = ", ".join(f"{column.name}: {column.type}" for column in table.schema)
        expected = ", ".join(f"{column.name}: {column.type}" for column in PROBLEMS_SCHEMA)
        yield Problem("files", PROBLEMS, f"the columns {columns}", expected)
        return
    kinds = Counter(table["kind"].to_pylist())
    unknown = sorted(str(kind) for kind in kinds.keys() - set(KINDS))
    if unknown:
        yield Problem("problems", "kind", ", ".join(unknown), " or ".join(KINDS))
    for kind in KINDS:
        expected_count = _count(manifest.get("problems"), kind)
        if kinds[kind] != expected_count:
            yield Problem("problems", kind, f"{kinds[kind]} rows", f"{expected_count}, as the manifest says")


def _partly_annotated(
    manifest: Mapping[str, Any],
) -> tuple[dict[tuple[str, str], tuple[int, int]], Problem | None]:
    """(split, video) -> frames with masks and frames that should have them, of those that lack some."""
    told = manifest.get(KEY, {})
    try:
        return {
            (split, video_id): counts
            for split in (told if isinstance(told, dict) else manifest["splits"])
            for video_id, counts in counts_from_manifest(manifest, split).items()
        }, None
    except FormatError as error:
        return {}, Problem("manifest", KEY, _line(error), "split -> video -> [frames with masks, all]")


def _check_annotated(video: Video, counts: tuple[int, int] | None) -> Iterator[Problem]:
    """What the manifest says about masks that are not there, against the frames."""
    annotated, frames = sum(frame.annotated for frame in video.frames), len(video.frames)
    if counts is not None and not (
        counts[0] in {annotated, frames_with_masks(video)} and counts[1] <= frames
    ):
        yield Problem(
            "manifest",
            f"{KEY}, {video.split}/{video.video_id}",
            f"masks of {counts[0]} of {counts[1]} frames",
            f"{annotated} annotated ones of {frames}, as the table of frames says",
        )


def _check_frames(video: Video, release: Path) -> Iterator[Problem]:
    """One problem per frame that cannot be read; one for the video where none of them can."""
    where = f"{video.split}/{video.video_id}"
    expected = f"a frame of {video.height}x{video.width} px that can be decoded"
    try:
        reader = open_frames(video, release)
    except (RvosbenchError, OSError) as error:
        yield Problem("frames", f"{where}, all {len(video.frames)} frames", _line(error), expected)
        return
    with reader:
        for index, frame in enumerate(video.frames):
            try:
                reader.read([index])
            except (RvosbenchError, OSError) as error:
                yield Problem("frames", f"{where}, frame {index} ({frame.name})", _line(error), expected)


def _line(error: BaseException) -> str:
    """What an error found, without what to do about it."""
    return " ".join(str(error).split(";")[0].split()) or type(error).__name__
