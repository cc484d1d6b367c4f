"""What `segment_video` may write: a video, a picture, a folder of pictures, and a folder of masks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from rvosbench import masks
from rvosbench.errors import OutputError
from rvosbench.files.places import Content, check_file, check_folder, unwritable
from rvosbench.media.frame_sources import FrameSource
from rvosbench.media.images import RgbImage
from rvosbench.media.picture_writer import FRAMES, FrameFolderWriter, PictureWriter, PngFolder, too_many
from rvosbench.media.video_writer import SUFFIXES, VideoWriter, check_video_name


def check_outputs(
    source: Path, out: Path, *, masks_dir: Path | None, folder_fps: float, replace: bool
) -> None:
    """Refuse a source that cannot be read, and names that are taken or cannot be written.

    Args:
        source: a video file, or a folder of frames.
        out: see `rvosbench.inference.segment`.
        masks_dir: a folder for masks.
        folder_fps: frames per second of a folder.
        replace: `out` and `masks_dir` may be replaced if they were written like this.

    Raises:
        MissingPathError: there is no such source.
        DatasetError: the source is no video.
        OutputError: naming the output.
    """
    with closing(FrameSource(source, folder_fps=folder_fps)) as frame_source:
        frames = frame_source.frames
    try:
        _check_apart(source, out, masks_dir)
        kind = _kind(out)
    except OutputError:
        raise
    except OSError as error:  # such as a name that is too long
        raise unwritable(out, error) from error
    if kind == "video":
        check_video_name(out, replace=replace)
    elif kind == "picture":
        check_file(out, overwrite=replace)
        if frames is not None and frames > 1:
            raise too_many(out)
    else:
        check_folder(out, overwrite=replace, content=FRAMES)
    if masks_dir is not None:
        check_folder(masks_dir, overwrite=replace, content=_MASKS)


def _check_apart(source: Path, out: Path, masks_dir: Path | None) -> None:
    """The source is never written over, and nothing is written into a folder that is moved in place later."""
    frame_source, picture = source.resolve(), out.resolve()
    if picture == frame_source or (picture.exists() and picture.samefile(frame_source)):
        raise OutputError(f"{out} is the source itself; choose another --out")
    if _kind(out) == "picture" and picture.parent == frame_source:
        raise OutputError(f"{out} would be one more frame of the source; choose another --out")
    if frame_source.is_relative_to(picture):
        raise OutputError(f"{out} holds the source {source}; choose another --out")
    if masks_dir is None:
        return
    masks_folder = masks_dir.resolve()
    if frame_source.is_relative_to(masks_folder):
        raise OutputError(f"{masks_dir} holds the source {source}; choose another folder for masks")
    if masks_folder.is_relative_to(picture) or picture.is_relative_to(masks_folder):
        raise OutputError(f"{out} and {masks_dir} lie in one another; choose two separate places")


class Writer(Protocol):
    """What shows the answers: a video, a folder of pictures, a picture."""

    codec: str

    def add(self, pixels: RgbImage, time_s: float, name: str) -> None:
        """Show a picture, (H, W, 3) uint8, from `time_s` on; `name` is a file's without its suffix."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def _kind(out: Path) -> Literal["video", "picture", "folder"]:
    """What a name stands for; see `rvosbench.inference.segment`."""
    suffix = out.suffix.lower()
    if suffix in SUFFIXES:
        return "video"
    if suffix == ".png":
        return "picture"
    if not suffix or out.is_dir():
        return "folder"
    raise OutputError(
        f"{out} has the suffix {suffix}; expected a name that ends in {', '.join(SUFFIXES)} or .png, or the "
        "name of a folder for frames, without a suffix"
    )


def writer_for(out: Path, *, fps: float, replace: bool) -> Writer:
    """What writes under the name `out`; a context manager that leaves nothing half-written."""
    kind = _kind(out)
    if kind == "video":
        return VideoWriter(out, fps=fps, replace=replace)
    return (PictureWriter if kind == "picture" else FrameFolderWriter)(out, replace=replace)


class MaskFolder(PngFolder):
    """One folder of PNG files per expression."""

    def __init__(self, folder: Path, expressions: Sequence[str], *, replace: bool) -> None:
        self._names = [f"{number}-{_slug(text)}" for number, text in enumerate(expressions, start=1)]
        super().__init__(folder, overwrite=replace, content=_MASKS, subfolders=self._names)

    def add(self, name: str, answers: NDArray[np.bool_]) -> None:
        """Write the masks of one frame, (expressions, H, W)."""
        for folder, mask in zip(self._names, answers, strict=True):
            self.write(f"{folder}/{name}.png", masks.encode_binary_png(mask))


def _holds_masks(folder: Path) -> bool:
    """Only a folder that looks like our own output may be removed."""
    return all(
        path.is_dir() and re.match(r"[0-9]+-", path.name) and all(p.suffix == ".png" for p in path.iterdir())
        for path in folder.iterdir()
    )


_MASKS = Content("masks of rvos segment", _holds_masks)


def _slug(text: str) -> str:
    """An expression as a safe file name: ASCII letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:40].strip("-") or "expression"
