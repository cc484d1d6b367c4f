"""Which frames of a video a list of masks is about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from rvosbench.errors import ScoreError
from rvosbench.files.text import shown
from rvosbench.types import Video


def frames_of(video: Video, count: int, where: str) -> Sequence[int]:
    """The positions that `count` masks are of: all frames, or the annotated ones.

    Raises:
        ScoreError: there are more or fewer masks than that.
    """
    if count == len(video.frames):
        return range(count)
    annotated = [index for index, frame in enumerate(video.frames) if frame.annotated]
    if count == len(annotated):
        return annotated
    raise ScoreError(
        f"{where} has {count} masks; the video has {len(video.frames)} frames, {len(annotated)} of them "
        "annotated, expected one mask for each of either"
    )


def frame_positions(video: Video, names: Sequence[object], where: str) -> list[int | None]:
    """The positions of frames by name; None for a name that no frame has.

    A name may carry a folder and the suffix of an image. Whole numbers are compared with names that are
    numbers, so 5 means "00005".

    Raises:
        ScoreError: a frame is named twice, or a name is neither text nor a whole number.
    """
    exact = {frame.name: index for index, frame in enumerate(video.frames)}
    numbers: dict[int, int] = {}
    for index, frame in enumerate(video.frames):
        if frame.name.isdecimal():
            numbers[int(frame.name)] = -1 if int(frame.name) in numbers else index
    positions = [_position(name, exact, numbers, where) for name in names]
    known = [position for position in positions if position is not None]
    if len(set(known)) != len(known):
        twice = next(position for position in known if known.count(position) > 1)
        raise ScoreError(f"{where} names the frame {video.frames[twice].name} twice; expected every one once")
    return positions


def _position(name: object, exact: dict[str, int], numbers: dict[int, int], where: str) -> int | None:
    if isinstance(name, str):
        if name in exact:
            return exact[name]
        path = PurePosixPath(name)
        stem = path.stem if path.suffix.lower() in (".jpg", ".jpeg", ".png") else path.name
        return exact.get(stem)
    if isinstance(name, int) and not isinstance(name, bool):
        position = numbers.get(name)
        if position is None or position < 0:
            # Never surplus: it may be a position that somebody counted from 0 or from 1.
            raise ScoreError(
                f"{where} names the frame {shown(name)}, which is the number of no one frame; name frames by "
                f"text, such as {_first(exact)}"
            )
        return position
    raise ScoreError(f"{where} names a frame {shown(name)}; expected its name as text")


def _first(exact: dict[str, int]) -> str:
    """The first frame's name, for a message."""
    return shown(next(iter(exact), ""))
