"""A folder as a tree of files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from rvosbench.errors import FormatError
from rvosbench.files.text import one_line
from rvosbench.submission.trees.positioned import PositionedFile, open_path
from rvosbench.submission.trees.tree import MOST_BYTES, Index, Name, too_large

_MOST = 500_000  # folders
_DEEPEST = 8  # more than any layout with folders around it; deeper folders are not looked into


class Folder:
    """A folder; links are followed, but not in a circle."""

    def __init__(self, root: Path) -> None:
        """Look at nothing yet."""
        self.root = root
        self.shown = str(root)

    @cached_property
    def _index(self) -> Index[Path]:
        index: Index[Path] = Index(self.shown)
        for path in _walk(self.root, (), frozenset(), _Folders(self.shown)):
            index.add(str(path.relative_to(self.root)), path)
        return index

    @property
    def notes(self) -> tuple[str, ...]:
        """See `Tree`."""
        return self._index.notes

    def names(self) -> Iterable[Name]:
        """See `Tree`."""
        return self._index.files

    def path_of(self, name: Name) -> Path:
        """Where a file lies."""
        return self._index.files[name]

    def size_of(self, name: Name) -> int:
        """See `Tree`."""
        try:
            return self.path_of(name).stat().st_size
        except OSError:
            return 0  # reading it says why

    def bytes_of(self, name: Name, most: int = MOST_BYTES) -> tuple[bytes, str]:
        """See `Tree`."""
        path = self.path_of(name)
        with open_path(path) as file:
            data = file.bytes_at(0, most + 1)
            if len(data) > most:
                raise too_large(one_line(path), file.size, most)
        return data, one_line(path)

    def file_of(self, name: Name) -> PositionedFile:
        """See `Tree`."""
        return open_path(self.path_of(name))


class _Folders:
    """How many folders were looked into: links can make a few lead to any number."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._count = 0

    def enter(self) -> None:
        """Note one more.

        Raises:
            FormatError: they are too many.
        """
        self._count += 1
        if self._count > _MOST:
            raise FormatError(
                f"{self._root} leads to more than {_MOST:,} folders; expected a folder of predictions, are "
                "there links in it that lead around?"
            )


def _walk(folder: Path, above: Name, ancestors: frozenset[tuple[int, int]], seen: _Folders) -> Iterator[Path]:
    """Everything in a folder that is not a folder, links to folders followed."""
    seen.enter()
    try:
        status = folder.stat()
        if (status.st_dev, status.st_ino) in ancestors or len(above) > _DEEPEST:
            return
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise FormatError(
            f"{one_line(folder)} cannot be listed ({error.strerror}); expected a folder of predictions"
        ) from None
    for entry in entries:
        path = folder / entry.name
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _walk(path, (*above, entry.name), ancestors | {(status.st_dev, status.st_ino)}, seen)
        else:
            yield path
