"""`--pack`: a store that needs no release, because it holds the pixels itself.

Image files go into the tables byte by byte. An mp4 stays an mp4: encoding its frames again would lose
pixels, and as PNG files they take far more space; it lies in the store as a file.
"""

from __future__ import annotations

import io
import stat
from dataclasses import replace
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.files.foreign import it_is
from rvosbench.masks import check_png
from rvosbench.media.frames import inside
from rvosbench.media.images import decode_image
from rvosbench.types import Frame, Video

MAX_FILE_BYTES = 32 * 1024 * 1024
"""Of one frame; the largest official ones have 2 MB."""

MAX_VIDEO_BYTES = 1024 * 1024 * 1024
"""Of the frames of one video: a Parquet column holds 2 GB in one piece."""

_UNREADABLE = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    ValueError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def with_pixels(video: Video, release: Path) -> Video:
    """The video with the JPEG or PNG file of every frame in it.

    Frames of an mp4 are left as they are; see `media_files`.

    Args:
        video: as a release reads it.
        release: the folder that `Frame.path` is relative to.

    Raises:
        MissingPathError: an image file is not there.
        DatasetError: it is truncated, no JPEG or PNG, larger than `MAX_FILE_BYTES`, or of another size
            than the video; or a path leaves the release folder.
    """
    frames = []
    left = MAX_VIDEO_BYTES
    for frame in video.frames:
        if frame.path is None or frame.pts_s is not None:
            frames.append(frame)
            continue
        data = _image_file(inside(release, frame.path), video)
        left -= len(data)
        if left < 0:
            raise DatasetError(
                f"the frames of {video.split}/{video.video_id} have more than {MAX_VIDEO_BYTES} bytes in "
                "all, which one row group cannot hold; prepare without --pack"
            )
        frames.append(replace(frame, path=None, encoded=data))
    return replace(video, frames=tuple(frames))


def media_files(video: Video) -> tuple[str, ...]:
    """The video files that the frames lie in, relative to the release, each once."""
    return tuple(dict.fromkeys(frame.path for frame in video.frames if frame.path and _is_moving(frame)))


def _is_moving(frame: Frame) -> bool:
    return frame.pts_s is not None and frame.encoded is None


def _image_file(path: Path, video: Video) -> bytes:
    """The bytes of a whole image file of the right size."""
    data = _bounded(path)
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
            width, height = image.size
            kind = image.format
    except _UNREADABLE as error:
        raise DatasetError(
            f"{path} is not a JPEG or PNG file ({len(data)} bytes){it_is(data)}; fetch or extract it again"
        ) from error
    if (height, width) != (video.height, video.width):
        raise DatasetError(
            f"{path} is {height}x{width} px (height x width), its video {video.video_id} is "
            f"{video.height}x{video.width}; frames are never resized, fetch the original release"
        )
    if kind == "PNG":
        check_png(data, str(path))
    elif not data.endswith(b"\xff\xd9"):
        decode_image(data, str(path))  # cut off, or whole with something behind it: the decoder knows
    return data


def _bounded(path: Path) -> bytes:
    """The content of an ordinary file that is not too large."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DatasetError(f"{path} is no file; expected a JPEG or PNG frame, extract it again")
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise MissingPathError(f"{path} is missing; expected a JPEG or PNG frame") from None
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror}); expected a readable file") from error
    if len(data) > MAX_FILE_BYTES:
        raise DatasetError(f"{path} is larger than {MAX_FILE_BYTES} bytes; expected a JPEG or PNG frame")
    return data
