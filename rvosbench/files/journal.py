"""A journal of finished videos: each reaches the disk at once, so that none is lost to a kill.

```text
head    SHA-256 of the key, a space, the key as JSON, end of line; a journal of another key is not continued
record  2 x uint32: bytes of note and body, 16 bytes checksum, note (JSON), body
...
```
The key is all that decides what a video becomes. A record that is cut off or altered ends the journal: it and
what follows is forgotten, never believed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from rvosbench.files.scoped import Closing

JOURNAL = "journal"
_LENGTHS = struct.Struct("<II")
_CHECKSUM_BYTES = 16
_PIECE_BYTES = 1024 * 1024
_MOST_HEAD_BYTES = 1024 * 1024
_SYNC_EVERY_S = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """Which video; a verb adds what its body does not say."""

    split: str
    video_id: str


N = TypeVar("N", bound=Note)


@dataclass(frozen=True, slots=True)
class Entry(Generic[N]):
    """A finished video and where its body lies in the file."""

    note: N
    start: int
    size: int


def read_key(folder: Path) -> Mapping[str, Any] | None:
    """What a journal in `folder` was begun for; None if there is none, or its head is damaged."""
    try:
        with (folder / JOURNAL).open("rb") as file:
            checksum, _, text = file.readline(_MOST_HEAD_BYTES).rstrip(b"\n").partition(b" ")
    except OSError:
        return None
    if hashlib.sha256(text).hexdigest().encode() != checksum:
        return None
    key = json.loads(text)
    return key if isinstance(key, dict) else None


class Journal(Closing, Generic[N]):
    """The finished videos of one piece of work; subclasses say which notes they take.

    `add` and `body` may be called from several threads.

    Attributes:
        entries: (split, video) -> what is finished.
    """

    note_type: ClassVar[type[Note]] = Note

    def __init__(
        self, folder: Path, key: Mapping[str, object], *, resume: bool = True, durable: bool = False
    ) -> None:
        """Open the journal in `folder`, or begin one.

        Args:
            folder: where it lies.
            key: all that decides what a video becomes; JSON types.
            resume: keep what an earlier run with the same key has finished.
            durable: wait for the disk every second, so that a power cut costs no more than that either.
        """
        self.entries: dict[tuple[str, str], Entry[N]] = {}
        self._path = folder / JOURNAL
        self._lock = threading.Lock()
        self._durable = durable
        self._synced = time.monotonic()
        text = json.dumps(key, sort_keys=True).encode()
        head = hashlib.sha256(text).hexdigest().encode() + b" " + text + b"\n"
        self._path.touch()
        # Unbuffered: what `add` has written is in the hands of the system and outlives this process.
        self._file = self._path.open("r+b", buffering=0)
        self._end = len(head)
        if resume and self._file.read(len(head)) == head:
            for entry in self._records(len(head)):
                self.entries[entry.note.split, entry.note.video_id] = entry
                self._end = entry.start + entry.size
            self._file.truncate(self._end)
        else:
            self._file.truncate(0)
            self._file.seek(0)
            _write(self._file, head)

    def add(self, note: N, body: bytes) -> Entry[N]:
        """Append a finished video; it stays when the process is killed after this."""
        text = json.dumps(asdict(note)).encode()
        lengths = _LENGTHS.pack(len(text), len(body))
        checksum = _checksum((lengths, text, body))
        with self._lock:
            self._file.seek(self._end)
            _write(self._file, lengths + checksum + text)
            _write(self._file, body)
            end = self._file.tell()
            entry = Entry(note, end - len(body), len(body))
            self._end = end
            self.entries[note.split, note.video_id] = entry
            if self._durable and time.monotonic() - self._synced > _SYNC_EVERY_S:
                os.fsync(self._file.fileno())
                self._synced = time.monotonic()
        return entry

    def body(self, entry: Entry[N]) -> bytes:
        """The body that was added with a note."""
        with self._lock:
            self._file.seek(entry.start)
            return b"".join(_pieces(self._file, entry.size))

    def close(self) -> None:
        """Close the file; remove it if it is empty."""
        if self._durable and self.entries and not self._file.closed:
            os.fsync(self._file.fileno())
        self._file.close()
        if not self.entries:
            self._path.unlink(missing_ok=True)

    def _records(self, position: int) -> Iterator[Entry[N]]:
        """The records from `position` up to the first that is not whole."""
        file = self._file
        size = file.seek(0, io.SEEK_END)
        while position + _LENGTHS.size + _CHECKSUM_BYTES <= size:
            file.seek(position)
            lengths = file.read(_LENGTHS.size)
            checksum = file.read(_CHECKSUM_BYTES)
            note_bytes, body_bytes = _LENGTHS.unpack(lengths)
            start = position + _LENGTHS.size + _CHECKSUM_BYTES + note_bytes
            position = start + body_bytes
            if position > size:
                return
            text = b"".join(_pieces(file, note_bytes))
            if _checksum((lengths, text), _pieces(file, body_bytes)) != checksum:
                return
            yield Entry(self._note(json.loads(text)), start, body_bytes)

    def _note(self, values: Mapping[str, Any]) -> N:
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        note: N = self.note_type(**fields)  # type: ignore[assignment]
        return note


def _checksum(*parts: Iterable[bytes]) -> bytes:
    total = hashlib.blake2b(digest_size=_CHECKSUM_BYTES)
    for part in parts:
        for piece in part:
            total.update(piece)
    return total.digest()


def _pieces(file: io.FileIO, size: int) -> Iterator[bytes]:
    """The next `size` bytes, a piece at a time."""
    while size > 0:
        piece = file.read(min(size, _PIECE_BYTES))
        if not piece:
            return  # somebody has cut the file; the checksum of the record tells
        size -= len(piece)
        yield piece


def _write(file: io.FileIO, data: bytes) -> None:
    """Write all of the data: one call may write only a part."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
