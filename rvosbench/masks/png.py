"""Indexed and binary PNG files, in and out."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from rvosbench.errors import DatasetError
from rvosbench.files.foreign import it_is
from rvosbench.files.text import one_line
from rvosbench.media.images import MAX_PIXELS
from rvosbench.types import BoolMask


def decode_index_png(data: bytes, name: str) -> NDArray[np.uint8]:
    """The object ids of an annotation PNG.

    Palette files (mode P) hold ids as palette indices, grey files (L) as grey values, bilevel files
    (1) as 0 and 1. A file in colour is refused: it holds no ids.

    Args:
        data: the whole file.
        name: what to call it in errors.

    Returns:
        (H, W) uint8, 0 is background.

    Raises:
        DatasetError: the file is truncated, no PNG, too large or in colour.
    """
    check_png(data, name)
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            if image.mode not in ("P", "L", "1"):
                raise DatasetError(
                    f"{name} is a PNG in mode {image.mode}, expected a palette (P) or grey (L) image whose "
                    "values are object ids; re-export the annotation without colour conversion"
                )
            labels = np.array(image, dtype=np.uint8)
            # Pillow spreads grey levels of 2 and 4 bits over 0 to 255; ids are the levels themselves.
            bits = data[24]
            if image.mode == "L" and bits in (2, 4):
                labels //= 255 // (2**bits - 1)
            return labels
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(
            f"{name} cannot be decoded as PNG ({one_line(error)}); fetch or extract the file again"
        ) from error


def check_png(data: bytes, name: str) -> None:
    """Refuse decompression bombs by the header, and files that are cut off or altered by the checksums.

    Pillow decodes an altered file to altered object ids without a word: it skips the checksums of pixels.

    Args:
        data: the whole file.
        name: what to call it in errors.

    Raises:
        DatasetError: the data are no PNG, cut off, altered, or larger than `MAX_PIXELS`.
    """
    if len(data) < 33 or data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR":
        raise DatasetError(
            f"{name} holds {len(data)} bytes that are not a PNG file{it_is(data)}; fetch or extract the file "
            "again"
        )
    width, height = struct.unpack(">II", data[16:24])
    if width * height > MAX_PIXELS:
        raise DatasetError(f"{name} claims to be {width}x{height} px, more than {MAX_PIXELS} pixels in all")
    position, kind = 8, b""
    while kind != b"IEND":
        if position + 12 > len(data):
            raise DatasetError(
                f"{name} ends after {len(data)} bytes, before the end of the PNG; fetch or extract it again"
            )
        kind = data[position + 4 : position + 8]
        end = position + 8 + int.from_bytes(data[position : position + 4])
        # Upper case: needed to decode the image. Decoders agree to tolerate damage in the others.
        if kind[:1].isupper() and zlib.crc32(data[position + 4 : end]) != int.from_bytes(data[end : end + 4]):
            raise DatasetError(
                f"{name} is damaged: the checksum of a part at byte {position} is wrong; fetch it again"
            )
        position = end + 4


# The PASCAL VOC colours that DAVIS and YouTube-VOS use: the bits of the index, spread over R, G and B.
@cache
def _voc_palette() -> bytes:
    palette = []
    for index in range(256):
        red = green = blue = 0
        value = index
        for bit in range(7, -1, -1):
            red |= (value & 1) << bit
            green |= (value >> 1 & 1) << bit
            blue |= (value >> 2 & 1) << bit
            value >>= 3
        palette += [red, green, blue]
    return bytes(palette)


def encode_index_png(labels: NDArray[np.uint8]) -> bytes:
    """(H, W) uint8 object ids as the bytes of a palette PNG in the PASCAL VOC colours."""
    image = Image.fromarray(labels)
    image.putpalette(_voc_palette())
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def encode_binary_png(mask: BoolMask) -> bytes:
    """A mask as the bytes of a grey PNG with 0 and 255, as the public servers expect it."""
    buffer = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * np.uint8(255)).save(buffer, format="PNG")
    return buffer.getvalue()
