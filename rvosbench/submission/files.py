"""The pictures of predictions, sorted by video, and the layouts that they come in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from rvosbench.errors import ScoreError
from rvosbench.files.text import one_line
from rvosbench.submission.trees import Name

Unit = Literal["expression", "object", "annotator"]
"""What predictions answer."""

LAYOUTS: Mapping[Unit, str] = {
    "expression": "<video>/<expression>/<frame>.png (expressions)",
    "object": "<sequence>/<frame>.png or <sequence>/<object>/<frame>.png (objects)",
    "annotator": "anno_0/<sequence>/<frame>.png (annotators) or <video>/<expression>/<frame>.png "
    "(expressions)",
}
ANNOTATOR = re.compile(r"anno_\d+")

Files = Mapping[str, Mapping[tuple[str, ...], Name]]
"""Video (or annotator) -> (expression, frame), (sequence, frame), (object, frame) or (frame,) -> its name."""


def fits(inner: Name, unit: Unit) -> bool:
    """Whether the name of a file, without the folders around the results, has the form of a layout."""
    if unit == "object" and len(inner) == 2:
        return True
    return len(inner) == 3 and (unit != "object" or inner[1].isdecimal())


def video_of(inner: Name, unit: Unit) -> str:
    """The video that a file is about."""
    return inner[1] if unit == "annotator" and ANNOTATOR.fullmatch(inner[0]) else inner[0]


def by_video(names: Sequence[Name], root: Name, shown: str, unit: Unit) -> Files:
    """The pictures of each video (of each annotator), without the folders around them and the suffix.

    Args:
        names: of the pictures, each of which fits the layout.
        root: the folders around the results.
        shown: what messages call the whole.
        unit: what is answered.

    Raises:
        ScoreError: two files are of one frame, or a sequence has label maps beside folders of objects.
    """
    files: dict[str, dict[tuple[str, ...], Name]] = {}
    for name in names:
        inner = name[len(root) :]
        key = (*inner[1:-1], inner[-1].rpartition(".")[0])
        of_video = files.setdefault(inner[0], {})
        if key in of_video:
            raise ScoreError(
                f"{shown} holds {path_of(of_video[key])} and {path_of(name)}, two files of one frame; "
                "remove the one that is wrong"
            )
        of_video[key] = name
    if unit == "object":
        for video_id, of_video in files.items():
            if len({len(key) for key in of_video}) > 1:
                raise ScoreError(
                    f"{shown} holds both label maps and folders of objects for {one_line(video_id, 200)}; "
                    f"expected one of {LAYOUTS[unit]}"
                )
    return files


def path_of(name: Name) -> str:
    """A name as messages show it."""
    return one_line("/".join(name), 400)
