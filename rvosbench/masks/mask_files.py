"""The mask of one expression in one frame: which pixels of a PNG file of predictions are the object.

| file | object |
|---|---|
| 1 bit; grey of 0 and one other value, whichever | what is not 0 |
| grey, all 0 | none |
| grey, all 1 or all white (255; 65535 with 16 bits) | everything |
| other grey | refused, unless a threshold says from which level on |
| palette or RGB, black and one other colour | what is not black |
| palette or RGB, black and several colours of one known palette | a label map: what is not black |
| palette whose colours are grey; R = G = B | as grey of these levels |

Background is what looks black, at whatever index of a palette it stands. Void pixels, several colours of no
palette, and transparency that says anything else than black are refused.

A threshold T cuts grey at level T of 0 to 255; levels of other depths are scaled, so that white is 255. It
does not touch files of 1 bit or in colour. All other grey is cut, also where it looks like a mask: some soft
masks are nearly empty, and hold 0 and 1 alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvosbench.masks.labels import used_values
from rvosbench.masks.palettes import IN_COLOUR, VOID_LABEL, begins, packed
from rvosbench.masks.pictures import GreyPicture, PalettePicture, read_picture
from rvosbench.masks.roles import WORDS
from rvosbench.types import BoolMask

_WORDS = WORDS["prediction"]
_SHARE = 257  # 65535 / 255


def read_mask(data: bytes, name: str, *, threshold: int | None = None) -> tuple[BoolMask, bool]:
    """The mask in a PNG file of predictions, after the rules above.

    Args:
        data: the whole file.
        name: what to call it in errors.
        threshold: from 1 to 255: grey levels from here on are the object; None refuses grey that is no mask.

    Returns:
        (H, W) bool, True is the object; and whether the threshold decided about any level but black and
        white.

    Raises:
        ScoreError: the file is damaged or too large, or does not say which pixels are the object.

    Example:
        >>> from rvosbench.masks import encode_binary_png
        >>> read_mask(encode_binary_png(np.array([[True, False]])), "00000.png")
        (array([[ True, False]]), False)
    """
    picture = read_picture(data, name, "prediction")
    if isinstance(picture, GreyPicture):
        return _of_grey(picture.levels, picture.white, name, threshold)
    if isinstance(picture, PalettePicture):
        return _of_palette(picture, name, threshold)
    colours = np.unique(picture.colours).tolist()
    _check_colours(colours, name)
    return picture.colours != 0, False


def _of_grey(levels: NDArray[Any], white: int, name: str, threshold: int | None) -> tuple[BoolMask, bool]:
    largest = int(levels.max())
    foreground = levels != 0
    marked = np.count_nonzero(foreground)
    full = marked == levels.size
    plain = not largest or marked == np.count_nonzero(levels == largest)  # 0 and at most one other value
    if threshold is None or white == 1:
        if plain and (not full or largest in (1, 255, white)):
            return foreground, False
        raise _not_a_mask(levels, name)
    if plain and largest in (0, 255, white):
        return foreground, False
    if white > 255 and largest <= 255:
        raise _WORDS.error(
            f"{name} has 16 bits and values up to {largest}, which does not tell whether white is 255 or "
            "65535; write grey of 8 bits"
        )
    if white > 255:
        return levels >= threshold * _SHARE, True
    return levels >= -(-threshold * white // 255), True


def _not_a_mask(levels: NDArray[Any], name: str) -> Exception:
    values = np.unique(levels).tolist()
    if len(values) == 1:
        what = f"is {values[0]} everywhere, which is neither 0 nor 1 nor white"
    elif len(values) == 2:
        what = f"holds the values {values[0]} and {values[1]}, none of them the 0 of a background"
    else:
        what = f"holds {len(values)} values from {values[0]} to {values[-1]}, a mask has two"
    return _WORDS.error(
        f"{name} {what}; {_WORDS.mask}, or say which grey is the object with --threshold T (such as 128)"
    )


def _of_palette(picture: PalettePicture, name: str, threshold: int | None) -> tuple[BoolMask, bool]:
    if picture.alpha is None and begins(picture.table, IN_COLOUR) and picture.indices.max() < VOID_LABEL:
        return picture.indices != 0, False
    used = used_values(picture.indices)
    if used[-1] >= len(picture.table):
        raise _WORDS.error(
            f"{name} has pixels of value {used[-1]}, its palette has {len(picture.table)} colours; "
            f"{_WORDS.mask}"
        )
    colours = packed(picture.table[used]).tolist()
    if picture.alpha is not None and any(
        colour and not alpha for colour, alpha in zip(colours, picture.alpha[used].tolist(), strict=True)
    ):
        raise _WORDS.error(f"{name} has invisible pixels that are not black; {_WORDS.mask}")
    _check_distinct(used, colours, name)
    if (picture.table == picture.table[:, :1]).all():
        return _of_grey(np.ascontiguousarray(picture.table[:, 0])[picture.indices], 255, name, threshold)
    _check_colours(colours, name, black_is_elsewhere=not picture.table[0].any())
    shows = np.zeros(256, np.bool_)
    shows[used] = np.array(colours) != 0
    return shows[picture.indices], False


def _check_distinct(used: list[int], colours: list[int], name: str) -> None:
    for colour in colours:
        if colours.count(colour) > 1:
            alike = [str(index) for index, other in zip(used, colours, strict=True) if other == colour]
            raise _WORDS.error(
                f"{name} shows the values {' and '.join(alike[:4])} in one colour, #{colour:06x}; "
                f"{_WORDS.mask}"
            )


def _check_colours(colours: list[int], name: str, *, black_is_elsewhere: bool = False) -> None:
    """Refuse colours that are neither those of a mask nor those of a label map in a known palette.

    Args:
        colours: all that are shown, as 0xRRGGBB.
        name: the file.
        black_is_elsewhere: that no pixel is black does not mean that there is no black for the background.
    """
    objects = {colour for colour in colours if colour}
    readings = [
        {palette.ids[colour] for colour in objects} for palette in IN_COLOUR if palette.ids.keys() >= objects
    ]
    if len(objects) == 1 and (0 in colours or black_is_elsewhere):
        return
    if not readings:
        shown = ", ".join(f"#{colour:06x}" for colour in colours[:3])
        black = "" if 0 in colours else "without the black of a background, "
        raise _WORDS.error(
            f"{name} is in {len(colours)} colours, {black}such as {shown}; expected black and one other "
            f"colour, or those of a known palette; {_WORDS.mask}"
        )
    if len(objects) > 1 and all(VOID_LABEL in ids for ids in readings):
        raise _WORDS.error(f"{name} shows void pixels beside objects, as annotations do; {_WORDS.mask}")
