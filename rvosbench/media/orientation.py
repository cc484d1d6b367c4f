"""The turn that an image file asks for by EXIF. It is left out everywhere here, and said.

Masks are drawn on the pixels of a file. A viewer shows the picture turned, and so does a tool that somebody
annotates with; then frames and masks are of different sizes, or, turned by half, of one size and wrong.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from rvosbench.files.text import some

_TAG, _SHORT = 0x0112, 3
_HEAD = 64 * 1024  # of a PNG; what it says about itself stands before its pixels
TURNS = {
    2: "mirrored",
    3: "upside down",
    4: "upside down and mirrored",
    5: "on its side and mirrored",
    6: "on its side",
    7: "on its side and mirrored",
    8: "on its side",
}
"""Orientations of EXIF besides 1, which is upright."""


def orientation(image: Image.Image) -> int:
    """The orientation in the header of an opened image, from 1 to 8; 1 where it has none that is valid."""
    # Not `getexif`, which decodes a whole PNG to look behind its pixels, and warns of damage in other tags.
    content = image.info.get("exif")
    return _in_exif(content.removeprefix(b"Exif\0\0")) if isinstance(content, bytes) else 1


def _in_exif(content: bytes) -> int:
    """The orientation in the first directory of a TIFF header."""
    order = {b"II": "<", b"MM": ">"}.get(content[:2])
    if order is None or len(content) < 8:
        return 1
    (start,) = struct.unpack_from(f"{order}I", content, 4)
    if start + 2 > len(content):
        return 1
    (count,) = struct.unpack_from(f"{order}H", content, start)
    for position in range(start + 2, min(start + 2 + 12 * count, len(content) - 11), 12):
        tag, kind, _, value = struct.unpack_from(f"{order}HHIH", content, position)
        if tag == _TAG and kind == _SHORT:
            return value if value in TURNS else 1
    return 1


def orientation_of(path: Path) -> int:
    """The same of a JPEG or PNG file; 1 where it is neither."""
    try:
        with Image.open(path, formats=("JPEG", "PNG")) as image:
            return orientation(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return 1


def orientation_of_png(path: Path) -> int:
    """The same of a PNG file; 1 where it cannot be read. Cheap for one that says nothing."""
    try:
        with path.open("rb") as file:
            says = b"eXIf" in file.read(_HEAD)
    except (OSError, ValueError):
        return 1
    return orientation_of(path) if says else 1


def orientation_in(data: bytes) -> int:
    """The same of the bytes of a JPEG or PNG file."""
    if b"Exif" not in data and b"eXIf" not in data:
        return 1
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
            return orientation(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return 1


def say_turned(orientations: Mapping[str, int], count: int, what: str) -> str | None:
    """A sentence about the files that ask to be shown turned.

    Args:
        orientations: file name -> orientation, of all or of those that ask.
        count: how many files there are.
        what: what they are, with their video, such as "frames of aaa".

    Returns:
        None when none asks.

    Example:
        >>> say_turned({"00000.jpg": 3, "00001.jpg": 1}, 2, "frames of aaa").split(";")[0]
        '1 of the 2 frames of aaa ask by EXIF to be shown turned (00000.jpg upside down)'
    """
    asking = {name: TURNS[value] for name, value in orientations.items() if value in TURNS}
    if not asking:
        return None
    listed = some((f"{name} {turn}" for name, turn in asking.items()), in_order=False)
    return (
        f"{len(asking)} of the {count} {what} ask by EXIF to be shown turned ({listed}); the pixels are used "
        "as stored: were the masks drawn on these?"
    )
