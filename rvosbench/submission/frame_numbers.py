"""Frames that somebody named by their numbers, without the zeros that stand before them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence


def named_by_number(names: Collection[str], frames: Sequence[str]) -> Mapping[str, str]:
    """The frames that names mean by their numbers, where that is proven: they are the numbers of all frames.

    Fewer or other numbers may be positions, counted from 0 or from 1.

    Args:
        names: that predictions use for frames of one video.
        frames: the names of the frames of that video.

    Returns:
        Name -> frame; empty if nothing is proven.

    Example:
        >>> named_by_number(["0", "5", "10"], ["00000", "00005", "00010"])
        {'0': '00000', '5': '00005', '10': '00010'}
        >>> named_by_number(["0", "1", "2"], ["00000", "00005", "00010"])
        {}
    """
    if not all(map(_is_number, (*names, *frames))):
        return {}
    frame_of = {int(frame): frame for frame in frames}
    if len(frame_of) != len(frames) or len(names) != len(frames) or frame_of.keys() != set(map(int, names)):
        return {}
    return {name: frame_of[int(name)] for name in names}


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) < 20
