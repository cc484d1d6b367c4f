"""The journal of a conversion: finished videos reach the disk at once, so that none is lost to a kill.

```text
head    SHA-256 of all that decides what a video becomes; a journal with another head is not continued
record  2 x uint32: bytes of note and body, 16 bytes checksum, note (JSON), body (`store.encoded`)
...
```
A record that is cut off or altered ends the journal: it and what follows is forgotten, never believed.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rvosbench.files.scoped import Closing

JOURNAL = "journal"
_LENGTHS = struct.Struct("<II")
_CHECKSUM_BYTES = 16
_PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """Per-video facts that have no table column."""

    split: str
    video_id: str
    stamp: str  # of the files that it was read from; another one means that they have changed
    reported: tuple[str, ...] = ()  # what is wrong with it without making it useless
    never_visible: tuple[str, ...] = ()  # expressions about objects without a mask, though frames have some
    empty: tuple[str, ...] = ()  # expressions without a word
    media: tuple[str, ...] = ()  # files of the release that a packed store needs
    promised: tuple[int, ...] = ()  # frames with masks and frames that should have them; () where none need


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished video and where its body lies in the file."""

    note: Note
    start: int
    size: int


class Journal(Closing):
    """The finished videos of one conversion. `add` and `body` may be called from several threads.

    Attributes:
        entries: (split, video) -> what is finished.
    """

    def __init__(self, folder: Path, key: Mapping[str, object], *, resume: bool = True) -> None:
        """Open the journal in `folder`, or begin one.

        Args:
            folder: where it lies.
            key: all that decides what a video becomes; JSON types.
            resume: keep what an earlier run with the same key has finished.
        """
        self.entries: dict[tuple[str, str], Entry] = {}
        self._path = folder / JOURNAL
        self._lock = threading.Lock()
        head = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest().encode() + b"\n"
        self._path.touch()
        # Unbuffered: what `add` has written is in the hands of the system and outlives this process.
        self._file = self._path.open("r+b", buffering=0)
        self._end = len(head)
        if resume and self._file.read(len(head)) == head:
            for entry in _records(self._file, len(head)):
                self.entries[entry.note.split, entry.note.video_id] = entry
                self._end = entry.start + entry.size
            self._file.truncate(self._end)
        else:
            self._file.truncate(0)
            self._file.seek(0)
            _write(self._file, head)

    def add(self, note: Note, body: bytes) -> Entry:
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
        return entry

    def body(self, entry: Entry) -> bytes:
        """The body that was added with a note."""
        with self._lock:
            self._file.seek(entry.start)
            return b"".join(_pieces(self._file, entry.size))

    def close(self) -> None:
        """Close the file; remove it if it is empty."""
        self._file.close()
        if not self.entries:
            self._path.unlink(missing_ok=True)


def _records(file: io.FileIO, position: int) -> Iterator[Entry]:
    """The records from `position` up to the first that is not whole."""
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
        yield Entry(_note(json.loads(text)), start, body_bytes)


def _note(values: Mapping[str, Any]) -> Note:
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return Note(**fields)


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
