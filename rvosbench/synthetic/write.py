"""`rvos synth`: the name of a layout -> its writer, imported only when asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from rvosbench.errors import UnknownNameError
from rvosbench.files.atomic import atomic_folder
from rvosbench.plugins.registry import unknown
from rvosbench.synthetic.quirks import check_quirks, usual_quirks

LAYOUTS: Final = {
    "a2d": "rvosbench.synthetic.a2d",
    "davis": "rvosbench.synthetic.davis",
    "jhmdb": "rvosbench.synthetic.jhmdb",
    "mevis": "rvosbench.synthetic.mevis",
    "refcoco": "rvosbench.synthetic.refcoco",
    "refcoco+": "rvosbench.synthetic.refcoco",
    "refcocog": "rvosbench.synthetic.refcoco",
    "ytvos": "rvosbench.synthetic.ytvos",
}
"""Name, the same as in `rvosbench.plugins.registry.DATASETS` -> module whose `lay_out` makes that layout."""


def write(
    name: str,
    root: Path,
    *,
    videos: int,
    seed: int,
    frames: int = 12,
    size: tuple[int, int] = (96, 128),
    quirks: Collection[str] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write a synthetic release in an official layout.

    Args:
        name: one of `LAYOUTS`.
        root: a folder that is new or empty; it appears when everything is written.
        videos: number of train videos (images, for the three of refcoco; test videos, for jhmdb); held-out
            splits come on top.
        seed: any integer; the same one gives the same bytes, mp4 files perhaps excepted.
        frames: frames per video; images have one whatever this says.
        size: height and width in px; both even for a2d, whose videos are mp4.
        quirks: which of `rvosbench.synthetic.quirks.QUIRKS[name]` the release has; None for the usual ones.
        on_progress: called with (videos done, videos in all).

    Raises:
        UnknownNameError: no layout or quirk of that name.
        RvosbenchError: no videos, or frames of a size that the layout cannot hold.
        OutputError: `root` is taken or cannot be written.
    """
    if name not in LAYOUTS:
        raise UnknownNameError(unknown("synthetic release", name, list(LAYOUTS)))
    chosen = check_quirks(name, usual_quirks(name) if quirks is None else quirks)
    # Imported here: scenes need NumPy and OpenCV, and the list of layouts does not.
    from rvosbench.synthetic.litter import litter
    from rvosbench.synthetic.request import Request

    request = Request(
        name=name, videos=videos, seed=seed, frames=frames, size=size, quirks=chosen, on_progress=on_progress
    )
    layout = importlib.import_module(LAYOUTS[name])
    # Thousands of small files, quickly written again: not worth a wait for the disk.
    with atomic_folder(root.resolve(), durable=False) as folder:
        layout.lay_out(folder, request)
        if request.has("archive-dirt"):
            litter(folder)
