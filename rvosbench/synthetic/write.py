"""`rvos synth`: the name of a layout -> its writer, imported only when asked for."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Final

from rvosbench.errors import UnknownNameError
from rvosbench.registry import unknown
from rvosbench.synthetic.folders import Progress

LAYOUTS: Final = {
    "a2d": "rvosbench.synthetic.a2d",
    "jhmdb": "rvosbench.synthetic.jhmdb",
    "mevis": "rvosbench.synthetic.mevis",
    "refcoco": "rvosbench.synthetic.refcoco",
    "ytvos": "rvosbench.synthetic.ytvos",
}
"""Name, the same as in `rvosbench.registry.DATASETS` -> module whose `write` makes that layout."""


def write(
    name: str,
    root: Path,
    *,
    videos: int,
    seed: int,
    frames: int = 12,
    size: tuple[int, int] = (96, 128),
    on_progress: Progress | None = None,
) -> None:
    """Write a synthetic release in an official layout.

    Args:
        name: one of `LAYOUTS`.
        root: a folder that is new or empty; it appears when everything is written.
        videos: number of train videos (images, for refcoco; test videos, for jhmdb); held-out splits come
            on top.
        seed: any integer.
        frames: frames per video; refcoco has images and ignores it.
        size: height and width in px.
        on_progress: called with (videos done, videos in all).

    Raises:
        UnknownNameError: no layout of that name.
        OutputError: `root` is taken or cannot be written.
    """
    if name not in LAYOUTS:
        raise UnknownNameError(unknown("synthetic release", name, list(LAYOUTS)))
    writer = importlib.import_module(LAYOUTS[name])
    writer.write(root, videos, seed, frames=frames, size=size, on_progress=on_progress)
