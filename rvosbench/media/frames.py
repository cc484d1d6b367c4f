"""Where a stored video's pixels come from: image files, an mp4, or packed bytes.

Every reader answers `read(indices)` with (n, H, W, 3) uint8 RGB and refuses a frame whose size is not
the one that the video declares. Nothing is resized here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.files.scoped import Closing
from rvosbench.media.images import RgbImage, decode_image
from rvosbench.media.video import VideoFile
from rvosbench.types import Video


class FrameReader(Protocol):
    """Random access to the frames of one video. Not thread-safe; open one per worker."""

    def read(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        """Frames at the given positions, in the given order.

        Args:
            indices: 0-based positions in `Video.frames`; repetitions are allowed.

        Returns:
            (len(indices), H, W, 3) uint8 RGB.

        Raises:
            MissingPathError: a file is gone.
            DatasetError: a frame cannot be decoded, or has another size than the video.
        """
        ...

    def close(self) -> None:
        """Let go of open files."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def open_frames(video: Video, release: Path | None) -> FrameReader:
    """A reader for the frames of a stored video.

    Args:
        video: as read from a store.
        release: the folder that `Frame.path` is relative to; not needed when the pixels are packed.

    Raises:
        MissingPathError: frames are stored by reference and `release` is not there.
        DatasetError: a path leaves the release folder.
    """
    if all(frame.encoded is not None for frame in video.frames):
        return _ImageFrames(video, Path())
    if release is None or not release.is_dir():
        raise MissingPathError(
            f"the frames of {video.video_id} are stored by reference and the release folder {release} is "
            "not there; mount it, or name the folder with --release"
        )
    if video.frames and video.frames[0].pts_s is not None:
        return _Mp4Frames(video, release)
    return _ImageFrames(video, release)


def inside(release: Path, relative: str) -> Path:
    """`release / relative`, refused when it would leave the release folder.

    Symbolic links are followed: people link image folders from other disks.

    Raises:
        DatasetError: an absolute path, `..`, or a NUL.
    """
    pure = PurePosixPath(relative)
    if pure.is_absolute() or ".." in pure.parts or "\0" in relative or "\\" in relative or not pure.parts:
        raise DatasetError(
            f"the path {relative!r} leaves the release folder {release}; expected a path in it"
        )
    return release / pure


class _ImageFrames(Closing):
    """Frames that are image files, by reference or packed."""

    def __init__(self, video: Video, release: Path) -> None:
        self._video = video
        self._release = release

    def read(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        decoded = {index: self._read_one(index) for index in set(indices)}
        return _stack([decoded[index] for index in indices], self._video)

    def _read_one(self, index: int) -> RgbImage:
        frame = self._video.frames[index]
        name = f"frame {frame.name} of {self._video.video_id}"
        if frame.encoded is not None:
            data = frame.encoded
        elif frame.path is not None:
            path = inside(self._release, frame.path)
            name = str(path)
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                raise MissingPathError(
                    f"{path} is missing; the store refers to it, expected a {self._video.height}x"
                    f"{self._video.width} frame; restore the release or name it with --release"
                ) from None
            except OSError as error:
                raise DatasetError(
                    f"{path} cannot be read ({error.strerror or error}); expected a {self._video.height}x"
                    f"{self._video.width} frame"
                ) from error
        else:
            raise DatasetError(f"{name} has neither a path nor packed bytes; prepare the store again")
        return _checked(decode_image(data, name), self._video, name)

    def close(self) -> None:
        """Every file is closed as soon as it is read."""


class _Mp4Frames(Closing):
    """Frames of one mp4, found by presentation time: exact for any frame rate and edit list."""

    def __init__(self, video: Video, release: Path) -> None:
        self._video = video
        paths = {frame.path for frame in video.frames}
        if len(paths) != 1 or None in paths:
            raise DatasetError(f"the frames of {video.video_id} lie in {len(paths)} files, expected one mp4")
        self._path = inside(release, str(paths.pop()))
        self._file = VideoFile(self._path)

    def read(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        decoded: dict[int, RgbImage] = {}
        for index in sorted(set(indices)):
            pts_s = self._video.frames[index].pts_s
            if pts_s is None:
                raise DatasetError(f"frame {index} of {self._video.video_id} has no presentation time")
            name = f"{self._path}, frame {index} at {pts_s:.3f} s"
            decoded[index] = _checked(self._file.at(pts_s), self._video, name)
        return _stack([decoded[index] for index in indices], self._video)

    def close(self) -> None:
        self._file.close()


def _checked(image: RgbImage, video: Video, name: str) -> RgbImage:
    if image.shape[:2] != (video.height, video.width):
        raise DatasetError(
            f"{name} is {image.shape[0]}x{image.shape[1]} px (height x width), its video {video.video_id} is "
            f"{video.height}x{video.width}; restore the original release"
        )
    return image


def _stack(images: list[RgbImage], video: Video) -> NDArray[np.uint8]:
    frames = np.empty((len(images), video.height, video.width, 3), np.uint8)
    for frame, image in zip(frames, images, strict=True):
        frame[...] = image
    return frames
