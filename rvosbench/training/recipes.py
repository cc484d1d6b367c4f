"""How long, how fast and on what a model is trained: one recipe per preset, and upstream's table as data.

Source of the full recipes: the README and configs of SOC (NeurIPS 2023). Where the two disagree, the
README's value stands.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from rvosbench.errors import UnknownNameError
from rvosbench.loader import Centred, Consecutive, Spread, Window
from rvosbench.loader.augment import Augmentation
from rvosbench.media.resize import Side
from rvosbench.models.precision import PRECISIONS, Precision
from rvosbench.plugins.registry import unknown

_WINDOWS: Mapping[str, Callable[[int], Window]] = {
    "centred": Centred,
    "consecutive": Consecutive,
    "spread": Spread,
}

UPSTREAM_MIRROR = 0.30854
"""Upstream mirrors when a standard normal draw exceeds 0.5, which is this probability, not one half."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """The factor on all learning rates, as a function of progress through the run.

    Progress, not the step number, so that a run with a time budget anneals as well.
    """

    kind: Literal["constant", "multistep", "cosine"] = "constant"
    warm_up: float = 0.0  # share of the run in which the factor grows linearly from 0 to 1
    milestones: tuple[float, ...] = ()  # multistep: shares of the run after which the factor is cut
    gamma: float = 0.1  # multistep: the cut
    floor: float = 0.0  # cosine: the factor at the end

    def __post_init__(self) -> None:
        if self.kind not in ("constant", "multistep", "cosine"):
            raise ValueError(f"a schedule is constant, multistep or cosine, got {self.kind!r}")
        if not 0 <= self.warm_up < 1 or not all(0 < share < 1 for share in self.milestones):
            raise ValueError(f"warm_up and milestones are shares of the run in [0, 1), got {self}")

    def factor(self, progress: float) -> float:
        """The factor at `progress` in [0, 1].

        Example:
            >>> Schedule(kind="cosine", warm_up=0.1).factor(0.05)
            0.5
        """
        if progress < self.warm_up:
            return progress / self.warm_up
        if self.kind == "multistep":
            return self.gamma ** sum(progress >= share for share in self.milestones)
        if self.kind == "cosine":
            annealed = min((progress - self.warm_up) / (1 - self.warm_up), 1.0)
            return self.floor + (1 - self.floor) * (1 + math.cos(math.pi * annealed)) / 2
        return 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A part of a run that trains on other clips than the rest.

    The published pipeline trains on still images first, with large batches, and on video then. Short
    expressions first is a curriculum: "the red square" teaches words that "the one that passes behind the
    red square" needs.
    """

    share: float  # of the run
    frames: int  # T of a clip; 1: still images
    batch_size: int  # clips per step, over all processes
    longest_expression: int | None = None  # words; None: all expressions

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(f"a stage's share of the run is in (0, 1], got {self.share}")
        for name in ("frames", "batch_size", "longest_expression"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"a stage's {name} must be at least 1, got {value}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """All numbers of a training run that are not the model's own."""

    learning_rates: Mapping[str, float]  # of the model's parts; SOC: main, backbone, text
    batch_size: int  # clips per step, over all processes
    frames: int  # T of a training clip
    window: Literal["centred", "consecutive", "spread"]
    short_side: int  # px
    max_side: int  # px
    steps: int | None = None  # length of the run; instead of epochs when both are given
    epochs: int | None = None
    curriculum: tuple[Stage, ...] = ()  # parts that come before the rest of the run
    max_seconds: float | None = None  # stop, annealed, after this time
    weight_decay: float = 1e-4
    clip_grad_norm: float = 0.1
    schedule: Schedule = field(default_factory=Schedule)
    mirror: float = 0.0  # probability of a mirrored clip
    colour_jitter: float = 0.0  # strength; 0 is none
    with_other_objects: bool = True  # the target also holds the clip's other objects
    precision: Precision = "fp32"
    seed: int = 42
    save_every: int = 500  # steps between states to resume from

    def __post_init__(self) -> None:
        if self.steps is None and self.epochs is None:
            raise ValueError("a recipe needs steps or epochs, got neither")
        for name in ("steps", "epochs", "batch_size", "frames", "short_side", "save_every"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        if self.max_seconds is not None and self.max_seconds <= 0:
            raise ValueError(f"max_seconds must be positive, got {self.max_seconds}")
        if self.max_side < self.short_side:
            raise ValueError(f"max_side {self.max_side} must not be below short_side {self.short_side}")
        if not 0 <= self.mirror <= 1 or not 0 <= self.colour_jitter <= 1:
            raise ValueError(
                f"mirror and colour_jitter are in [0, 1], got {self.mirror}, {self.colour_jitter}"
            )
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision is one of {', '.join(PRECISIONS)}, got {self.precision!r}")
        if self.window not in _WINDOWS:
            raise ValueError(f"window is one of {', '.join(_WINDOWS)}, got {self.window!r}")
        if sum(stage.share for stage in self.curriculum) >= 1:
            raise ValueError(f"the curriculum must leave a rest of the run, got {self.curriculum}")
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed must be in [0, 2**32), got {self.seed}")

    def total_steps(self, samples: int) -> int:
        """The length of a run over that many samples per epoch."""
        if self.steps is not None:
            return self.steps
        assert self.epochs is not None
        return math.ceil(self.epochs * samples / self.batch_size)

    def stages(self) -> tuple[Stage, ...]:
        """The whole run in order: the curriculum, then all expressions with the recipe's own numbers."""
        rest = 1 - sum(stage.share for stage in self.curriculum)
        return (*self.curriculum, Stage(share=rest, frames=self.frames, batch_size=self.batch_size))

    def clips(self, frames: int | None = None) -> Window:
        """The window that cuts clips of `frames` frames, by default the recipe's own number."""
        return _WINDOWS[self.window](frames or self.frames)

    def side(self) -> Side:
        """The size of the clips."""
        return Side(self.short_side, self.max_side)

    def augmentation(self) -> Augmentation:
        """What chance may change."""
        return Augmentation(mirror=self.mirror, colours=self.colour_jitter)

    def as_json(self) -> dict[str, Any]:
        """Plain values, as they stand in run.json."""
        values = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        schedule = dataclasses.asdict(self.schedule) | {"milestones": list(self.schedule.milestones)}
        curriculum = [dataclasses.asdict(stage) for stage in self.curriculum]
        return values | {
            "learning_rates": dict(self.learning_rates),
            "schedule": schedule,
            "curriculum": curriculum,
        }


def _rates(main: float, backbone: float, text: float) -> Mapping[str, float]:
    return MappingProxyType({"main": main, "backbone": backbone, "text": text})


def _cuts(*milestones: float, gamma: float = 0.1) -> Schedule:
    return Schedule(kind="multistep", milestones=milestones, gamma=gamma)


_YTVOS = Recipe(
    learning_rates=_rates(1e-4, 1e-5, 5e-6),
    epochs=30,
    batch_size=8,
    schedule=_cuts(20 / 30),
    frames=8,
    window="consecutive",
    short_side=360,
    max_side=640,
    mirror=UPSTREAM_MIRROR,
)
_A2D = dataclasses.replace(
    _YTVOS,
    learning_rates=_rates(5e-4, 5e-5, 5e-6),
    epochs=40,
    batch_size=4,
    schedule=_cuts(15 / 40, gamma=0.2),
    window="centred",
    short_side=320,
    max_side=576,
    with_other_objects=False,
)

UPSTREAM: Mapping[str, Recipe] = MappingProxyType(
    {
        "ytvos": _YTVOS,
        "ytvos-finetune": dataclasses.replace(_YTVOS, epochs=25, schedule=_cuts(10 / 25)),
        "a2d": _A2D,
        "a2d-finetune": dataclasses.replace(
            _A2D, learning_rates=_rates(3e-5, 3e-6, 1e-6), epochs=20, batch_size=8, schedule=Schedule()
        ),
        "refcoco": dataclasses.replace(
            _YTVOS, batch_size=64, frames=1, mirror=0.5, schedule=_cuts(15 / 30, 20 / 30)
        ),
    }
)
"""Upstream's settings by what they train on. `batch_size` is upstream's per GPU times its number of GPUs."""

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "soc-demo": Recipe(
            # The text encoder learns more slowly, as upstream's does: at the others' rate it turns all
            # expressions into one before the pixels mean anything.
            learning_rates=_rates(5e-4, 5e-4, 2e-4),
            steps=1400,
            max_seconds=250.0,
            batch_size=6,
            curriculum=(
                Stage(share=0.3, frames=1, batch_size=12, longest_expression=3),
                Stage(share=0.55, frames=1, batch_size=12),
            ),
            schedule=Schedule(kind="cosine", warm_up=0.03, floor=0.03),
            with_other_objects=False,
            frames=3,
            window="consecutive",
            short_side=64,
            max_side=128,
            mirror=0.5,
        ),
        "soc-video-swin-t": UPSTREAM["ytvos"],
        "soc-video-swin-s": UPSTREAM["ytvos"],
        "soc-video-swin-b": UPSTREAM["ytvos"],
    }
)
"""The recipe that `rvos train` uses for a preset."""


def recipe_for(name: str) -> Recipe:
    """The recipe of a preset, or one of upstream's by what it trains on.

    Raises:
        UnknownNameError: there is none.
    """
    recipes = {**UPSTREAM, **RECIPES}
    if name not in recipes:
        raise UnknownNameError(unknown("recipe", name, list(recipes)))
    return recipes[name]
