"""Which frames of a video make a training clip: four ways, each a pure function.

`Consecutive` and `Spread` walk over the annotated frames only: what an object does in the other frames
is not known, and every clip of a batch must answer for the same positions. `Centred` and `Whole` also
show the frames in between.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np

from rvosbench.plugins.recipe import WindowName


class Window(Protocol):
    """A way to cut clips out of a video."""

    def wanted(self, clip: Sequence[int], annotated: Sequence[int]) -> tuple[int, ...]:
        """The positions in a clip that carry ground truth.

        Args:
            clip: as `cut` gave it.
            annotated: positions of the annotated frames in the video, ascending.
        """
        ...

    def clips(self, annotated: Sequence[int], shown: frozenset[int]) -> list[int]:
        """The clips of one video for one referred object, as numbers that `cut` understands.

        Args:
            annotated: positions of the annotated frames in the video, ascending.
            shown: those among them that show the referred object.

        Returns:
            Only clips that show the object somewhere that is wanted.
        """
        ...

    def cut(
        self,
        number: int,
        annotated: Sequence[int],
        shown: frozenset[int],
        length: int,
        rng: np.random.Generator,
    ) -> tuple[int, ...]:
        """The T frame positions of one clip.

        Args:
            number: one of `clips`.
            annotated: as in `clips`.
            shown: as in `clips`.
            length: frames of the video.
            rng: for windows that are drawn.
        """
        ...


@dataclass(frozen=True, slots=True)
class Consecutive:
    """Annotated frames in a row, without overlap; the last clip is shifted back to be full.

    As Ref-YouTube-VOS training does it. A video with fewer than T annotated frames repeats its last.
    """

    frames: int

    def wanted(self, clip: Sequence[int], annotated: Sequence[int]) -> tuple[int, ...]:
        """All positions."""
        return tuple(range(len(clip)))

    def clips(self, annotated: Sequence[int], shown: frozenset[int]) -> list[int]:
        """Numbers of the clips that show the object."""
        count = math.ceil(len(annotated) / self.frames)
        return [number for number in range(count) if not shown.isdisjoint(self._clip(number, annotated))]

    def cut(
        self,
        number: int,
        annotated: Sequence[int],
        shown: frozenset[int],
        length: int,
        rng: np.random.Generator,
    ) -> tuple[int, ...]:
        """The clip of that number; nothing is drawn."""
        return self._clip(number, annotated)

    def _clip(self, number: int, annotated: Sequence[int]) -> tuple[int, ...]:
        start = max(0, min(number * self.frames, len(annotated) - self.frames))
        clip = tuple(annotated[start : start + self.frames])
        return clip + clip[-1:] * (self.frames - len(clip))


@dataclass(frozen=True, slots=True)
class Spread:
    """One clip over the whole video: a frame drawn from each of T equal stretches of annotated frames.

    Motion and order of appearance can be seen in few frames this way.
    """

    frames: int

    def wanted(self, clip: Sequence[int], annotated: Sequence[int]) -> tuple[int, ...]:
        """All positions."""
        return tuple(range(len(clip)))

    def clips(self, annotated: Sequence[int], shown: frozenset[int]) -> list[int]:
        """One clip, if the object is ever shown."""
        return [0] if shown else []

    def cut(
        self,
        number: int,
        annotated: Sequence[int],
        shown: frozenset[int],
        length: int,
        rng: np.random.Generator,
    ) -> tuple[int, ...]:
        """A draw; if it misses the object, one stretch takes a frame that shows it instead."""
        count = len(annotated)
        within = np.floor((np.arange(self.frames) + rng.random(self.frames)) * count / self.frames)
        picked = [annotated[min(int(position), count - 1)] for position in within]
        if shown.isdisjoint(picked):
            frame = sorted(shown)[int(rng.integers(len(shown)))]
            picked[annotated.index(frame) * self.frames // count] = frame
            picked.sort()
        return tuple(picked)


@dataclass(frozen=True, slots=True)
class Centred:
    """T frames around each annotated frame, clamped at the ends of the video; only that frame is wanted.

    As A2D-Sentences training does it: with T = 8 the frames from 4 before to 3 after.
    """

    frames: int

    def wanted(self, clip: Sequence[int], annotated: Sequence[int]) -> tuple[int, ...]:
        """The position of the annotated frame."""
        return (self.frames // 2,)

    def clips(self, annotated: Sequence[int], shown: frozenset[int]) -> list[int]:
        """The annotated frames that show the object."""
        return [frame for frame in annotated if frame in shown]

    def cut(
        self,
        number: int,
        annotated: Sequence[int],
        shown: frozenset[int],
        length: int,
        rng: np.random.Generator,
    ) -> tuple[int, ...]:
        """The frames around frame `number`; nothing is drawn."""
        start = number - self.frames // 2
        return tuple(min(max(frame, 0), length - 1) for frame in range(start, start + self.frames))


@dataclass(frozen=True, slots=True)
class Whole:
    """Every frame of the video once; the annotated ones are wanted.

    Clips are as long as their videos: a batch holds one, or several of one length.
    """

    def wanted(self, clip: Sequence[int], annotated: Sequence[int]) -> tuple[int, ...]:
        """The annotated frames: a clip's position is the video's."""
        return tuple(annotated)

    def clips(self, annotated: Sequence[int], shown: frozenset[int]) -> list[int]:
        """One clip, if the object is ever shown."""
        return [0] if shown else []

    def cut(
        self,
        number: int,
        annotated: Sequence[int],
        shown: frozenset[int],
        length: int,
        rng: np.random.Generator,
    ) -> tuple[int, ...]:
        """All frames; nothing is drawn."""
        return tuple(range(length))


WINDOWS: Mapping[WindowName, Callable[[int], Window]] = MappingProxyType(
    {"centred": Centred, "consecutive": Consecutive, "spread": Spread}
)
"""What the names in a recipe mean: number of frames -> window."""
