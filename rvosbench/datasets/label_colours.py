"""Object ids out of the colours of an annotation that was saved in colour.

DAVIS and YouTube-VOS release palette PNGs: the pixels are object ids, the palette only says how to show them.
Some copies were converted to RGB, which keeps the colours and drops the ids. The palettes are known, so the
ids can be had back wherever the colours of a file belong to one palette only. Anything else is refused:
a file of black and white may show the void pixels of DAVIS, or object 9 of YouTube-VOS, or any foreground.

Sources: the palette of the PNGs of DAVIS 2017 (where it has 191, PASCAL VOC and the results of most code have
192), and that of a PNG of YouTube-VOS (valid, 0a49f5265b), as quoted in code that reads RGB copies.
"""

from __future__ import annotations

import io
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rvosbench.errors import DatasetError
from rvosbench.masks import check_png
from rvosbench.media.images import decode_image

_VOC = """000000 800000 008000 808000 000080 800080 008080 808080 400000 c00000 408000
          c08000 400080 c00080 408080 c08080 004000 804000 00c000 80c000 004080 804080"""
_YOUTUBE_VOS = "000000 ec5f67 f99157 fac863 99c794 62b3b2 6699cc c594c5 ab7967 ffffff 65737e"
_VOID = 255  # the label of pixels that DAVIS leaves undecided


@cache
def _palettes() -> dict[str, dict[int, int]]:
    """Name -> colour as 0xRRGGBB -> object id."""
    numbered = {
        "PASCAL VOC": _VOC,
        "DAVIS": _VOC.replace("c0", "bf"),
        "YouTube-VOS": _YOUTUBE_VOS,
    }
    palettes = {
        name: {int(colour, 16): number for number, colour in enumerate(colours.split())}
        for name, colours in numbered.items()
    }
    palettes["PASCAL VOC"][0xE0E0C0] = _VOID
    palettes["DAVIS"][0xFFFFFF] = _VOID
    return palettes


def in_colour(data: bytes) -> bool:
    """Whether a PNG file holds RGB or RGBA pixels of 8 bits, from its header."""
    return len(data) > 25 and data[24] == 8 and data[25] in (2, 6)


def decode_colours(data: bytes, name: str) -> NDArray[np.uint8]:
    """The object ids of an RGB annotation.

    Args:
        data: a PNG file for which `in_colour` holds.
        name: what to call it in errors.

    Returns:
        (H, W) uint8, 0 is background.

    Raises:
        DatasetError: the file is damaged, transparent or too large; a colour belongs to no palette, or the
            colours do not tell which palette they are of.
    """
    check_png(data, name)
    pixels = decode_image(data, name).astype(np.uint32)
    if data[25] == 6:
        _check_opaque(data, name)
    packed = pixels[:, :, 0] << 16 | pixels[:, :, 1] << 8 | pixels[:, :, 2]
    colours = np.unique(packed).tolist()
    readings = {
        tuple(palette[colour] for colour in colours)
        for palette in _palettes().values()
        if palette.keys() >= set(colours)
    }
    if len(readings) != 1:
        raise DatasetError(f"{name} is in colour, {_why_not(colours)}; fetch the palette PNG of the release")
    labels = np.zeros(packed.shape, np.uint8)
    for colour, label in zip(colours, readings.pop(), strict=True):
        if label:
            labels[packed == colour] = label
    return labels


def _why_not(colours: list[int]) -> str:
    known = set().union(*_palettes().values())
    unknown = [colour for colour in colours if colour not in known]
    names = ", ".join(_palettes())
    if unknown:
        return f"and #{unknown[0]:06x} is in none of the known palettes ({names})"
    shown = ", ".join(f"#{colour:06x}" for colour in colours[:4])
    return f"and {shown} do not tell which of the known palettes ({names}) they are of"


def _check_opaque(data: bytes, name: str) -> None:
    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        if image.getchannel("A").getextrema() != (255, 255):
            raise DatasetError(
                f"{name} is in colour and partly transparent, which is no way to write object ids; fetch the "
                "palette PNG of the release"
            )
