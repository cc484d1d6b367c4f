"""A zip archive as a tree of files, read in place."""

from __future__ import annotations

import io
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rvosbench.errors import FormatError
from rvosbench.files.text import one_line
from rvosbench.submission.trees.positioned import PositionedFile, spool
from rvosbench.submission.trees.tree import MOST_BYTES, Index, Name, too_large

_HEADER = 30  # bytes of an entry's local header before its name
_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    ValueError,
)


class Zip:
    """A zip archive. Names, sizes and checksums are believed only as far as they agree with the content."""

    def __init__(
        self, opener: Callable[[], PositionedFile], shown: str, file: PositionedFile | None = None
    ) -> None:
        """Read its list of files.

        Args:
            opener: gives the archive's bytes; called again where the tree was pickled.
            shown: as messages call it.
            file: what `opener` gave already.

        Raises:
            FormatError: it is no zip archive, or holds names that no results have.
        """
        self.shown = shown
        self._opener = opener
        self._file = opener() if file is None else file
        try:
            self._archive = zipfile.ZipFile(io.BufferedReader(self._file))
            entries = [info for info in self._archive.infolist() if not info.is_dir()]
        except _FAULTS as error:
            raise FormatError(
                f"{shown} cannot be read as a zip archive ({one_line(error)}); was it cut off on its way? "
                "Expected PNG folders, a zip or tar archive, JSON, npz or Parquet"
            ) from error
        index: Index[zipfile.ZipInfo] = Index(shown)
        for info in entries:
            if stat.S_ISLNK(info.external_attr >> 16) and index.name_of(info.filename):
                raise FormatError(
                    f"{shown} holds the link {one_line(info.filename, 200)}; links in archives are not "
                    "followed, pack the files that they lead to"
                )
            index.add(info.filename, info)
        _refuse_overlap(entries, shown)
        self._entries = index.files
        self.notes = index.notes

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._opener, self.shown)

    def names(self) -> Iterable[Name]:
        """See `Tree`."""
        return self._entries

    def size_of(self, name: Name) -> int:
        """See `Tree`."""
        return self._entries[name].file_size

    def bytes_of(self, name: Name, most: int = MOST_BYTES) -> tuple[bytes, str]:
        """See `Tree`."""
        info, shown = self._entry(name)
        if info.file_size > most:
            raise too_large(shown, info.file_size, most)
        try:
            with self._archive.open(info) as entry:
                data = entry.read(most + 1)
        except _FAULTS as error:
            raise _damaged(shown, error) from error
        if len(data) != info.file_size:
            raise _damaged(shown, f"{len(data):,} bytes where {info.file_size:,} are announced")
        return data, shown

    def file_of(self, name: Name) -> PositionedFile:
        """See `Tree`."""
        info, shown = self._entry(name)
        try:
            with self._archive.open(info) as entry:
                return spool(entry, info.compress_size, shown)
        except _FAULTS as error:
            if isinstance(error, FormatError):
                raise
            raise _damaged(shown, error) from error

    def _entry(self, name: Name) -> tuple[zipfile.ZipInfo, str]:
        info = self._entries[name]
        shown = f"{self.shown}:{one_line(info.filename, 400)}"
        if info.flag_bits & 1:
            raise FormatError(f"{shown} is encrypted; write the archive again without a password")
        return info, shown


def _damaged(shown: str, why: object) -> FormatError:
    return FormatError(f"{shown} cannot be unpacked ({one_line(why)}); write the archive again")


def _refuse_overlap(entries: Sequence[zipfile.ZipInfo], shown: str) -> None:
    """Refuse archives whose files share bytes: thousands of names for one content that unpacks to much."""
    end, before = 0, ""
    for info in sorted(entries, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise FormatError(
                f"{shown} is not a sound archive: {one_line(info.filename, 200)} overlaps "
                f"{one_line(before, 200)}; write it again"
            )
        end = info.header_offset + _HEADER + len(info.orig_filename) + info.compress_size
        before = info.filename
