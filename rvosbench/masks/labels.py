"""Label maps: which pixel of a PNG file is of which object.

| file | ids |
|---|---|
| palette, one that is known and in its order | the indices |
| palette, one that is known and in another order | by colour |
| palette, somebody's own, index 0 black | the indices |
| grey of 1 to 8 bits | the levels |
| grey of 16 bits | the levels, none above 255; of levels whose two bytes are equal, one byte |
| RGB | by colour, where one palette has all of them; grey stored as RGB is a palette, too |
| alpha | nothing, if it is opaque or hides what is black |

Everything else is refused. See `palettes` for what colours prove, `pictures` for what is not looked at, and
`noise` for maps that went through JPEG.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from rvosbench.masks.palettes import begins, ids_by_colours, ids_by_table, packed, why_not
from rvosbench.masks.pictures import GreyPicture, PalettePicture, read_picture
from rvosbench.masks.roles import WORDS, Role


def read_labels(data: bytes, name: str, *, role: Role) -> NDArray[np.uint8]:
    """The object ids of a label map, after the rules above.

    Args:
        data: the whole PNG file.
        name: what to call it in errors.
        role: who made it; decides the type and the remedy of an error.

    Returns:
        (H, W) uint8, 0 is background.

    Raises:
        DatasetError: the file is damaged or too large, or does not say which pixel is of which object (for
            a prediction, ScoreError).
    """
    picture = read_picture(data, name, role)
    if isinstance(picture, PalettePicture):
        return _of_palette(picture, name, role)
    if isinstance(picture, GreyPicture):
        return _of_grey(picture, name, role)
    return _of_colours(picture.colours, name, role)


def _of_palette(picture: PalettePicture, name: str, role: Role) -> NDArray[np.uint8]:
    if picture.alpha is None and begins(picture.table):
        return picture.indices  # without a look at the pixels, which would cost a third of decoding
    used = used_values(picture.indices)
    ids = ids_by_table(picture.table, used)
    words = WORDS[role]
    if ids is None:
        raise words.error(f"{name} {_why_unproven(picture.table, used)}; {words.labels}")
    if picture.alpha is not None:
        alpha = dict(enumerate(picture.alpha.tolist()))
        hidden = [
            number for index, number in zip(used, ids, strict=True) if number and not alpha.get(index, 1)
        ]
        if hidden:
            raise words.error(f"{name} shows object {hidden[0]} in invisible pixels; {words.labels}")
    return _renumbered(picture.indices, used, ids)


def _why_unproven(table: NDArray[np.uint8], used: list[int]) -> str:
    colours = packed(table[used]).tolist()
    first = int(packed(table[0]))
    if first:
        return (
            f"has #{first:06x} at index 0 of its palette, not the black of a background; {why_not(colours)}"
        )
    shown = ", ".join(f"#{colour:06x}" for colour in colours[:4])
    return f"has a palette in which {shown} do not prove which object is meant"


def _of_grey(picture: GreyPicture, name: str, role: Role) -> NDArray[np.uint8]:
    largest = int(picture.levels.max(initial=0))
    if largest > 255:
        words = WORDS[role]
        raise words.error(
            f"{name} has 16 bits and values up to {largest}, expected object ids up to 255; {words.labels}"
        )
    if picture.as_colour:
        return _of_colours(picture.levels * np.uint32(0x010101), name, role)
    return picture.levels.astype(np.uint8, copy=False)


def _of_colours(pixels: NDArray[np.uint32], name: str, role: Role) -> NDArray[np.uint8]:
    colours = np.unique(pixels).tolist()
    ids = ids_by_colours(colours)
    if ids is None:
        words = WORDS[role]
        raise words.error(f"{name} is in colour, and {why_not(colours)}; {words.labels}")
    labels = np.zeros(pixels.shape, np.uint8)
    for colour, object_id in zip(colours, ids, strict=True):
        if object_id:
            labels[pixels == colour] = object_id
    return labels


def used_values(indices: NDArray[np.uint8]) -> list[int]:
    """All values in an array, ascending."""
    return np.flatnonzero(cv2.calcHist([indices], [0], None, [256], [0, 256])).tolist()


def _renumbered(indices: NDArray[np.uint8], used: list[int], ids: Sequence[int]) -> NDArray[np.uint8]:
    if used == list(ids):
        return indices
    table = np.zeros(256, np.uint8)
    table[used] = ids
    return table[indices]
