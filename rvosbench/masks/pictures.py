"""A PNG file as the numbers that it holds, before anybody decides what they mean.

What a viewer does is left out: colour profiles and gamma (iCCP, gAMA, sRGB, eXIf) change nothing. Levels
of 1, 2 and 4 bits are levels, not brightness spread over 0 to 255. Grey that is stored as colour (R = G = B)
is grey; 16 bits whose two bytes are equal everywhere are the 8 bits that they were made from. An alpha
channel must be opaque, or transparent exactly where the picture is black: then colour and transparency say
the same. Any other transparency hides pixels, and the file is refused.
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from rvosbench.files.text import one_line
from rvosbench.masks.inflate import inflate_pixels
from rvosbench.masks.palettes import packed
from rvosbench.masks.png import bare_png, check_pixels, png_chunks
from rvosbench.masks.roles import WORDS, Role

_MARKS: dict[str, int | tuple[int, ...]] = {
    "1": 255,
    "L": 0xA5,
    "P": 0xA5,
    "I;16": 0xA5A5,
    "LA": (0xA5, 0xA5),
    "RGB": (0xA5, 0xA5, 0xA5),
    "RGBA": (0xA5, 0xA5, 0xA5, 0xA5),
}
_GREY, _PALETTE, _GREY_ALPHA, _RGBA = 0, 3, 4, 6  # colour types of PNG


@dataclass(frozen=True, slots=True)
class GreyPicture:
    """Levels of grey."""

    levels: NDArray[Any]  # (H, W) uint8, or uint16 where `white` is 65535
    white: int  # the largest level of this depth: 1, 3, 15, 255 or 65535
    as_colour: bool = False  # stored as RGB


@dataclass(frozen=True, slots=True)
class PalettePicture:
    """Indices into a table of colours."""

    indices: NDArray[np.uint8]  # (H, W)
    table: NDArray[np.uint8]  # (N, 3) RGB, 1 <= N <= 256
    alpha: NDArray[np.uint8] | None  # (N,) 0 is invisible; None: all is opaque


@dataclass(frozen=True, slots=True)
class ColourPicture:
    """RGB, not all of it grey."""

    colours: NDArray[np.uint32]  # (H, W) 0xRRGGBB


Picture = GreyPicture | PalettePicture | ColourPicture


def read_picture(data: bytes, name: str, role: Role) -> Picture:
    """Decode a PNG file without interpreting it.

    Args:
        data: the whole file.
        name: what to call it in errors.
        role: who made it.

    Raises:
        DatasetError: the file is no PNG, damaged, too large, an animation, or transparent where it is not
            black (for a prediction, ScoreError).
    """
    chunks = png_chunks(data, name, role)
    words = WORDS[role]
    if int.from_bytes(chunks.get(b"acTL", b"\0\0\0\1")[:4]) != 1:
        raise words.error(f"{name} is an animation, expected one picture; {words.mask}")
    bits, kind = data[24], data[25]
    try:
        pixels = inflate_pixels(chunks[b"IHDR"], chunks.get(b"IDAT", b""))
        if pixels is None:
            pixels = _decoded(data, bits)
        if bits == 16 and kind != _GREY:
            pixels = _wide_colours(data, pixels)
    except (
        UnidentifiedImageError,
        OSError,
        SyntaxError,
        ValueError,
        KeyError,
        zlib.error,
        cv2.error,
    ) as error:
        raise words.error(f"{name} cannot be decoded as PNG ({one_line(error)}); {words.again}") from error
    key = chunks.get(b"tRNS", b"")
    if kind == _PALETTE:
        colours = chunks.get(b"PLTE", b"")
        if not colours or len(colours) % 3:
            raise words.error(f"{name} is a palette PNG without a whole palette; {words.again}")
        table = np.frombuffer(colours, np.uint8).reshape(-1, 3)
        alpha = np.frombuffer(key.ljust(len(table), b"\xff"), np.uint8)[: len(table)] if key else None
        return PalettePicture(pixels, table, alpha)
    if kind in (_GREY_ALPHA, _RGBA):
        hidden = _hidden(pixels[..., -1], pixels[..., :-1], 2**bits - 1)
        pixels = pixels[..., :-1]
    else:
        hidden = _hides(key, pixels)
    if hidden:
        raise words.error(
            f"{name} is partly transparent, and what is hidden is not the black of the background; "
            f"{words.mask}"
        )
    return _plain(pixels, bits, name, role)


def _decoded(data: bytes, bits: int) -> NDArray[Any]:
    """(H, W) or (H, W, C) samples; of 16 bits of colour the high bytes."""
    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        # Where the pixels of a file end early, Pillow leaves the others black without a word. So the last
        # one is marked before, and only if the mark is still there, the pixels are counted.
        corner, mark = (image.width - 1, image.height - 1), _MARKS[image.mode]
        ImageFile.ImageFile.load_prepare(image)
        image.im.putpixel(corner, mark)
        image.load()
        interlaced = data[28]  # whose last pixel may come early
        if interlaced or image.getpixel(corner) == mark:
            check_pixels(data)
        pixels = np.array(image, dtype=np.uint8 if image.mode == "1" else None)
        spread = image.mode == "L" and bits in (2, 4)  # over 0 to 255, by Pillow
    if spread:
        pixels //= np.uint8(255 // (2**bits - 1))
    return pixels


def _wide_colours(data: bytes, high: NDArray[Any]) -> NDArray[Any]:
    """(H, W, C) samples of 16 bits: RGB, RGBA or grey and alpha.

    Pillow keeps the high bytes alone, and OpenCV fills up what is cut off: Pillow is the judge.
    """
    check_pixels(data)
    pixels = cv2.imdecode(np.frombuffer(bare_png(data), np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim != 3:
        raise ValueError("OpenCV finds no 16 bits of colour in it")
    pixels = np.asarray(pixels[..., [2, 1, 0, 3][: pixels.shape[2]]], np.uint16)
    if high.shape[2] == 2:  # grey and alpha, which OpenCV spreads over RGBA
        pixels = pixels[..., 2:]
    if pixels.shape != high.shape or not np.array_equal(pixels // 256, high):
        raise ValueError("two decoders see different pixels")
    return pixels


def _hidden(alpha: NDArray[Any], samples: NDArray[Any], opaque: int) -> bool:
    """Whether transparency says anything that black does not say."""
    if (alpha == opaque).all():
        return False
    black = ~samples.any(axis=2)
    return not (np.where(black, 0, opaque) == alpha).all()


def _hides(key: bytes, pixels: NDArray[Any]) -> bool:
    """Whether the one value that a tRNS part makes transparent is seen, and is not black."""
    value = np.frombuffer(key[: len(key) // 2 * 2], ">u2")
    if not value.any():
        return False
    if pixels.ndim == 2:
        return bool((pixels == value[0]).any())
    return value.size < 3 or bool((pixels == value[:3]).all(axis=2).any())


def _plain(pixels: NDArray[Any], bits: int, name: str, role: Role) -> Picture:
    """Grey where it is grey, 8 bits where 8 bits are all that is used."""
    as_colour = pixels.ndim == 3 and pixels.shape[2] > 1
    if pixels.ndim == 3:
        first = pixels[..., 0]
        if all(np.array_equal(first, pixels[..., other]) for other in range(1, pixels.shape[2])):
            pixels = np.ascontiguousarray(first)
    if bits == 16:
        if not (pixels % 257).any():
            pixels, bits = (pixels // 257).astype(np.uint8), 8
        elif pixels.ndim == 3:
            words = WORDS[role]
            raise words.error(f"{name} is in colour with 16 bits a channel, which no mask has; {words.mask}")
    if pixels.ndim == 2:
        return GreyPicture(pixels, 2**bits - 1, as_colour)
    return ColourPicture(packed(pixels))
