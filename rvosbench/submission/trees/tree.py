"""What a tree of files is, which names it may hold, and how much of it is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from rvosbench.errors import FormatError
from rvosbench.files.text import one_line, shown
from rvosbench.media.images import MAX_PIXELS
from rvosbench.submission.trees.positioned import PositionedFile

Name = tuple[str, ...]
"""The parts of a path, from the top of the tree."""

MOST_FILES = 2_000_000  # in a tree; a zip of a kilobyte per file would be two gigabytes
MOST_BYTES = MAX_PIXELS  # of a mask: more than any PNG of a picture that we decode
_DEEPEST = 16
_LONGEST = 4096  # characters, as file systems allow

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_DOUBLE = (".tar.gz", ".tar.bz2", ".tar.xz", ".json.gz", ".jsonl.gz")
_JUNK = ("thumbs.db", "desktop.ini")  # what Windows leaves; macOS begins its names with a dot


class Tree(Protocol):
    """Files by their names. It can be pickled, and used by a forked process."""

    shown: str
    """As messages call it."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know about how its names were read."""
        ...

    def names(self) -> Iterable[Name]:
        """The name of every file, in any order."""
        ...

    def size_of(self, name: Name) -> int:
        """Bytes that the file claims to hold."""
        ...

    def bytes_of(self, name: Name, most: int = MOST_BYTES) -> tuple[bytes, str]:
        """A file's content, and what to call it in an error.

        Raises:
            FormatError: it cannot be read, is no regular file, or holds more than `most` bytes.
        """
        ...

    def file_of(self, name: Name) -> PositionedFile:
        """A file to read from, of any size that the disk has room for.

        Raises:
            FormatError: it cannot be read, or unpacks to more than it should.
        """
        ...


def suffix_of(name: Name) -> str:
    """In lower case; of `.tar.gz` and its like both.

    Example:
        >>> suffix_of(("a", "B.Tar.GZ")), suffix_of(("x.PNG",)), suffix_of(("y",))
        ('.tar.gz', '.png', '')
    """
    last = name[-1].lower()
    double = next((suffix for suffix in _DOUBLE if last.endswith(suffix)), None)
    return double or (last[last.rindex(".") :] if "." in last else "")


def is_archive(name: Name) -> bool:
    """Whether a file is called like an archive that `open_tree` reads."""
    return suffix_of(name) in ARCHIVES


def is_junk(name: Name) -> bool:
    """Whether an operating system wrote it, or it is hidden: nobody's results."""
    return name[-1].lower() in _JUNK or any(part.startswith((".", "__MACOSX")) for part in name)


def too_large(where: str, size: int, most: int) -> FormatError:
    """A file that is larger than anything of its kind."""
    return FormatError(
        f"{where} holds {size:,} bytes, expected at most {most:,}; is it a prediction? Write it again"
    )


def _text(part: str) -> str:
    r"""A name that can be written anywhere: bytes that are no UTF-8 as `\udcff`."""
    return part.encode("utf-8", "backslashreplace").decode()


_T = TypeVar("_T")


class Index(Generic[_T]):
    """The files of a tree while they are listed: what is behind each name."""

    def __init__(self, tree: str) -> None:
        self.files: dict[Name, _T] = {}
        self.notes: tuple[str, ...] = ()
        self._tree = tree

    def name_of(self, raw: str) -> Name | None:
        """The parts of a name.

        Args:
            raw: as the archive has it; backslashes separate parts too, `.` and empty parts count for nothing.

        Returns:
            None for what no results are: hidden files, and what operating systems write.

        Raises:
            FormatError: the name leads out of the tree, or is absurd.
        """
        if len(raw) > _LONGEST:
            raise FormatError(
                f"{self._tree} holds a name of {len(raw):,} characters, {shown(raw, 40)}; expected at most "
                f"{_LONGEST:,}; write it again"
            )
        name = tuple(_text(part) for part in raw.replace("\\", "/").split("/") if part not in ("", "."))
        if ".." in name:
            raise FormatError(
                f"{self._tree} holds the name {shown(raw, 200)}, which leads out of it; pack the results "
                "with names that begin at their folder"
            )
        if len(name) > _DEEPEST:
            raise FormatError(
                f"{self._tree} holds {one_line('/'.join(name), 200)}, {len(name) - 1} folders deep; expected "
                f"less than {_DEEPEST}; pack the folder with the results"
            )
        return name if name and not is_junk(name) else None

    def add(self, raw: str, file: _T) -> None:
        """Note a file.

        Args:
            raw: its name, see `name_of`.
            file: what is behind it.

        Raises:
            FormatError: as `name_of`; a name comes twice; there are too many files.
        """
        name = self.name_of(raw)
        if name is None:
            return
        if name in self.files:
            raise FormatError(
                f"{self._tree} holds {one_line('/'.join(name), 400)} twice; expected one file of each name, "
                "write it again"
            )
        if len(self.files) >= MOST_FILES:
            raise FormatError(
                f"{self._tree} holds more than {MOST_FILES:,} files; write the predictions as Parquet, or "
                "score them in parts"
            )
        if "/".join(name) != raw and not self.notes:
            self.notes = (
                f"{self._tree}: names such as {shown(raw, 100)} are read as {shown('/'.join(name), 100)}",
            )
        self.files[name] = file
