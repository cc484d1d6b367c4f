"""How a release is recognised by what lies in its folder: a look at names, and at one small index at most."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rvosbench.datasets.reading import folder_names, read_json
from rvosbench.errors import RvosbenchError

_YOUTUBE_ID = re.compile(r"[0-9a-f]{10}")
_ANNOTATORS = 4


def any_file(folder: Path, names: Iterable[str]) -> bool:
    """Whether one of these files is there."""
    return any((folder / name).is_file() for name in names)


def any_folder(folder: Path, names: Iterable[str]) -> bool:
    """Whether one of these folders is there."""
    return any((folder / name).is_dir() for name in names)


def has_meta_expressions(release_dir: Path) -> bool:
    """Whether the expressions lie as in Ref-YouTube-VOS, which the usual conversion of Ref-DAVIS17 copies."""
    return any(_index(release_dir, split).is_file() for split in ("train", "valid", "test"))


def is_converted_davis(release_dir: Path) -> bool:
    """Whether it is certain that a folder with that layout holds Ref-DAVIS17.

    There every object has four expressions in a row, one of each annotator and reading; no video of
    Ref-YouTube-VOS is like that, and its valid file does not even say which objects are meant.
    """
    videos = _first_index(release_dir)
    alike = sum(_has_four_for_each_object(video) for video in videos)
    return 0 < len(videos) <= 2 * alike


def may_be_converted_davis(release_dir: Path) -> bool:
    """Whether Ref-DAVIS17 can be read from a folder with that layout: all of it is annotated."""
    if is_converted_davis(release_dir):
        return True
    if _index(release_dir, "test").is_file():
        return False
    splits = [split for split in ("train", "valid") if _index(release_dir, split).is_file()]
    return all(
        (release_dir / split / "Annotations").is_dir()
        and not any(map(_YOUTUBE_ID.fullmatch, folder_names(release_dir / split / "JPEGImages")))
        for split in splits
    )


def _index(release_dir: Path, split: str) -> Path:
    return release_dir / "meta_expressions" / split / "meta_expressions.json"


def _first_index(release_dir: Path) -> list[Any]:
    """What the smaller of the two indexes says about its videos; nothing where it cannot be read."""
    for split in ("valid", "train"):
        if _index(release_dir, split).is_file():
            try:
                content = read_json(_index(release_dir, split))
            except RvosbenchError:
                return []  # the reader says what is wrong with it
            videos = content.get("videos") if isinstance(content, Mapping) else None
            return list(videos.values()) if isinstance(videos, Mapping) else []
    return []


def _has_four_for_each_object(video: Any) -> bool:
    expressions = video.get("expressions") if isinstance(video, Mapping) else None
    if not isinstance(expressions, Mapping) or not expressions or len(expressions) % _ANNOTATORS:
        return False
    meant = [
        str(expression["obj_id"])
        for key in map(str, range(len(expressions)))
        if isinstance(expression := expressions.get(key), Mapping) and "obj_id" in expression
    ]
    groups = [set(meant[first : first + _ANNOTATORS]) for first in range(0, len(meant), _ANNOTATORS)]
    return len(meant) == len(expressions) and all(len(group) == 1 for group in groups)
