"""A zip that anybody wrote, looked at entry by entry before anything of it is unpacked."""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rvosbench.errors import MissingPathError
from rvosbench.files.text import file_size, one_line
from rvosbench.submission.servers.faults import FaultList

_NESTED = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar", ".zst")
_JUNK = ("__MACOSX", "Thumbs.db", "desktop.ini")
_ENCRYPTED = 0x1
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz", 99: "AES"}
_BROKEN = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError, ValueError)


class Archive:
    """The files of a zip under plain names, whatever its names look like."""

    def __init__(self, archive: zipfile.ZipFile, faults: FaultList) -> None:
        """Look at every entry; what is wrong with one is added to `faults`."""
        self._archive = archive
        self._faults = faults
        self.files: dict[str, zipfile.ZipInfo] = {}  # of two with one name the first
        self.has_junk_at_top = False  # beside the folders, and not hidden
        for info in archive.infolist():
            self._look_at(info)

    def read(self, name: str, most: int) -> bytes | None:
        """The content of a file of at most so many bytes; None, and a fault, where that is impossible."""
        info = self.files[name]
        if info.flag_bits & _ENCRYPTED:
            return None  # said already
        if info.file_size > most:
            self._faults.add("too-large", f"{name} unpacks to {file_size(info.file_size)}")
            return None
        try:
            with self._archive.open(info) as file:
                data = file.read(most + 1)
        except _BROKEN as error:
            if info.compress_type in _PLAIN:  # else it was said already
                self._faults.add("damaged", f"{name} ({one_line(error, 80)})")
            return None
        if len(data) > most:
            self._faults.add("too-large", f"{name} unpacks to more than {file_size(most)}")
            return None
        return data

    def _look_at(self, info: zipfile.ZipInfo) -> None:
        raw = info.orig_filename
        spelled = raw.replace("\\", "/")
        parts = [part for part in spelled.split("\0")[0].split("/") if part not in ("", ".")]
        if spelled.rstrip("/") != "/".join(parts) or "\\" in raw or ".." in parts or spelled.startswith("/"):
            self._faults.add("odd-name", ascii(raw)[1:-1])
        if not parts or ".." in parts:
            return
        if any(part.startswith(".") or part in _JUNK for part in parts):
            self._faults.add("junk", "/".join(parts))
            self.has_junk_at_top |= not parts[0].startswith(".")
            return
        if spelled.endswith("/"):
            return  # an entry for a folder is harmless
        name = "/".join(parts)
        if stat.S_ISLNK(info.external_attr >> 16):
            self._faults.add("link", name)
            return
        if info.flag_bits & _ENCRYPTED:
            self._faults.add("encrypted", name)
        elif info.compress_type not in _PLAIN:
            method = _METHODS.get(info.compress_type, f"method {info.compress_type}")
            self._faults.add("compression", f"{name} ({method})")
        if name in self.files:
            self._faults.add("duplicate", name)
            return
        if name.lower().endswith(_NESTED):
            self._faults.add("nested-archive", name)
            return
        self.files[name] = info


@contextmanager
def open_archive(path: Path, faults: FaultList, largest: int | None) -> Iterator[Archive | None]:
    """Open a zip; None, and a fault, for what is none.

    Raises:
        MissingPathError: nothing is there.
    """
    if not os.path.lexists(path):
        raise MissingPathError(f"{path} is not there; expected the zip to check")
    if not path.is_file():  # a pipe would never end
        faults.add("not-a-zip", f"{path.name} is no regular file")
        yield None
        return
    size = path.stat().st_size
    if largest is not None and size > largest:
        faults.add("too-large", f"{path.name} has {file_size(size)}, {file_size(largest)} are allowed")
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN as error:
        faults.add("not-a-zip", f"{path.name} ({one_line(error, 80)})")
        yield None
        return
    with archive:
        yield Archive(archive, faults)
