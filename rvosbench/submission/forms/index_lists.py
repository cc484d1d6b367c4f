"""What the numbers in COCO and YouTube-VIS results mean: the lists of the annotation file beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from rvosbench.errors import ScoreError
from rvosbench.files.text import shown

LISTS = ("videos", "images", "categories")
"""The keys of an annotation file that give meaning to numbers."""


@dataclass(slots=True)
class IndexLists:
    """The lists of any number of annotation files, merged."""

    videos: dict[int | str, str] = field(default_factory=dict)  # id -> name
    images: dict[int | str, Mapping[str, Any]] = field(default_factory=dict)  # id -> its entry
    categories: dict[int | str, str] = field(default_factory=dict)  # id -> name

    def add(self, kind: str, entries: object, where: str) -> None:
        """Take one of `LISTS`.

        Raises:
            ScoreError: an entry is no object with an id, or an id has two meanings.
        """
        if not isinstance(entries, list):
            raise ScoreError(f'{where} has "{kind}" {shown(entries)}; expected a list of objects with ids')
        for entry in entries:
            if not isinstance(entry, dict) or not isinstance(entry.get("id"), int | str):
                raise ScoreError(f'{where} has {shown(entry)} in "{kind}"; expected objects with an id')
            if kind == "images":
                self._keep(self.images, entry["id"], entry, where)
            else:
                name = _name(entry)
                if name is not None:
                    self._keep(self.videos if kind == "videos" else self.categories, entry["id"], name, where)

    def _keep(self, known: dict[int | str, Any], number: int | str, meaning: object, where: str) -> None:
        if known.setdefault(number, meaning) != meaning:
            raise ScoreError(f"{where} lists the id {shown(number)} twice, with two meanings")


def _name(entry: Mapping[str, Any]) -> str | None:
    """The name of a video or a category: said, or the folder that its frames lie in."""
    for key in ("name", "video_name", "noun_phrase"):
        if isinstance(entry.get(key), str):
            return str(entry[key])
    files = entry.get("file_names")
    if isinstance(files, list) and files and all(isinstance(file, str) for file in files):
        folders = {PurePosixPath(file).parent.name for file in files}
        if len(folders) == 1:
            return folders.pop() or None
    return None
