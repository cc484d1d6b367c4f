"""PNG files in folders and zips, sorted by video."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, Protocol

from rvosbench.errors import FormatError, ScoreError
from rvosbench.media.images import MAX_PIXELS

Unit = Literal["expression", "object", "annotator"]
"""What predictions answer."""

_TOPS = ("Annotations", "valid")  # what servers and the inference scripts of the field call the first folder
_DEEPEST = 3  # folders above a file: top, video, expression
LAYOUTS: Mapping[Unit, str] = {
    "expression": "<video>/<expression>/<frame>.png (expressions)",
    "object": "<sequence>/<frame>.png (objects)",
    "annotator": "anno_0/<sequence>/<frame>.png (annotators) or <video>/<expression>/<frame>.png "
    "(expressions)",
}


class Tree(Protocol):
    """Files by their path parts."""

    def names(self) -> Iterable[tuple[str, ...]]:
        """The path parts of every file, in any order."""
        ...

    def bytes_of(self, name: tuple[str, ...]) -> tuple[bytes, str]:
        """A file's content, and what to call it in an error."""
        ...


class Folder:
    """A folder; links are followed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self) -> Iterator[tuple[str, ...]]:
        """See `Tree`."""
        for folder, folders, files in os.walk(self._root, followlinks=True):
            above = Path(folder).relative_to(self._root).parts
            if len(above) > _DEEPEST:
                folders.clear()  # no layout goes there; a link to a folder above would go on for ever
            for file in files:
                yield (*above, file)

    def bytes_of(self, name: tuple[str, ...]) -> tuple[bytes, str]:
        """See `Tree`."""
        path = self._root.joinpath(*name)
        return path.read_bytes(), str(path)


class Zip:
    """A zip archive, read in place; nothing is extracted, so its paths lead nowhere."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise FormatError(
                f"{path} cannot be read as a zip archive ({error}); expected PNG folders, a zip or Parquet"
            ) from error
        self._entries = {
            tuple(info.filename.split("/")): info for info in self._archive.infolist() if not info.is_dir()
        }

    def names(self) -> Iterable[tuple[str, ...]]:
        """See `Tree`."""
        return self._entries

    def bytes_of(self, name: tuple[str, ...]) -> tuple[bytes, str]:
        """See `Tree`.

        Raises:
            FormatError: it cannot be unpacked.
            ScoreError: it claims to be too large for a mask.
        """
        info = self._entries[name]
        shown = f"{self._path}:{info.filename}"
        if info.file_size > MAX_PIXELS:
            raise ScoreError(f"{shown} claims to unpack to {info.file_size} bytes; expected a mask PNG")
        try:
            return self._archive.read(info), shown
        except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
            raise FormatError(f"{shown} cannot be unpacked ({error}); write the archive again") from error


Files = Mapping[str, Mapping[tuple[str, ...], tuple[str, ...]]]
"""Video -> (expression, frame) or (frame,) -> path parts."""


def by_video(names: Iterable[tuple[str, ...]], root: Path, unit: Unit) -> Files:
    """The PNG files of each video (of each annotator), without the top folder and the suffix."""
    found = [
        name
        for name in names
        if name[-1].lower().endswith(".png") and not any(part.startswith((".", "__MACOSX")) for part in name)
    ]
    tops = {name[0] for name in found if len(name) > 1}
    top = len(tops) == 1 and next(iter(tops)) in _TOPS
    files: dict[str, dict[tuple[str, ...], tuple[str, ...]]] = {}
    for name in found:
        inner = name[1:] if top else name
        if len(inner) != (2 if unit == "object" else 3):
            raise ScoreError(
                f"{root} holds {'/'.join(name)}, expected {LAYOUTS[unit]}; choose the protocol that fits "
                "(rvos list protocols) or another folder"
            )
        files.setdefault(inner[0], {})[(*inner[1:-1], inner[-1][:-4])] = name
    if not files:
        raise ScoreError(f"{root} holds no PNG file; expected predictions as PNG folders, a zip or Parquet")
    return files
