"""Somebody's own video, frame by frame: a video file, or a folder of images.

Unlike `rvosbench.media.frames`, which reads what a store refers to, nothing is known about this input.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.files.image_names import IMAGE_SUFFIXES, images_by_name
from rvosbench.media.images import RgbImage, decode_image
from rvosbench.media.orientation import TURNS, orientation_in
from rvosbench.media.video import VideoFile

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SourceFrame:
    """One frame as it is to be shown."""

    name: str  # the image's name without its suffix, or the position as five digits
    time_s: float
    pixels: RgbImage  # (H, W, 3) uint8


class FrameSource:
    """All frames of one source, once, in order, one at a time in memory.

    Attributes:
        fps: frames per second.
        frames: how many there are, as far as it is known before reading them.
    """

    def __init__(self, source: Path, *, folder_fps: float) -> None:
        """Look at the source without decoding it.

        Args:
            source: a video file, or a folder of JPEG or PNG files in the order of the numbers in
                their names.
            folder_fps: frames per second of a folder, which does not say.

        Raises:
            MissingPathError: there is no such file or folder.
            DatasetError: no video stream, a folder without images, or with two of one name.
        """
        self.source = source
        self._images: list[Path] = []
        self._file: VideoFile | None = None
        self.frames: int | None
        try:
            is_folder, is_there = source.is_dir(), source.exists()
        except OSError as error:  # such as a name that is too long
            raise MissingPathError(f"{source} cannot be looked at ({error.strerror})") from error
        if is_folder:
            names = (path.name for path in source.iterdir() if not path.name.startswith("."))
            images = images_by_name(names, source).values()
            self._images = sorted((source / name for name in images), key=_by_number)
            if not self._images:
                raise DatasetError(
                    f"{source} holds no image; expected frames as {', '.join(IMAGE_SUFFIXES)} directly in it"
                )
            self.fps, self.frames = folder_fps, len(self._images)
        elif is_there:
            # FFmpeg takes what stands before a colon for a protocol, unless the path is absolute.
            self._file = VideoFile(source.absolute() if ":" in str(source) else source)
            # 25 is a guess for raw streams that carry no rate; their frames carry no time either.
            self.fps, self.frames = self._file.fps or 25.0, self._file.frames_declared
        else:
            raise MissingPathError(f"{source} is missing; expected a video file or a folder of frames")

    def __iter__(self) -> Iterator[SourceFrame]:
        """The frames.

        Raises:
            DatasetError: a frame cannot be decoded, frames differ in size, or there are none.
        """
        size: tuple[int, ...] | None = None
        for shot in self._from_file(self._file) if self._file is not None else self._from_folder():
            if size is not None and shot.pixels.shape[:2] != size:
                raise DatasetError(
                    f"frame {shot.name} of {self.source} is {shot.pixels.shape[0]}x{shot.pixels.shape[1]}, "
                    f"the first is {size[0]}x{size[1]} px (height x width); expected frames of one size"
                )
            size = shot.pixels.shape[:2]
            yield shot
        if size is None:
            raise DatasetError(f"{self.source} has zero frames; expected a video with at least one")

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def _from_file(self, file: VideoFile) -> Iterator[SourceFrame]:
        start_s: float | None = None
        for position, (time_s, pixels) in enumerate(file.play()):
            if start_s is None:
                start_s = time_s
            elapsed_s = position / self.fps if time_s is None or start_s is None else time_s - start_s
            yield SourceFrame(f"{position:05d}", elapsed_s, pixels)

    def _from_folder(self) -> Iterator[SourceFrame]:
        said = False
        for position, path in enumerate(self._images):
            try:
                data = path.read_bytes()
            except OSError as error:
                raise DatasetError(f"{path} cannot be read ({error.strerror}); expected an image") from error
            if not said and (turn := orientation_in(data)) != 1:
                said = True
                _log.warning(
                    "%s asks by EXIF to be shown %s; it is shown as stored, turn the pixels of such frames "
                    "first",
                    path,
                    TURNS[turn],
                )
            yield SourceFrame(path.stem, position / self.fps, decode_image(data, str(path)))


def _by_number(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Sorts 2.png before 10.png."""
    parts = re.findall(r"[0-9]+|[^0-9]+", path.stem)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], path.name
