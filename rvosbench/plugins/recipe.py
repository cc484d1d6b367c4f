"""How long, how fast and on what a model is trained: pure data, which knows no model and loads no torch."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Precision = Literal["fp32", "bf16"]
"""Weights stay float32; under "bf16" matrix products and convolutions take bfloat16."""

PRECISIONS: tuple[Precision, ...] = get_args(Precision)

WindowName = Literal["centred", "consecutive", "spread"]
"""How clips are cut from a video; `rvosbench.loader.windows` says what each does."""

WINDOW_NAMES: tuple[WindowName, ...] = get_args(WindowName)


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

    learning_rates: Mapping[str, float]  # by the model's own names for its parts
    batch_size: int = 8  # clips per step, over all processes
    frames: int = 8  # T of a training clip
    window: WindowName = "consecutive"
    short_side: int = 360  # px
    max_side: int = 640  # px
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
        if self.window not in WINDOW_NAMES:
            raise ValueError(f"window is one of {', '.join(WINDOW_NAMES)}, got {self.window!r}")
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

    def as_json(self) -> dict[str, Any]:
        """Plain values, as they stand in run.json."""
        values = {entry.name: getattr(self, entry.name) for entry in dataclasses.fields(self)}
        schedule = dataclasses.asdict(self.schedule) | {"milestones": list(self.schedule.milestones)}
        curriculum = [dataclasses.asdict(stage) for stage in self.curriculum]
        return values | {
            "learning_rates": dict(self.learning_rates),
            "schedule": schedule,
            "curriculum": curriculum,
        }
