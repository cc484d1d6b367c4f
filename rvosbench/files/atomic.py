"""The one way to write: under a partial name, to the disk, and then under the final name.

```python
with atomic_folder(out) as folder:
    write_tables(folder)  # the manifest last
```
Whatever happens in the body (an error, Ctrl-C, a full disk, a kill), the final name holds what it held
before, or all of the new. Whether the name can be taken is asked first, before any work is done.
"""

from __future__ import annotations

import errno
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from rvosbench.errors import OutputError, RvosbenchError
from rvosbench.files.partials import clean_up, discard, forget, partial_path
from rvosbench.files.places import Content, check_file, check_folder, final_name, unwritable
from rvosbench.files.swap import put_in_place
from rvosbench.files.sync import sync, sync_tree

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def atomic_file(
    path: Path, *, overwrite: bool = True, parents: bool = True, durable: bool = True
) -> AtomicFile:
    """Reserve the name of a file.

    Args:
        path: its final name. A link stays, and what it points to is written.
        overwrite: a file may be there; else one that appears in the meantime is not overwritten either.
        parents: make missing folders on the way; they go again when nothing comes of it.
        durable: wait until the data have reached the disk, so that a power cut costs nothing either.

    Returns:
        A context manager that yields the partial file, which is there and empty.

    Raises:
        OutputError: nothing can be written under that name.
    """
    return AtomicFile(path, overwrite=overwrite, parents=parents, durable=durable)


def atomic_folder(
    path: Path,
    *,
    overwrite: bool = False,
    content: Content | None = None,
    parents: bool = True,
    durable: bool = True,
) -> AtomicFolder:
    """Reserve the name of a folder.

    Args:
        path: its final name, which may be an empty folder.
        overwrite: it may hold something, which gives way in one step when the new folder is complete.
        content: overwrite nothing else than this. None: whatever it is, as the name is ours alone.
        parents: make missing folders on the way; they go again when nothing comes of it.
        durable: wait until the data have reached the disk. Too slow for thousands of small files.

    Returns:
        A context manager that yields the partial folder, which is there and empty.

    Raises:
        OutputError: nothing can be written under that name.
    """
    return AtomicFolder(path, overwrite=overwrite, content=content, parents=parents, durable=durable)


def write_bytes(path: Path, data: bytes) -> Path:
    """Write a file, making its folder and replacing an older one.

    Raises:
        OutputError: it cannot be written.
    """
    with atomic_file(path) as partial:
        partial.write_bytes(data)
    return path


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text; see `write_bytes`."""
    return write_bytes(path, text.encode())


def write_json(path: Path, content: Mapping[str, Any] | Sequence[Any], *, indent: int | None = 1) -> Path:
    """Write JSON; see `write_bytes`. NaN is no JSON and raises a ValueError."""
    text = json.dumps(content, indent=indent, ensure_ascii=False, allow_nan=False) + "\n"
    # File names that are no UTF-8 hold lone surrogates; written as JSON's \udcff they read back the same.
    return write_bytes(path, text.encode("utf-8", "backslashreplace"))


class _Atomic(ABC):
    """Something under a partial name, until `commit` or `abandon`.

    Attributes:
        path: the final name.
        partial: the partial name.
    """

    def __init__(self, path: Path, final: Path, *, overwrite: bool, durable: bool) -> None:
        self.path = path
        self._final = final = final.absolute()  # the current folder may change meanwhile
        self._overwrite = overwrite
        self._durable = durable
        # Deepest first.
        self._made = [parent for parent in final.parents if not parent.exists()]
        self.partial = partial_path(final)
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            clean_up(final)
            self._make()
        except BaseException as error:
            self.abandon()
            if isinstance(error, OSError):
                raise unwritable(path, error) from error
            raise

    @abstractmethod
    def _make(self) -> None: ...

    @abstractmethod
    def _put_in_place(self) -> None: ...

    def commit(self) -> None:
        """Give it its final name.

        Raises:
            OutputError: the name cannot be taken, or the disk is full. What was there stays.
        """
        try:
            self._put_in_place()
            if self._durable:
                sync(self._final.parent)
        except BaseException as error:
            self.abandon()
            if isinstance(error, OSError) and not isinstance(error, RvosbenchError):
                raise unwritable(self.path, error) from error
            raise
        self._made = []
        self.abandon()  # the old one may lie there now

    def abandon(self) -> None:
        """Remove what was written; nothing happens after `commit`."""
        discard(self.partial)
        forget(self.partial)
        for parent in self._made:
            with suppress(OSError):  # somebody may have put something there by now
                parent.rmdir()

    def __enter__(self) -> Path:
        return self.partial

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.commit()
            return
        self.abandon()
        if isinstance(error, OSError) and not isinstance(error, RvosbenchError) and self._caused(error):
            raise unwritable(self.path, error) from error

    def _caused(self, error: OSError) -> bool:
        """Whether an error is about writing here, not about something that the body has read."""
        if error.filename is None:
            return error.errno in _FULL
        names = (error.filename, error.filename2)
        return any(str(self.partial) in os.fsdecode(name) for name in names if isinstance(name, str | bytes))


class AtomicFile(_Atomic):
    """A file under a partial name; see `atomic_file`."""

    def __init__(self, path: Path, *, overwrite: bool, parents: bool, durable: bool) -> None:
        """See `atomic_file`."""
        check_file(path, overwrite=overwrite, parents=parents)
        super().__init__(path, final_name(path), overwrite=overwrite, durable=durable)

    def _make(self) -> None:
        os.close(os.open(self.partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))

    def _put_in_place(self) -> None:
        if self._durable:
            sync(self.partial)
        # Looked at again: what has come there since the start is not ours to remove.
        check_file(self.path, overwrite=self._overwrite)
        if not self._overwrite:
            try:
                os.link(self.partial, self._final)  # never replaces anything, as a rename does
            except FileExistsError:
                raise OutputError(
                    f"{self.path} already exists by now; choose another name or add --overwrite"
                ) from None
            except OSError:
                pass  # no hard links on this file system
            else:
                return
        self.partial.replace(self._final)


class AtomicFolder(_Atomic):
    """A folder under a partial name; see `atomic_folder`."""

    def __init__(
        self, path: Path, *, overwrite: bool, content: Content | None, parents: bool, durable: bool
    ) -> None:
        """See `atomic_folder`."""
        check_folder(path, overwrite=overwrite, content=content, parents=parents)
        self._content = content
        super().__init__(path, path, overwrite=overwrite, durable=durable)

    def _make(self) -> None:
        self.partial.mkdir()

    def _put_in_place(self) -> None:
        if self._durable:
            sync_tree(self.partial)
        check_folder(self.path, overwrite=self._overwrite, content=self._content)
        if not self._overwrite:
            if os.name == "nt":  # elsewhere an empty folder gives way to the rename itself
                with suppress(OSError):
                    self._final.rmdir()
            self.partial.rename(self._final)
            return
        old = partial_path(self._final, "old")
        try:
            put_in_place(self.partial, self._final, old=old)
        finally:
            if self._final.exists():
                discard(old)  # Ctrl-C may have come before it was gone
            forget(old)
