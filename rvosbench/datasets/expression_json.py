"""`meta_expressions.json` and `meta.json` of Ref-YouTube-VOS and of everything that copies its layout.

```text
{"videos": {<video>: {"frames": ["00000", "00005", ...],
                      "expressions": {"0": {"exp": "a dog ...", "obj_id": "1"}, ...}}}}
```
`obj_id` is a string, and absent where the ground truth is hidden. MeViS has lists of numbers, which may be
empty (an expression without a target), and beside `obj_id`, which counts within a video, `anno_id`, which
names the masks. `meta.json` holds the categories:
`{"videos": {<video>: {"objects": {"1": {"category": "dog", ...}}}}}`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rvosbench.datasets.reading import (
    as_list,
    as_mapping,
    as_text,
    as_whole,
    member,
    read_json,
    safe_id,
)
from rvosbench.errors import DatasetError
from rvosbench.files.text import shown
from rvosbench.types import Expression


@dataclass(frozen=True, slots=True)
class VideoEntry:
    """What the file says about one video."""

    frame_names: tuple[str, ...]
    expressions: tuple[Expression, ...]


def read_expressions(path: Path, objects: str = "obj_id") -> dict[str, VideoEntry]:
    """All videos of a `meta_expressions.json`, sorted by id.

    Args:
        path: the file.
        objects: the field that says which objects an expression means: "obj_id" or "anno_id".

    Raises:
        MissingPathError: there is no such file.
        DatasetError: it is not JSON, has another shape, or holds an id that is not a safe file name.
    """
    content = as_mapping(read_json(path), str(path))
    videos = as_mapping(member(content, "videos", str(path)), f'{path}: the key "videos"')
    return {
        safe_id(video_id, f"{path}: a video id"): _video(
            video_id, entry, objects, f"{path}, video {video_id}"
        )
        for video_id, entry in sorted(videos.items())
    }


def objects_meant(expressions: Iterable[Expression]) -> set[int]:
    """The objects that any of the expressions means."""
    return {object_id for expression in expressions for object_id in expression.object_ids or ()}


def read_categories(path: Path) -> dict[str, dict[int, str | None]]:
    """The objects of a `meta.json`: video -> object id -> category, None where the file has none.

    Raises:
        MissingPathError: there is no such file.
        DatasetError: it is not JSON or has another shape.
    """
    content = as_mapping(read_json(path), str(path))
    categories = {}
    for video_id, entry in as_mapping(
        member(content, "videos", str(path)), f'{path}: the key "videos"'
    ).items():
        where = f"{path}, video {shown(video_id)}"
        objects = as_mapping(member(as_mapping(entry, where), "objects", where), f'{where}: "objects"')
        categories[video_id] = {
            as_whole(key, f"{where}: an object id"): _category(obj, f"{where}, object {shown(key)}")
            for key, obj in objects.items()
        }
    return categories


def _category(value: object, where: str) -> str | None:
    obj = as_mapping(value, where)
    return as_text(obj["category"], f"{where}: category") if "category" in obj else None


def _video(video_id: str, value: object, objects: str, where: str) -> VideoEntry:
    entry = as_mapping(value, where)
    names = tuple(
        safe_id(name, f"{where}: a frame name")
        for name in as_list(member(entry, "frames", where), f'{where}: "frames"')
    )
    if not names:
        raise DatasetError(f'{where}: "frames" is empty, expected at least one frame name')
    if len(set(names)) != len(names):
        raise DatasetError(f'{where}: "frames" names a frame twice')
    expressions = as_mapping(member(entry, "expressions", where), f'{where}: "expressions"')
    return VideoEntry(
        names,
        tuple(
            _expression(video_id, key, expression, objects, where) for key, expression in expressions.items()
        ),
    )


def _expression(video_id: str, key: str, value: object, objects: str, where: str) -> Expression:
    expression_id = safe_id(key, f"{where}: an expression id")
    where = f"{where}, expression {expression_id}"
    expression = as_mapping(value, where)
    object_ids = None
    if objects in expression:
        numbers = expression[objects] if isinstance(expression[objects], list) else [expression[objects]]
        object_ids = tuple(dict.fromkeys(as_whole(number, f'{where}: "{objects}"') for number in numbers))
    return Expression(
        video_id=video_id,
        expression_id=expression_id,
        text=as_text(member(expression, "exp", where), f'{where}: "exp"'),
        object_ids=object_ids,
    )
