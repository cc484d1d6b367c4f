"""The frames of a stored video as image files: never encoded again when they are image files already."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

from rvosbench.datasets.reading import safe_id
from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.media.frames import inside, open_frames
from rvosbench.store_tools.preview import as_png
from rvosbench.types import Frame, Video

Pixels = Literal["copy", "link", "none"]
_SUFFIXES = (".jpg", ".jpeg", ".png")


class FrameFiles:
    """Writes frames under their official names.

    Image files are copied byte by byte or linked to; packed ones are written as they are; frames of an
    mp4 become PNG files, which lose nothing.
    """

    def __init__(self, release: Path, pixels: Pixels) -> None:
        """Choose how.

        Args:
            release: the folder that frame paths are relative to.
            pixels: "copy", "link" (symbolic links, where there is a file to link to) or "none".
        """
        self._release = release
        self._pixels = pixels

    def write(self, video: Video, folder: Path, indices: Sequence[int]) -> list[str]:
        """Write some frames of a video; the file names, in order.

        Raises:
            MissingPathError: a frame, or the release, is not there.
            DatasetError: a frame name is no safe file name, or a frame cannot be decoded.
        """
        where = f"a frame name of {video.video_id}"
        names = [
            safe_id(video.frames[n].name, where) + _suffix(video.frames[n], video.video_id) for n in indices
        ]
        if len(set(names)) != len(names):
            raise DatasetError(f"{video.video_id} has two frames of one name; expected a name for each frame")
        if self._pixels == "none":
            return names
        folder.mkdir(parents=True, exist_ok=True)
        decoded = [
            n for n in indices if video.frames[n].encoded is None and video.frames[n].pts_s is not None
        ]
        if decoded:
            self._decode(video, folder, dict(zip(indices, names, strict=True)), decoded)
        for index, name in zip(indices, names, strict=True):
            frame = video.frames[index]
            if frame.encoded is not None:
                (folder / name).write_bytes(frame.encoded)
            elif frame.pts_s is None:
                self._take(frame, video, folder / name)
        return names

    def _take(self, frame: Frame, video: Video, target: Path) -> None:
        source = inside(self._release, str(frame.path))
        if not source.is_file():
            raise MissingPathError(
                f"{source} is missing; frame {frame.name} of {video.video_id} refers to it, restore the "
                "release or name it with --release"
            )
        if self._pixels == "link":
            target.symlink_to(source.resolve())
        else:
            shutil.copyfile(source, target)

    def _decode(self, video: Video, folder: Path, names: dict[int, str], indices: Sequence[int]) -> None:
        with open_frames(video, self._release) as reader:
            for index in indices:
                pixels = reader.read([index])[0]
                (folder / names[index]).write_bytes(as_png(pixels))


def _suffix(frame: Frame, video_id: str) -> str:
    if frame.encoded is not None:
        return ".png" if frame.encoded[:4] == b"\x89PNG" else ".jpg"
    if frame.pts_s is not None:
        return ".png"
    suffix = PurePosixPath(frame.path or "").suffix
    if suffix.lower() not in _SUFFIXES:
        raise DatasetError(
            f"frame {frame.name} of {video_id} is {frame.path!a}, expected a {', '.join(_SUFFIXES)} file"
        )
    return suffix
