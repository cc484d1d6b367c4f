"""Image files into pixels: JPEG and PNG, with limits, without surprises.

Nothing is resized and no EXIF orientation is applied: masks are drawn on the pixels as stored.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.files.foreign import file_is, what_it_is
from rvosbench.files.text import one_line
from rvosbench.media.orientation import orientation

RgbImage = NDArray[np.uint8]
"""(H, W, 3) uint8 RGB."""

MAX_PIXELS = 64 * 1024 * 1024
"""Larger images are refused before they are decoded: the largest official frame has 2 megapixels."""


def decode_image(data: bytes, name: str) -> RgbImage:
    """The pixels of a JPEG or PNG file. EXIF orientation is not applied: masks are drawn without it.

    Args:
        data: the whole file.
        name: what to call it in errors.

    Raises:
        DatasetError: the data are truncated, of another format, or larger than `MAX_PIXELS`.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise DatasetError(f"{name} claims to be {width}x{height} px, more than {MAX_PIXELS} in all")
            # OpenCV decodes JPEG nearly twice as fast but pads a truncated file with grey; a file that
            # ends with the end marker is whole, of any other Pillow is the judge.
            if image.format == "JPEG" and data.endswith(b"\xff\xd9") and image.mode in ("RGB", "L"):
                flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
                pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
                if pixels is not None:
                    return np.asarray(pixels, np.uint8)
            if image.mode.startswith("I"):  # 16 bits of grey, which Pillow would clip to white
                grey = (np.asarray(image) >> 8).astype(np.uint8)
                return np.repeat(grey[..., None], 3, axis=2)
            # A palette's transparency is no colour, and Pillow warns when it is dropped unasked.
            image.info.pop("transparency", None)
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, DatasetError):
            raise
        kinds = ("a JPEG", "a PNG")
        what = what_it_is(data)
        detail = one_line(error) if what is None or what in kinds else f"it is {what}"
        raise DatasetError(
            f"{name} cannot be decoded as JPEG or PNG ({detail}); fetch or extract the file again"
        ) from error


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What an image file says about itself."""

    height: int  # px as stored
    width: int  # px as stored
    orientation: int  # of EXIF, from 1 to 8; 1 is upright


def image_size(path: Path) -> tuple[int, int]:
    """(height, width) px of an image file, from its header; as `image_header`."""
    header = image_header(path)
    return header.height, header.width


def image_header(path: Path) -> ImageHeader:
    """The size of an image file, and how it asks to be shown.

    Raises:
        MissingPathError: there is no such file.
        DatasetError: it is not a JPEG or PNG file.
    """
    try:
        with Image.open(path, formats=("JPEG", "PNG")) as image:
            width, height = image.size
            turn = orientation(image)
    except FileNotFoundError:
        raise MissingPathError(f"{path} is missing; expected a JPEG or PNG frame") from None
    except Image.DecompressionBombError:
        raise DatasetError(
            f"{path} claims to have more than {MAX_PIXELS} pixels; fetch or extract it again"
        ) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        what = file_is(path, expected=("a JPEG", "a PNG"))
        raise DatasetError(f"{path} is not a JPEG or PNG file{what}; fetch or extract it again") from error
    return ImageHeader(height, width, turn)
