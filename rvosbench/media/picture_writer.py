"""Pixels into PNG files: one picture, or a folder of them that appears when it is complete.

`FrameFolderWriter` and `PictureWriter` are used as `rvosbench.media.video_writer.VideoWriter` is.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from rvosbench.errors import OutputError
from rvosbench.files.atomic import atomic_file, atomic_folder
from rvosbench.files.places import Content, unwritable, writing
from rvosbench.files.scoped import WholeOrNothing
from rvosbench.media.images import RgbImage

_MADE_BY = b"tEXtSoftware\x00rvosbench"
_HEAD_BYTES = 128  # the note of who made a picture comes first after the header
_COMPRESSION = 3  # 0 to 9; at 6 files are a tenth smaller and take twice the time


class PngFolder(WholeOrNothing):
    """A folder of PNG files, with folders in it or without, under a temporary name until `finish`."""

    def __init__(
        self, folder: Path, *, overwrite: bool, content: Content, subfolders: Sequence[str] = ()
    ) -> None:
        """Check the name and make the temporary folder.

        Args:
            folder: where the files shall be.
            overwrite: put it in the place of a folder that holds `content`.
            content: what was written by the same kind of run.
            subfolders: folders to make in it.

        Raises:
            OutputError: the name is taken, or nothing can be written there.
        """
        self.folder = folder
        # Not synchronised: there may be thousands of pictures, and they are easily made again.
        self._files = atomic_folder(
            folder, overwrite=overwrite, content=content, parents=False, durable=False
        )
        try:
            for name in subfolders:
                (self._files.partial / name).mkdir()
        except OSError as error:
            self.abandon()
            raise unwritable(self.folder, error) from error

    def write(self, name: str, data: bytes) -> None:
        """Add the file `name`, a path inside the folder.

        Raises:
            OutputError: the disk is full, or the name is too long.
        """
        with writing(self.folder):
            (self._files.partial / name).write_bytes(data)

    def finish(self) -> None:
        """Give the folder its final name.

        Raises:
            OutputError: something else has come under that name meanwhile, or the disk is full.
        """
        self._files.commit()

    def abandon(self) -> None:
        """Remove what was written."""
        self._files.abandon()


class FrameFolderWriter(PngFolder):
    """Writes every frame as `<folder>/<name>.png`. Leaving it by an exception leaves no folder."""

    codec = "png"

    def __init__(self, path: Path, *, replace: bool = False) -> None:
        """Check the name.

        Args:
            path: the folder.
            replace: put it in the place of a folder that this class wrote.

        Raises:
            OutputError: the name is taken, or nothing can be written there.
        """
        super().__init__(path, overwrite=replace, content=FRAMES)

    def add(self, pixels: RgbImage, time_s: float, name: str) -> None:
        """Append one frame, (H, W, 3) uint8 RGB; when it is shown is not kept.

        Raises:
            OutputError: the disk is full.
        """
        self.write(f"{name}.png", encode_frame(pixels))


class PictureWriter(WholeOrNothing):
    """Writes the only frame of a source as one PNG file."""

    codec = "png"

    def __init__(self, path: Path, *, replace: bool = False) -> None:
        """Check the name.

        Raises:
            OutputError: the name is taken, or nothing can be written there.
        """
        self.path = path
        self._file = atomic_file(path, overwrite=replace, parents=False)
        self._added = False

    def add(self, pixels: RgbImage, time_s: float, name: str) -> None:
        """Set the one frame, (H, W, 3) uint8 RGB; when it is shown and its name are not kept.

        Raises:
            OutputError: it is the second one, or the disk is full.
        """
        if self._added:
            raise too_many(self.path)
        self._added = True
        with writing(self.path):
            self._file.partial.write_bytes(encode_frame(pixels))

    def finish(self) -> None:
        """Give the picture its final name; without a frame there is none."""
        if self._added:
            self._file.commit()
        else:
            self._file.abandon()

    def abandon(self) -> None:
        """Remove what was written."""
        self._file.abandon()


def encode_frame(pixels: RgbImage) -> bytes:
    """A PNG file that says who made it, so that it may be overwritten later without asking twice."""
    note = PngInfo()
    note.add_text("Software", "rvosbench")
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", pnginfo=note, compress_level=_COMPRESSION)
    return buffer.getvalue()


def _holds_frames(folder: Path) -> bool:
    """Whether a folder holds nothing but frames that `FrameFolderWriter` wrote."""
    return all(path.suffix == ".png" and path.is_file() and _is_ours(path) for path in folder.iterdir())


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        return _MADE_BY in file.read(_HEAD_BYTES)


FRAMES = Content("frames of rvos segment", _holds_frames)
"""What a folder of frames may hold and still be overwritten."""


def too_many(path: Path) -> OutputError:
    """What to say when one picture was asked for and there are several frames."""
    return OutputError(
        f"{path} is one picture, and there is more than one frame; choose a folder, such as "
        f"{path.with_suffix('')}, or a video, such as {path.with_suffix('.mp4')}"
    )
