"""A tar archive as a tree of files; a compressed one is unpacked once, into a temporary file."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rvosbench.errors import FormatError
from rvosbench.files.foreign import what_it_is
from rvosbench.files.text import one_line
from rvosbench.submission.trees.positioned import PositionedFile, spool
from rvosbench.submission.trees.tree import MOST_BYTES, Index, Name, too_large

_BLOCK = 512
_MOST_HEADER = 1 << 20  # bytes; a header that claims more would be read into memory
_FAULTS = (tarfile.TarError, OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, RecursionError)
_UNPACKERS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}


class Tar:
    """A tar archive, plain or compressed with gzip, bzip2 or xz."""

    def __init__(
        self, opener: Callable[[], PositionedFile], shown: str, file: PositionedFile | None = None
    ) -> None:
        """Read its list of files; arguments and errors as for `Zip`."""
        self.shown = shown
        self._opener = opener
        try:
            self._file = _plain(opener() if file is None else file, shown)
        except _FAULTS as error:
            raise _unreadable(shown, error) from error
        index: Index[tuple[int, int]] = Index(shown)
        try:
            for member in _members(self._file, shown):
                if not member.isdir() and index.name_of(member.name):
                    _refuse_special(member, shown)
                    index.add(member.name, (member.offset_data, member.size))
        except _FAULTS as error:
            raise _unreadable(shown, error, self._file) from error
        self._entries = index.files
        self.notes = index.notes

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._opener, self.shown)

    def names(self) -> Iterable[Name]:
        """See `Tree`."""
        return self._entries

    def size_of(self, name: Name) -> int:
        """See `Tree`."""
        return self._entries[name][1]

    def bytes_of(self, name: Name, most: int = MOST_BYTES) -> tuple[bytes, str]:
        """See `Tree`."""
        start, size = self._entries[name]
        shown = f"{self.shown}:{one_line('/'.join(name), 400)}"
        if size > most:
            raise too_large(shown, size, most)
        return self._file.bytes_at(start, size), shown

    def file_of(self, name: Name) -> PositionedFile:
        """See `Tree`."""
        return self._file.part(*self._entries[name])


def looks_like_tar(head: bytes) -> bool:
    """Whether a file that begins like this may be one; its first 512 bytes are enough."""
    return head[257:262] == b"ustar" or head.startswith(tuple(_UNPACKERS))


def _plain(file: PositionedFile, shown: str) -> PositionedFile:
    head = file.bytes_at(0, 8)
    unpacker = next((made for magic, made in _UNPACKERS.items() if head.startswith(magic)), None)
    if unpacker is None:
        return file
    with unpacker(file) as stream:
        return spool(stream, file.size, shown)


def _unreadable(shown: str, error: Exception, unpacked: PositionedFile | None = None) -> FormatError:
    if isinstance(error, FormatError):
        return error
    kind = None if unpacked is None else what_it_is(unpacked.bytes_at(0, _BLOCK))
    inside = f", it holds {kind}" if kind and kind != "a tar archive" else ""
    return FormatError(
        f"{shown} cannot be read as a tar archive ({one_line(error)}{inside}); was it cut off on its way? "
        "Expected PNG folders, a zip or tar archive, JSON, npz or Parquet"
    )


class _Headers(io.RawIOBase):
    """What tarfile reads headers from: never much at once, whatever a header claims."""

    def __init__(self, file: PositionedFile) -> None:
        self._file = file
        self._position = 0

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = offset
        return offset

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MOST_HEADER:
            raise tarfile.ReadError(f"a header claims {size:,} bytes")
        data = self._file.bytes_at(self._position, size)
        self._position += len(data)
        return data


def _members(file: PositionedFile, shown: str) -> Iterator[tarfile.TarInfo]:
    """The entries one by one; an archive that ends before its end is refused."""
    with tarfile.open(fileobj=_Headers(file), mode="r:") as archive:
        before = -1
        while (member := archive.next()) is not None:
            if member.size < 0 or archive.offset <= before:
                raise tarfile.ReadError("an entry of negative size")
            if member.offset_data + member.size > file.size:
                raise tarfile.ReadError(f"{one_line(member.name, 200)} is cut off")
            before = archive.offset
            archive.members = []  # type: ignore[attr-defined] # it would keep them all
            yield member
        # tarfile takes a damaged header, and the end of the file, for the end of the archive.
        if file.bytes_at(archive.offset, _BLOCK).strip(b"\0") or file.size < archive.offset + _BLOCK:
            raise tarfile.ReadError(f"it ends within, at byte {archive.offset:,} of {file.size:,}")


def _refuse_special(member: tarfile.TarInfo, shown: str) -> None:
    name = one_line(member.name, 200)
    if member.issym() or member.islnk():
        raise FormatError(
            f"{shown} holds the link {name}; links in archives are not followed, pack the files that they "
            "lead to (tar --dereference --hard-dereference)"
        )
    if not member.isreg() or member.issparse():
        kind = "sparse file" if member.isreg() else "device or pipe"
        raise FormatError(f"{shown} holds the {kind} {name}; expected regular files, write it again")
