"""The stages of a recipe with the samples that each trains on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rvosbench.loader import DEFAULT_CACHE_BYTES, ByteCache, Samples
from rvosbench.loader.augment import Augmentation
from rvosbench.loader.windows import WINDOWS
from rvosbench.media.resize import Side
from rvosbench.plugins.recipe import Recipe
from rvosbench.store import Store


@dataclass(frozen=True, slots=True)
class Part:
    """A stage of the recipe with its samples."""

    end: float  # progress at which the next one begins
    samples: Samples
    batch_size: int

    def names(self, positions: Sequence[tuple[int, int]]) -> list[str]:
        """What to call the samples at (epoch, index), in messages."""
        return [self.samples.name(position) for position in positions]


def parts_of(recipe: Recipe, store: Store, split: str) -> list[Part]:
    """All stages of a recipe; they share one cache of decoded frames.

    Raises:
        UnknownNameError: no such split.
        TrainingError: a stage has nothing to train on.
    """
    cache = ByteCache(DEFAULT_CACHE_BYTES)
    parts: list[Part] = []
    end = 0.0
    stages = recipe.stages()
    for stage in stages:
        end += stage.share
        samples = Samples(
            store,
            split,
            WINDOWS[recipe.window](stage.frames),
            side=Side(recipe.short_side, recipe.max_side),
            seed=recipe.seed,
            augment=Augmentation(mirror=recipe.mirror, colours=recipe.colour_jitter),
            with_other_objects=recipe.with_other_objects,
            longest_expression=stage.longest_expression,
            cache=cache,
        )
        parts.append(Part(1.0 if stage is stages[-1] else end, samples, stage.batch_size))
    return parts
