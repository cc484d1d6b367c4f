"""Write a store: rows stream into Parquet, the manifest comes last, the final name appears at the end.

Everything is written under `.<name>.partial` beside the store and renamed when it is complete, so a
folder under the final name is a whole store or somebody else's folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rvosbench import __version__
from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.files.kept import Partial
from rvosbench.files.places import Content, check_folder, writing
from rvosbench.files.scoped import WholeOrNothing
from rvosbench.store.card import card_text
from rvosbench.store.checks import check as check  # the name by which it is known
from rvosbench.store.encoded import EncodedVideo, as_tables, decode, encode
from rvosbench.store.partial_truth import KEY
from rvosbench.store.problems import KINDS, PROBLEMS, ReleaseProblem, write_problems
from rvosbench.store.schema import FORMAT_VERSION, MANIFEST, MEDIA, SCHEMAS
from rvosbench.types import Card, Video

# A row group is what a reader must fetch to get one video: measured, 300 to 5,000 mask rows filter one
# video in 2 ms where one big group takes 8.
_GROUP_ROWS = 2_000
_GROUP_BYTES = 64 * 1024 * 1024
_PART_BYTES = 256 * 1024 * 1024
_SPLIT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class StoreWriter(WholeOrNothing):
    """Collects videos and turns them into a complete store, or into nothing.

    Use it as a context manager: leaving it normally finishes the store, leaving it by an exception
    removes what was written.

    Attributes:
        folder: the store's final name.
        partial: the folder in which it is made. Files that the user puts there stay when the store is given
            up, and go when it is finished.

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
        packed: bool = False,
        replace: bool = False,
    ) -> None:
        """Reserve the folder.

        Args:
            folder: the store's final name.
            card: what is known about the release.
            release: the folder that frame paths are relative to.
            fingerprint: tells two downloads of the release apart.
            arguments: how the store was made; kept in the manifest.
            packed: the store holds all pixels itself, in its frames or in `media`.
            replace: overwrite a store that is already there.

        Raises:
            OutputError: `folder` is taken, cannot be written, or somebody else is writing it.
        """
        self.folder = folder
        check_folder(folder, overwrite=replace, content=STORE, parents=True)
        self._card = card
        self._release = release
        origin = {"root": str(release.resolve()), "fingerprint": fingerprint}
        self._manifest: dict[str, Any] = {
            "name": card.name,
            "format_version": FORMAT_VERSION,
            "card": asdict(card),
            "release": origin | ({"packed": True} if packed else {}),
            "converter": {"name": "rvosbench", "version": __version__, "arguments": dict(arguments)},
        }
        self._splits: dict[str, _SplitWriter] = {}
        self._problems: list[ReleaseProblem] = []
        self._media: dict[str, dict[str, int | str]] = {}
        self._partly: dict[str, dict[str, tuple[int, int]]] = {}
        self._content = hashlib.sha256()
        self._partial = Partial(folder, "store")
        self.partial = self._partial.folder

    def add(self, video: Video) -> None:
        """Append one video.

        Raises:
            DatasetError: the video contradicts itself, or comes out of order.
        """
        self.append(decode(encode(video)))

    def append(self, video: EncodedVideo) -> None:
        """Append one video that is checked and encoded already.

        Raises:
            DatasetError: it comes out of order, or its split has no plain name.
        """
        if video.split not in self._splits:
            if not _SPLIT_NAME.fullmatch(video.split):
                raise DatasetError(
                    f"the split name {video.split!r} is not a plain name of letters, digits, _ . and -"
                )
            self._splits[video.split] = _SplitWriter(self._partial.made, video.split)
        with writing(self.folder):
            self._splits[video.split].add(video)
        self._content.update(video.digest)

    def report(self, problem: ReleaseProblem) -> None:
        """Put a problem into problems.parquet."""
        self._problems.append(problem)

    def partly_annotated(self, split: str, video_id: str, have: int, promised: int) -> None:
        """Remember that a video has masks in fewer frames than its source promises.

        Args:
            split: the split.
            video_id: a video of it.
            have: frames that have their masks.
            promised: frames that should have them.
        """
        self._partly.setdefault(split, {})[video_id] = (have, promised)

    def add_media(self, name: str) -> None:
        """Copy a file of the release into the store; once, however often it is named.

        Args:
            name: its path relative to the release, with `/`.

        Raises:
            MissingPathError: it is not there.
            DatasetError: the path leaves the release.
        """
        if name in self._media:
            return
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise DatasetError(f"the video file {name!a} is not in the release; expected a path inside it")
        target = self._partial.made / MEDIA / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(self._release / name, target)
        except FileNotFoundError:
            raise MissingPathError(
                f"{self._release / name} is missing; expected the video file, did the release move meanwhile?"
            ) from None
        self._media[name] = _describe(target)

    def finish(self) -> Path:
        """Close all tables, write README.md and the manifest, and give the store its final name.

        Raises:
            DatasetError: no video was added.
        """
        with writing(self.folder):
            self._complete()
        self._partial.put_in_place()
        return self.folder

    def _complete(self) -> None:
        """Close all tables; write README.md and the manifest."""
        store = self._partial.made
        counts = {name: split.close() for name, split in self._splits.items()}
        if not counts:
            raise DatasetError(
                f"no video was found in {self._manifest['release']['root']}; "
                f"expected {self._card.title}, is this the right folder?"
            )
        kinds = {kind: sum(problem.kind == kind for problem in self._problems) for kind in KINDS}
        readme = card_text(self._card, counts, skipped=kinds["skipped"], partly=self._partly)
        (store / "README.md").write_text(readme, encoding="utf-8")
        write_problems(store / PROBLEMS, self._problems)
        tables = [*sorted((store / "data").rglob("*.parquet")), store / PROBLEMS]
        self._manifest |= {
            "fingerprint": self._content.hexdigest(),
            "splits": counts,
            "problems": kinds,
            "files": {
                path.relative_to(store).as_posix(): {"rows": pq.read_metadata(path).num_rows}
                | _describe(path)
                for path in tables
            }
            | {f"{MEDIA}/{name}": facts for name, facts in self._media.items()},
        }
        if self._partly:
            self._manifest[KEY] = self._partly
        text = json.dumps(self._manifest, indent=1, ensure_ascii=False)
        (store / MANIFEST).write_text(text, encoding="utf-8")

    def abandon(self) -> None:
        """Remove everything that was written."""
        for split in self._splits.values():
            split.abort()
        self._partial.leave()


STORE = Content("a store", lambda folder: (folder / MANIFEST).is_file())
"""What a folder may hold and still be overwritten by a store."""


class _SplitWriter:
    """The five tables of one split. A row group holds whole videos of all tables."""

    def __init__(self, root: Path, split: str) -> None:
        self._root = root
        self._split = split
        self._last_id = ""
        self._part = -1
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._pending: list[EncodedVideo] = []
        self._pending_rows = dict.fromkeys(SCHEMAS, 0)
        self._pending_bytes = 0
        self._part_bytes = 0
        self._counts = dict.fromkeys(SCHEMAS, 0)

    def add(self, video: EncodedVideo) -> None:
        if self._writers and video.video_id <= self._last_id:
            raise DatasetError(
                f"{self._split}: video {video.video_id} comes after {self._last_id}; videos must be sorted "
                "and appear once"
            )
        self._last_id = video.video_id
        if not self._writers:
            self._open_part()
        self._pending.append(video)
        for name, count in video.row_counts.items():
            self._pending_rows[name] += count
            self._counts[name] += count
        self._pending_bytes += video.data_bytes
        full = max(self._pending_rows["masks"], self._pending_rows["frames"] // 4) >= _GROUP_ROWS
        if full or self._pending_bytes >= _GROUP_BYTES:
            self._flush()

    def close(self) -> dict[str, int]:
        self._flush()
        for writer in self._writers.values():
            writer.close()
        return self._counts

    def abort(self) -> None:
        for writer in self._writers.values():
            with contextlib.suppress(OSError, pa.ArrowException):  # a full disk, which is why it is given up
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
        if not self._pending:
            return
        if self._part_bytes >= _PART_BYTES:
            for writer in self._writers.values():
                writer.close()
            self._open_part()
        for name, table in as_tables(self._pending).items():
            self._writers[name].write_table(table, row_group_size=max(1, table.num_rows))
        self._pending = []
        self._pending_rows = dict.fromkeys(SCHEMAS, 0)
        self._part_bytes += self._pending_bytes
        self._pending_bytes = 0


def _describe(path: Path) -> dict[str, int | str]:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": sha256}
