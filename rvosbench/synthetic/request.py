"""What a caller asked for, and what every layout starts from: which scenes, under which ids."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from rvosbench.errors import RvosbenchError
from rvosbench.synthetic.describing import SpokenExpression, describe
from rvosbench.synthetic.folders import unique_ids
from rvosbench.synthetic.scenes import Scene, generator, make_scene

Progress = Callable[[int, int], None]
"""Called with (videos done, videos in all)."""

HELD_OUT: Final = 1_000_000
"""Scenes with this index and above are never training scenes, however many of those there are."""

_Item = TypeVar("_Item")


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One release to write."""

    name: str  # of the layout
    videos: int  # of the first split
    seed: int
    frames: int  # per video
    size: tuple[int, int]  # (height, width) px
    quirks: frozenset[str] = frozenset()
    on_progress: Progress | None = None

    def __post_init__(self) -> None:
        """Refuse what no layout can hold: no videos, no frames, or too few pixels to tell shapes apart."""
        if self.videos < 1 or self.frames < 1 or min(self.size) < 32:
            raise RvosbenchError(
                f"{self.videos} videos of {self.frames} frames of {self.size[0]}x{self.size[1]} px were "
                "asked for, expected at least 1 video, 1 frame and 32x32 px; ask for more"
            )

    def has(self, quirk: str) -> bool:
        """Whether the release has a quirk."""
        return quirk in self.quirks

    def held_out(self, least: int) -> int:
        """How many videos a split that is not for training gets: a tenth, but at least `least`."""
        return max(self.videos // 10, least)

    def planned(self, splits: Mapping[str, int]) -> list[tuple[str, int]]:
        """(split, scene index) of every video; the first split has scenes of its own, whatever its size.

        Args:
            splits: split -> number of videos, in order.
        """
        names = [split for split, count in splits.items() for _ in range(count)]
        first = next(iter(splits.values()))
        return list(zip(names, [*range(first), *range(HELD_OUT, HELD_OUT + len(names) - first)], strict=True))

    def ids(self, plan: Sequence[tuple[str, int]], length: int, alphabet: str) -> dict[int, str]:
        """Scene index -> a video id that looks as official ones do."""
        return unique_ids(self.seed, [index for _, index in plan], length, alphabet)

    def counted(self, items: Sequence[_Item]) -> Iterator[_Item]:
        """The items one by one; the caller hears about each when its turn is over."""
        for done, item in enumerate(items, start=1):
            yield item
            if self.on_progress is not None:
                self.on_progress(done, len(items))

    def scene(self, index: int, frames: int | None = None) -> Scene:
        """The scene of that index."""
        return make_scene(self.seed, index, frames=frames or self.frames, size=self.size)

    def expressions(
        self, scene: Scene, index: int, per_object: tuple[int, int] = (2, 4)
    ) -> tuple[SpokenExpression, ...]:
        """What is said about the scene of that index."""
        return describe(scene, generator(self.seed, index, 1), per_object=per_object)

    def rng(self, index: int, purpose: int) -> np.random.Generator:
        """Random numbers of a video for one purpose of a layout."""
        return generator(self.seed, index, purpose)
