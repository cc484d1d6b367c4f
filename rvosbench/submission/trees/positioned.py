"""A part of a file on the disk, read without moving anybody else's position."""

from __future__ import annotations

import errno
import io
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import IO, Any

from rvosbench.errors import FormatError
from rvosbench.files.text import file_size

_CHUNK = 1 << 20
_FREELY = 1 << 30  # bytes that may come out of anything
_RATIO = 200  # beyond that, bytes that may come out of one


class _Handle:
    """An open file, closed when nobody reads it any more."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __del__(self) -> None:
        os.close(self.descriptor)


class PositionedFile(io.RawIOBase):
    """Bytes of a file by their position: processes that were forked read it side by side."""

    def __init__(self, handle: _Handle, start: int = 0, size: int | None = None) -> None:
        """Use `open_path`, `spool` or `part`."""
        self._handle = handle
        self._start = start
        self.size = os.fstat(handle.descriptor).st_size - start if size is None else size
        self._position = 0

    def part(self, start: int, size: int) -> PositionedFile:
        """A part of this one."""
        return PositionedFile(self._handle, self._start + start, min(size, max(0, self.size - start)))

    def bytes_at(self, start: int, size: int) -> bytes:
        """`size` bytes, fewer at the end."""
        size = max(0, min(size, self.size - start))
        pieces = []
        while size:
            piece = os.pread(self._handle.descriptor, size, self._start + start)
            if not piece:
                break
            pieces.append(piece)
            start, size = start + len(piece), size - len(piece)
        return b"".join(pieces)

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """See `io.IOBase`."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise OSError(errno.EINVAL, "a position before the beginning")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """See `io.IOBase`."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """See `io.RawIOBase`."""
        view = memoryview(buffer).cast("B")
        data = self.bytes_at(self._position, len(view))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)


def open_path(path: Path) -> PositionedFile:
    """A file on the disk.

    Raises:
        FormatError: it is no regular file, or cannot be read.
    """
    try:
        # A pipe without a writer would block for ever; devices and sockets are no results.
        handle = _Handle(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError as error:
        raise FormatError(
            f"{path} cannot be read ({error.strerror}); expected a file of predictions"
        ) from None
    if not stat.S_ISREG(os.fstat(handle.descriptor).st_mode):
        raise FormatError(f"{path} is not a regular file; expected a file of predictions")
    return PositionedFile(handle)


def spool(stream: IO[bytes], packed: int, where: str) -> PositionedFile:
    """Unpack a stream into a temporary file, which is gone when it is closed.

    Args:
        stream: what is unpacked while it is read.
        packed: bytes that it is unpacked from.
        where: what to call it in errors.

    Raises:
        FormatError: far more comes out than went in, or than the disk has room for.
    """
    room = shutil.disk_usage(tempfile.gettempdir()).free
    with tempfile.TemporaryFile(buffering=0) as file:
        while chunk := stream.read(_CHUNK):
            if file.tell() + len(chunk) > max(_FREELY, _RATIO * packed):
                raise FormatError(
                    f"{where} unpacks to more than {_RATIO} times its {file_size(packed)}, which no results "
                    "do; write the archive again"
                )
            if file.tell() + len(chunk) > room:
                raise FormatError(
                    f"{where} unpacks to more than the {file_size(room)} that are free in "
                    f"{tempfile.gettempdir()}; unpack it elsewhere and name the folder, or set TMPDIR"
                )
            file.write(chunk)
        return PositionedFile(_Handle(os.dup(file.fileno())))
