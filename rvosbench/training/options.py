"""What a training run may be told, and what it comes to for a model."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from rvosbench.errors import TrainingError, UnknownNameError
from rvosbench.plugins.model import ModelSpec, Preset, Training
from rvosbench.plugins.recipe import Recipe
from rvosbench.plugins.registry import MODELS, unknown

_OF_THE_RECIPE = ("steps", "max_seconds", "batch_size", "seed", "precision")


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainOptions:
    """Everything about a training run that has a default."""

    preset: str | None = None  # None: the model's first
    recipe: Recipe | None = None  # None: the preset's

    steps: int | None = None  # this and the next four: instead of the recipe's
    max_seconds: float | None = None
    batch_size: int | None = None
    seed: int | None = None
    precision: str | None = None

    device: str = "cpu"  # or "cuda", "cuda:N"
    workers: int = 0  # processes that read samples; 0 reads in this one
    threads: int | None = None  # torch's threads while training; None leaves them alone
    backbone: str | Path | None = None  # a file of pretrained weights for the model's backbone
    resume: bool = False  # go on from the last state; a finished run is returned as it is


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Which model is trained how."""

    model: str
    training: Training
    preset: str
    configuration: object
    recipe: Recipe


def plan(model: str, options: TrainOptions) -> Plan:
    """What the options come to.

    Raises:
        UnknownNameError: no such model or preset.
        TrainingError: the model cannot be trained; or a number that no recipe can have.
    """
    spec = MODELS[model]
    training = _training(model, spec)
    name = options.preset or next(iter(spec.presets))
    preset = _preset(model, spec, name)
    given = {key: value for key in _OF_THE_RECIPE if (value := getattr(options, key)) is not None}
    try:
        recipe = dataclasses.replace(options.recipe or preset.recipe, **given)
    except ValueError as error:
        raise TrainingError(f"the recipe of {name} cannot be changed like this: {error}") from error
    return Plan(
        model=model, training=training, preset=name, configuration=preset.configuration, recipe=recipe
    )


def _training(model: str, spec: ModelSpec) -> Training:
    if spec.training is None:
        broken = MODELS.broken()
        trainable = [name for name in MODELS if name not in broken and MODELS[name].training]
        raise TrainingError(
            f"the model '{model}' cannot be trained; those that can: {', '.join(trainable) or 'none'}"
        )
    return spec.training


def _preset(model: str, spec: ModelSpec, name: str) -> Preset:
    if name not in spec.presets:
        raise UnknownNameError(unknown(f"preset of {model}", name, list(spec.presets)))
    return spec.presets[name]
