"""Zips that unpack everywhere: of a fixed time, with plain rights, without entries for folders."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Self

_TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip can hold: equal predictions make equal bytes
_MODE = 0o100644 << 16  # a file that all may read; without it, some programs unpack files of mode 0
_UNIX = 3
_LONG = 2**31 - 1  # from here on an entry of unknown size needs the fields of zip64


class ZipWriter:
    """Writes entries one after the other; a context manager."""

    def __init__(self, path: Path) -> None:
        """Open the file, which is a real one: in a stream, sizes would have to follow the data."""
        self._archive = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)

    def add(self, name: str, data: bytes) -> None:
        """A file as it is; PNG files do not get smaller."""
        self._archive.writestr(_entry(name, zipfile.ZIP_STORED), data)

    def add_streamed(self, name: str, parts: Iterable[bytes], *, about_bytes: int) -> None:
        """Deflate a file that is made in parts, of about so many bytes."""
        info = _entry(name, zipfile.ZIP_DEFLATED)
        with self._archive.open(info, "w", force_zip64=about_bytes > _LONG // 2) as entry:
            for part in parts:
                entry.write(part)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()


def _entry(name: str, method: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _TIME)
    info.create_system = _UNIX
    info.external_attr = _MODE
    info.compress_type = method
    return info
