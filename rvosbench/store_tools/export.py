"""`export`: a store back into a layout that other tools read.

| format | layout | prepared again by |
|---|---|---|
| `png` | Ref-YouTube-VOS: palette PNG per frame | `ytvos` |
| `mask-dict` | MeViS: run lengths per object | `mevis` |
| `coco` | one COCO json per split, an image per frame | pycocotools and its kin |

What a layout cannot say is never dropped in silence: where it would change the ground truth the export is
refused, where it is lost without that, a note says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rvosbench.datasets.reading import safe_id
from rvosbench.errors import UnknownNameError
from rvosbench.files.atomic import atomic_folder
from rvosbench.plugins.registry import unknown
from rvosbench.store import Store
from rvosbench.store_tools.export_coco import CocoLayout
from rvosbench.store_tools.export_mask_dict import MaskDictLayout
from rvosbench.store_tools.export_png import PngLayout
from rvosbench.store_tools.exported_frames import FrameFiles, Pixels
from rvosbench.types import Video


class Layout(Protocol):
    """Writes one layout, video by video."""

    def __init__(
        self, folder: Path, store: Store, splits: Sequence[str], frames: FrameFiles, opened: ExitStack
    ) -> None: ...

    def add(self, video: Video) -> None:
        """Write one video."""
        ...

    def close(self) -> list[str]:
        """Complete the files; what was lost, one sentence each."""
        ...


FORMATS: Mapping[str, type[Layout]] = {"png": PngLayout, "mask-dict": MaskDictLayout, "coco": CocoLayout}


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    """What `export` made."""

    folder: Path
    videos: int
    notes: tuple[str, ...]  # what the layout does not carry


def export(
    store: Store,
    layout: str,
    out: Path,
    *,
    splits: Sequence[str] | None = None,
    pixels: Pixels = "copy",
    on_progress: Callable[[int, int], None] | None = None,
) -> Exported:
    """Write a store in another layout: a complete folder, or none.

    Args:
        store: the store.
        layout: a key of `FORMATS`.
        out: a folder that is new or empty.
        splits: the splits to take; all by default.
        pixels: what becomes of the frames: "copy", "link" or "none".
        on_progress: called with (videos done, videos in all).

    Raises:
        UnknownNameError: no such format or split.
        MissingPathError: a frame is not there.
        DatasetError: an id cannot be a file name, or the layout cannot say what the store says.
        OutputError: `out` is taken or cannot be written.
    """
    if layout not in FORMATS:
        raise UnknownNameError(unknown("export format", layout, list(FORMATS)))
    chosen = list(store.splits) if splits is None else list(dict.fromkeys(splits))
    for split in chosen:
        if split not in store.splits:
            raise UnknownNameError(unknown(f"split of {store.folder}", split, list(store.splits)))
        safe_id(split, f"a split of {store.folder}")
    videos = [(split, video_id) for split in chosen for video_id in store.video_ids(split)]
    with atomic_folder(out.resolve(), durable=False) as folder, ExitStack() as opened:
        writer = FORMATS[layout](folder, store, chosen, FrameFiles(store.release, pixels), opened)
        for done, (split, video_id) in enumerate(videos, start=1):
            safe_id(video_id, f"a video id of {store.folder}")
            writer.add(store.video(split, video_id))
            if on_progress is not None:
                on_progress(done, len(videos))
        notes = writer.close()
    return Exported(folder=out, videos=len(videos), notes=tuple(notes))
