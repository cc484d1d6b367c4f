"""Write a store: rows stream into Parquet, the manifest comes last, the final name appears at the end.

Everything is written under `.<name>.partial` beside the store and renamed when it is complete, so a
folder under the final name is a whole store or somebody else's folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from rvosbench import __version__
from rvosbench.errors import DatasetError, OutputError
from rvosbench.store.card import card_text
from rvosbench.store.schema import FORMAT_VERSION, MANIFEST, SCHEMAS, digest, rows
from rvosbench.types import Card, Video

# A row group is what a reader must fetch to get one video: measured, 300 to 5,000 mask rows filter one
# video in 2 ms where one big group takes 8.
_GROUP_ROWS = 2_000
_GROUP_BYTES = 64 * 1024 * 1024
_PART_BYTES = 256 * 1024 * 1024
_LONGEST_ID = 256  # Parquet drops the statistics of very long values, by which a video is found
_SPLIT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class StoreWriter:
    """Collects videos and turns them into a complete store, or into nothing.

    Use it as a context manager: leaving it normally finishes the store, leaving it by an exception
    removes what was written.

    Example:
        with StoreWriter(out, card, release=root, fingerprint="...", arguments={}) as writer:
            for video in videos:  # within a split sorted by video_id
                writer.add(video)
    """

    def __init__(
        self,
        folder: Path,
        card: Card,
        *,
        release: Path,
        fingerprint: str,
        arguments: Mapping[str, Any],
        replace: bool = False,
    ) -> None:
        """Reserve the place.

        Args:
            folder: the store's final name.
            card: what is known about the release.
            release: the folder that frame paths are relative to.
            fingerprint: tells two downloads of the release apart.
            arguments: how the store was made; kept in the manifest.
            replace: overwrite a store that is already there.

        Raises:
            OutputError: `folder` is taken, or cannot be written.
        """
        self.folder = folder
        check_free(folder, replace=replace)
        self._card = card
        self._manifest: dict[str, Any] = {
            "name": card.name,
            "format_version": FORMAT_VERSION,
            "card": asdict(card),
            "release": {"root": str(release.resolve()), "fingerprint": fingerprint},
            "converter": {"name": "rvosbench", "version": __version__, "arguments": dict(arguments)},
        }
        self._partial = folder.with_name(f".{folder.name}.partial")
        self._splits: dict[str, _SplitWriter] = {}
        self._content = hashlib.sha256()
        # Folders on the way that are made here, deepest first; they go again when the store is given up.
        self._made = [parent for parent in folder.parents if not parent.exists()]
        try:
            shutil.rmtree(self._partial, ignore_errors=True)
            self._partial.mkdir(parents=True)
        except OSError as error:
            raise OutputError(
                f"{folder} cannot be written ({error.strerror}); choose another --out"
            ) from error

    def add(self, video: Video) -> None:
        """Append one video.

        Raises:
            DatasetError: the video contradicts itself, or comes out of order.
        """
        check(video)
        if video.split not in self._splits:
            if not _SPLIT_NAME.fullmatch(video.split):
                raise DatasetError(
                    f"the split name {video.split!r} is not a plain name of letters, digits, _ . and -"
                )
            self._splits[video.split] = _SplitWriter(self._partial, video.split)
        self._splits[video.split].add(video)
        self._content.update(digest(video))

    def finish(self) -> Path:
        """Close all tables, write README.md and the manifest, and give the store its final name.

        Raises:
            DatasetError: no video was added.
        """
        counts = {name: split.close() for name, split in self._splits.items()}
        if not counts:
            raise DatasetError(
                f"no video was found in {self._manifest['release']['root']}; "
                f"expected {self._card.title}, is this the right folder?"
            )
        (self._partial / "README.md").write_text(card_text(self._card, counts), encoding="utf-8")
        self._manifest |= {
            "fingerprint": self._content.hexdigest(),
            "splits": counts,
            "files": {
                path.relative_to(self._partial).as_posix(): _describe(path)
                for path in sorted(self._partial.rglob("*.parquet"))
            },
        }
        manifest = self._partial / MANIFEST
        with manifest.open("w", encoding="utf-8") as file:
            json.dump(self._manifest, file, indent=1, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        _swap(self._partial, self.folder)
        return self.folder

    def abandon(self) -> None:
        """Remove everything that was written."""
        for split in self._splits.values():
            split.abort()
        shutil.rmtree(self._partial, ignore_errors=True)
        for parent in self._made:
            with contextlib.suppress(OSError):  # somebody else may have put something there by now
                parent.rmdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self.abandon()
            return
        try:
            self.finish()
        except BaseException:
            self.abandon()
            raise


def check_free(folder: Path, *, replace: bool) -> None:
    """Refuse a folder that holds something; with `replace`, only one that does not hold a store.

    Raises:
        OutputError: the folder is taken.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file; expected a folder name that is free, choose another --out")
    if not any(folder.iterdir()):
        return
    if (folder / MANIFEST).is_file():
        if not replace:
            raise OutputError(f"{folder} already holds a store; choose another --out or add --overwrite")
        return
    raise OutputError(f"{folder} is not empty and holds no store; choose another --out")


def check(video: Video) -> None:
    """Refuse a video whose parts contradict each other.

    Raises:
        DatasetError: naming the video and the contradiction.
    """
    where = f"{video.split}/{video.video_id}".encode("ascii", "backslashreplace").decode()
    if not 0 < len(video.video_id) <= _LONGEST_ID:
        raise DatasetError(
            f"{where[:80]} has an id of {len(video.video_id)} characters, expected 1 to {_LONGEST_ID}"
        )
    _check_texts(video, where)
    if not video.frames:
        raise DatasetError(f"{where} has no frames; expected at least one")
    known = {thing.object_id for thing in video.objects}
    if known and not 0 <= min(known) <= max(known) < 2**31:
        raise DatasetError(
            f"{where} has object ids from {min(known)} to {max(known)}, expected 0 to 2**31 - 1"
        )
    if len(known) != len(video.objects):
        raise DatasetError(f"{where} lists an object twice: {sorted(o.object_id for o in video.objects)}")
    ids = [expression.expression_id for expression in video.expressions]
    if len(set(ids)) != len(ids):
        raise DatasetError(f"{where} has two expressions with one id: {sorted(ids)}")
    for expression in video.expressions:
        unknown = set(expression.object_ids or ()) - known
        if unknown:
            raise DatasetError(
                f"{where}, expression {expression.expression_id} ({expression.text!r}) means objects "
                f"{sorted(unknown)}, the video has {sorted(known)}"
            )
    for (object_id, frame_index), rle in video.masks.items():
        if object_id not in known:
            raise DatasetError(f"{where} has a mask of object {object_id}, its objects are {sorted(known)}")
        if not 0 <= frame_index < len(video.frames) or not video.frames[frame_index].annotated:
            raise DatasetError(f"{where} has a mask in frame {frame_index}, which is not an annotated frame")
        if (rle.height, rle.width) != (video.height, video.width):
            raise DatasetError(
                f"{where}, frame {video.frames[frame_index].name}: the mask is {rle.height}x{rle.width}, the "
                f"video {video.height}x{video.width} px (height x width)"
            )


def _check_texts(video: Video, where: str) -> None:
    """Refuse text that UTF-8, and so Parquet, cannot hold: half a surrogate pair, from a JSON escape."""
    texts = [video.video_id, video.source]
    texts += [text for frame in video.frames for text in (frame.name, frame.path) if text is not None]
    texts += [thing.category for thing in video.objects if thing.category is not None]
    for sentence in video.expressions:
        texts += [sentence.expression_id, sentence.text, sentence.annotator or ""]
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise DatasetError(f"{where} holds the text {text[:60]!a}, which is not valid Unicode") from None


class _SplitWriter:
    """The five tables of one split. A row group holds whole videos of all tables."""

    def __init__(self, root: Path, split: str) -> None:
        self._root = root
        self._split = split
        self._last_id = ""
        self._part = -1
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._pending: dict[str, list[dict[str, Any]]] = {name: [] for name in SCHEMAS}
        self._pending_bytes = 0
        self._part_bytes = 0
        self._counts = dict.fromkeys(SCHEMAS, 0)

    def add(self, video: Video) -> None:
        if self._writers and video.video_id <= self._last_id:
            raise DatasetError(
                f"{self._split}: video {video.video_id} comes after {self._last_id}; videos must be sorted "
                "and appear once"
            )
        self._last_id = video.video_id
        if not self._writers:
            self._open_part()
        for name, new in rows(video).items():
            self._pending[name] += new
            self._counts[name] += len(new)
        self._pending_bytes += sum(len(frame.encoded) for frame in video.frames if frame.encoded is not None)
        self._pending_bytes += sum(len(rle.counts) for rle in video.masks.values())
        full = max(len(self._pending["masks"]), len(self._pending["frames"]) // 4) >= _GROUP_ROWS
        if full or self._pending_bytes >= _GROUP_BYTES:
            self._flush()

    def close(self) -> dict[str, int]:
        self._flush()
        for writer in self._writers.values():
            writer.close()
        return self._counts

    def abort(self) -> None:
        for writer in self._writers.values():
            writer.close()

    def _open_part(self) -> None:
        self._part += 1
        self._part_bytes = 0
        for name, schema in SCHEMAS.items():
            folder = self._root / "data" / name / f"split={self._split}"
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"part-{self._part:05d}.parquet"
            self._writers[name] = pq.ParquetWriter(path, schema, compression="zstd")

    def _flush(self) -> None:
        if not self._pending["videos"]:
            return
        if self._part_bytes >= _PART_BYTES:
            for writer in self._writers.values():
                writer.close()
            self._open_part()
        for name, schema in SCHEMAS.items():
            table = pa.Table.from_pylist(self._pending[name], schema=schema)
            self._writers[name].write_table(table, row_group_size=max(1, table.num_rows))
            self._pending[name] = []
        self._part_bytes += self._pending_bytes
        self._pending_bytes = 0


def _describe(path: Path) -> dict[str, int | str]:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return {"rows": pq.read_metadata(path).num_rows, "bytes": path.stat().st_size, "sha256": sha256}


def _swap(new: Path, final: Path) -> None:
    """Give `new` the final name; an old store there is removed only after the new one stands."""
    old = final.with_name(f".{final.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    try:
        if final.exists():
            final.rename(old)
        new.rename(final)
    except OSError as error:
        if old.exists() and not final.exists():
            old.rename(final)
        raise OutputError(
            f"{final} cannot be put in place ({error.strerror}); what was there stays, choose another --out"
        ) from error
    shutil.rmtree(old, ignore_errors=True)
