"""Which frames of a video a list of masks is about."""

from __future__ import annotations

from collections.abc import Sequence

from rvosbench.errors import ScoreError
from rvosbench.files.text import shown
from rvosbench.submission.frame_names import meant_frames, stem_of
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


class FrameNames:
    """The frames of a video by name and by number."""

    def __init__(self, video: Video) -> None:
        """Collect them once for all masks of a video."""
        self._names = [frame.name for frame in video.frames]
        self._exact = {name: index for index, name in enumerate(self._names)}
        self._numbers: dict[int, int] = {}  # -1: of two frames
        for index, name in enumerate(self._names):
            if name.isascii() and name.isdecimal():
                self._numbers[int(name)] = -1 if int(name) in self._numbers else index

    def positions(self, names: Sequence[object], where: str) -> list[int | None]:
        """The positions of frames by name; None for a name that no frame has.

        A name may carry a folder and the suffix of an image. Whole numbers are compared with names that are
        numbers, so 5 means "00005"; texts too, if they are the numbers of all frames.

        Raises:
            ScoreError: a frame is named twice, or a name is neither text nor the number of one frame.
        """
        positions = [self._position(name, where) for name in names]
        texts = [name for name in names if isinstance(name, str)]
        if None in positions and len(texts) == len(names):
            frames = meant_frames(texts, self._names)
            positions = [self._exact.get(frames.get(name, stem_of(name))) for name in texts]
        known = [position for position in positions if position is not None]
        if len(set(known)) != len(known):
            twice = next(position for position in known if known.count(position) > 1)
            raise ScoreError(f"{where} names the frame {self._names[twice]} twice; expected each once")
        return positions

    def name_of(self, number: int) -> str:
        """The name of the frame with this number; the number itself where no frame has it, or two have."""
        position = self._numbers.get(number, -1)
        return str(number) if position < 0 else self._names[position]

    def _position(self, name: object, where: str) -> int | None:
        if isinstance(name, str):
            if name in self._exact:
                return self._exact[name]
            return self._exact.get(stem_of(name))
        if isinstance(name, int) and not isinstance(name, bool):
            position = self._numbers.get(name, -1)
            if position < 0:
                # Never surplus: it may be a position that somebody counted from 0 or from 1.
                raise ScoreError(
                    f"{where} names the frame {shown(name)}, which is not the number of exactly one frame; "
                    f"name frames by text, such as {shown(next(iter(self._names), ''))}"
                )
            return position
        raise ScoreError(f"{where} names a frame {shown(name)}; expected its name as text")
