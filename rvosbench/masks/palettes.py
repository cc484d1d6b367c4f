"""The palettes that the field shows object ids in, and what colours prove about ids.

DAVIS and YouTube-VOS release palette PNGs: the pixels are object ids, the palette only says how to show them.
But pixels and palette do not always stay together. A copy converted to RGB has the colours and no ids; a
lossless optimiser re-sorts a palette and drops what is not used, so that the colours stay and the ids change.
The palettes are known, so ids can be had back wherever the colours are of one palette only.

Sources: the formula of PASCAL VOC (the bits of the index, spread over R, G and B); the palette of the PNGs
of DAVIS 2017 (where it has 191, PASCAL VOC and the results of most code have 192; from 22 on grey), and that
of a PNG of YouTube-VOS (valid, 0a49f5265b), as quoted in code that reads RGB copies.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

VOID_LABEL = 255
"""The label of pixels that DAVIS leaves undecided, and of outlines in PASCAL VOC."""

_YOUTUBE_VOS = "000000 ec5f67 f99157 fac863 99c794 62b3b2 6699cc c594c5 ab7967 ffffff 65737e"
_HTML = frozenset((0x800000, 0x008000, 0x808000, 0x000080, 0x800080, 0x008080, 0x808080))
_NAMED = 22  # colours of PASCAL VOC that have classes, and that DAVIS took over


@dataclass(frozen=True)
class Palette:
    """A palette that files of the field have."""

    name: str
    table: NDArray[np.uint8]  # (256, 3) RGB, read-only
    used: tuple[int, ...]
    """The ids that are known to be used: their colours are looked for in files that are not of this palette
    as a whole."""

    @cached_property
    def ids(self) -> Mapping[int, int]:
        """Colour as 0xRRGGBB -> id; of a colour that stands twice, the first."""
        return {colour: number for number, colour in reversed(list(enumerate(packed(self.table).tolist())))}

    @cached_property
    def used_ids(self) -> Mapping[int, int]:
        """`ids` without those that nobody uses."""
        return {colour: number for colour, number in self.ids.items() if number in self.used}


def packed(colours: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """(..., 3) RGB as 0xRRGGBB."""
    wide = colours.astype(np.uint32)
    return np.asarray(wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2], np.uint32)


def _voc() -> NDArray[np.uint8]:
    index = np.arange(256)
    table = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        table |= ((index[:, None] >> (3 * bit + np.arange(3)) & 1) << (7 - bit)).astype(np.uint8)
    return table


def _davis() -> NDArray[np.uint8]:
    table = _grey()
    table[:_NAMED] = _voc()[:_NAMED]
    table[table == 192] = 191
    table[192] = 192
    return table


def _youtube_vos() -> NDArray[np.uint8]:
    table = _grey()
    head = np.array([list(bytes.fromhex(colour)) for colour in _YOUTUBE_VOS.split()], np.uint8)
    table[: len(head)] = head
    return table


def _grey() -> NDArray[np.uint8]:
    return np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)


def _palette(name: str, table: NDArray[np.uint8], used: Sequence[int]) -> Palette:
    table.flags.writeable = False
    return Palette(name, table, tuple(used))


VOC = _palette("PASCAL VOC", _voc(), (*range(_NAMED), VOID_LABEL))
DAVIS = _palette("DAVIS", _davis(), (*range(_NAMED), VOID_LABEL))
YOUTUBE_VOS = _palette("YouTube-VOS", _youtube_vos(), range(len(_YOUTUBE_VOS.split())))
GREY = _palette("grey", _grey(), range(256))
IN_COLOUR = (VOC, DAVIS, YOUTUBE_VOS)
KNOWN = (*IN_COLOUR, GREY)


def begins(table: NDArray[np.uint8], palettes: Sequence[Palette] = KNOWN) -> bool:
    """Whether a table is the beginning of one of these palettes, so that indices are ids."""
    return any(np.array_equal(palette.table[: len(table)], table) for palette in palettes)


def levels_of_few_bits(table: NDArray[np.uint8]) -> bool:
    """Whether a table is all the levels of 1, 2 or 4 bits, black to white: as a grey file of that depth."""
    if len(table) not in (2, 4, 16):
        return False
    return np.array_equal(table, _grey()[:: 255 // (len(table) - 1)])


def converted_to_grey(labels: Collection[int]) -> str | None:
    """The palette whose colours, converted to grey, have all of these levels; None where none has.

    Pillow and OpenCV make 38, 75 and 113 of the objects 1, 2 and 3 in the colours of PASCAL VOC.
    """
    for palette in IN_COLOUR:
        red, green, blue = palette.table[list(palette.used)].astype(np.int64).T
        pillow = (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16
        opencv = (4899 * red + 9617 * green + 1868 * blue + 0x2000) >> 14
        if set(labels) <= {*pillow.tolist(), *opencv.tolist()}:
            return palette.name
    return None


def ids_by_colours(colours: Sequence[int]) -> Sequence[int] | None:
    """The ids that a file in colour shows.

    Args:
        colours: all colours in the file, as 0xRRGGBB.

    Returns:
        Their ids; None where no palette has all of them, or where palettes disagree.
    """
    readings = {
        tuple(palette.used_ids[colour] for colour in colours)
        for palette in KNOWN
        if palette.used_ids.keys() >= set(colours)
    }
    return readings.pop() if len(readings) == 1 else None


def ids_by_table(table: NDArray[np.uint8], used: list[int]) -> Sequence[int] | None:
    """The ids that the indices of a palette file mean.

    A table that has a whole known palette in it, or nothing but colours of one, each once, is taken for that
    palette, in whatever order. A table that is of no known palette is somebody's own, and its indices are the
    ids, as long as index 0 is black; they are, too, where colours do not tell the ids apart.

    Args:
        table: (N, 3) RGB.
        used: the indices that the pixels have; those beyond the table have no colour.

    Returns:
        Their ids; None where the colours do not prove them.
    """
    size = _without_filling(table, max(1, *(index + 1 for index in used)))
    table = table[:size]
    if levels_of_few_bits(table):
        return used
    entries = packed(table).tolist()
    shown = [entries[index] if index < size else -1 for index in used]
    alike = len(set(shown)) < len(shown) or len(set(entries)) < min(len(entries), 2)
    proven, possible = _sources(entries, shown)
    if alike or not (proven or possible):
        # Who tells ids apart that look alike does not go by colours; unless they are known ones, moved.
        if alike and _known_elsewhere(shown, used):
            return None
        return used if (alike or entries[0] == 0) and not _moved(table, entries) else None
    if any(np.array_equal(palette.table[used], table[used]) for palette in (*proven, *possible)):
        return used
    readings = {tuple(palette.ids[colour] for colour in shown) for palette in (*proven, *possible)}
    # Black and a colour that has a name in HTML, such as green: object 2 of DAVIS, or anybody's only object.
    if not proven or len(readings) != 1 or (entries[0] == 0 and size == 2 and entries[1] in _HTML):
        return None
    return readings.pop()


def _without_filling(table: NDArray[np.uint8], fewest: int) -> int:
    """How many entries a table has before it was filled up with black, or with any colour again and again."""
    size = len(table)
    last = table[-1]
    while size > fewest and (table[size - 1] == last).all():
        size -= 1
    if len(table) - size == 1 and last.any():
        return len(table)
    return size


def _known_elsewhere(shown: Sequence[int], used: Sequence[int]) -> bool:
    """Whether all colours are of one palette, at least two of them, and one stands before its place there.

    A palette of few colours that goes round and round has them behind their places, too, but first in them.
    """
    if len(set(shown)) < 2:
        return False
    first: dict[int, int] = {}
    for colour, index in zip(shown, used, strict=True):
        first.setdefault(colour, index)
    known = [palette for palette in IN_COLOUR if palette.used_ids.keys() >= first.keys()]
    return bool(known) and not any(
        all(palette.used_ids[colour] == index for colour, index in first.items()) for palette in known
    )


def _moved(table: NDArray[np.uint8], entries: Sequence[int]) -> bool:
    """Whether a table has a whole known palette in it, and not where it belongs."""
    for palette in IN_COLOUR:
        if palette.used_ids.keys() <= set(entries):
            named = [number for number in palette.used if number < len(table)]
            if not np.array_equal(palette.table[named], table[named]):
                return True
    return False


def _sources(entries: Sequence[int], shown: Sequence[int]) -> tuple[list[Palette], list[Palette]]:
    """The palettes that a table was surely made from, and those that it may have been made from."""
    proven: list[Palette] = []
    possible: list[Palette] = []
    distinct = set(entries)
    once = len(distinct) == len(entries)
    for palette in KNOWN:
        if not palette.ids.keys() >= set(shown):
            continue
        whole = palette.used_ids.keys() <= distinct
        # A few levels of grey are in many tables, so they prove nothing.
        part = once and distinct <= palette.used_ids.keys() and palette is not GREY
        if whole or part:
            proven.append(palette)
        elif once and distinct <= palette.ids.keys():
            possible.append(palette)
    return proven, possible


def why_not(colours: Sequence[int]) -> str:
    """Why colours prove no ids, for an error."""
    known = set().union(*(palette.used_ids for palette in KNOWN))
    names = ", ".join(palette.name for palette in IN_COLOUR)
    unknown = [colour for colour in colours if colour not in known]
    if unknown:
        return f"#{unknown[0]:06x} is in none of the known palettes ({names})"
    shown = ", ".join(f"#{colour:06x}" for colour in colours[:4])
    return f"{shown} do not tell which of the known palettes ({names}) they are of"
