"""Masks saved as JPEG: refused by name, or cut at a threshold where that was asked for."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.files.text import one_line
from rvosbench.media.images import MAX_PIXELS

JPEG = (".jpg", ".jpeg")
_ORIENTATION = 0x112  # an EXIF tag; 1: as it is stored


def read_mask(data: bytes, name: str, threshold: int | None) -> tuple[NDArray[np.bool_], bool]:
    """The mask of a picture that holds one, and whether grey values were cut at the threshold."""
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(data, name, threshold), True
    return masks.read_mask(data, name, threshold=threshold)


def no_jpeg(name: str) -> ScoreError:
    """JPEG is refused: its values are not those that were written."""
    return ScoreError(
        f"{name} is a JPEG, which cannot hold a mask: it changes values; write PNG, or cut grey masks, one "
        "per expression, with --threshold 128"
    )


def _jpeg(data: bytes, name: str, threshold: int | None) -> NDArray[np.bool_]:
    if threshold is None:
        raise no_jpeg(name)
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise ScoreError(f"{name} claims to be {width}x{height} px, more than {MAX_PIXELS} in all")
            if image.getexif().get(_ORIENTATION, 1) != 1:
                raise ScoreError(
                    f"{name} is to be turned when it is shown (EXIF orientation "
                    f"{image.getexif()[_ORIENTATION]}); write the masks as the frames are stored, without it"
                )
            grey: NDArray[np.uint8] = np.asarray(image.convert("L"))
            return grey >= threshold
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        if isinstance(error, ScoreError):
            raise
        raise ScoreError(
            f"{name} cannot be decoded as a JPEG ({one_line(error)}); write the masks again, as PNG"
        ) from error
