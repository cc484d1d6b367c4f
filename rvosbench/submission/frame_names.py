"""Frames that somebody named otherwise than the release does, where what is meant is proven."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath

_PICTURES = (".jpg", ".jpeg", ".png")


def meant_frames(names: Collection[str], frames: Sequence[str]) -> Mapping[str, str]:
    """The frames that names mean.

    Names may be paths of pictures: code that adds `.png` to the name of a file writes `00000.jpg.png`.
    Leading zeros may be missing if the names are the numbers of all frames; fewer or other numbers may be
    positions, counted from 0 or from 1.

    Args:
        names: that predictions use for frames of one video, each once.
        frames: the names of the frames of that video.

    Returns:
        Name -> frame, of the names whose meaning is proven; nothing, if two names would be of one frame.

    Example:
        >>> meant_frames(["0", "5", "10"], ["00000", "00005", "00010"])
        {'0': '00000', '5': '00005', '10': '00010'}
        >>> meant_frames(["0", "1", "2"], ["00000", "00005", "00010"])
        {}
        >>> meant_frames(["00000.jpg", "mask"], ["00000", "00005", "00010"])
        {'00000.jpg': '00000'}
    """
    known = set(frames)
    stems = {name: name if name in known else stem_of(name) for name in names}
    if len(set(stems.values())) != len(stems):
        return {}
    frame_of = _by_number(stems.values(), frames)
    return {name: frame_of.get(stem, stem) for name, stem in stems.items() if frame_of or stem in known}


def stem_of(name: str) -> str:
    """A name of a frame without a folder and the suffix of a picture."""
    path = PurePosixPath(name)
    return path.stem if path.suffix.lower() in _PICTURES else path.name


def _by_number(names: Collection[str], frames: Sequence[str]) -> Mapping[str, str]:
    """Name -> frame, where the names are the numbers of all frames; else nothing."""
    if not all(map(_is_number, (*names, *frames))):
        return {}
    frame_of = {int(frame): frame for frame in frames}
    if len(frame_of) != len(frames) or len(names) != len(frames) or frame_of.keys() != set(map(int, names)):
        return {}
    return {name: frame_of[int(name)] for name in names}


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) < 20
