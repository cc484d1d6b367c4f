"""What is trained of a model: its module, and the optimiser's groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from rvosbench.errors import TrainingError
from rvosbench.plugins.model import TrainableSegmenter

MAIN = "main"
"""The learning rate of every parameter that no other rate is meant for."""


def module_of(segmenter: TrainableSegmenter) -> nn.Module:
    """The module whose parameters are trained and whose `train()` and `eval()` are called.

    Raises:
        TrainingError: the model has none.
    """
    if isinstance(segmenter, nn.Module):
        return segmenter
    module = getattr(segmenter, "module", None)
    trained = module() if callable(module) else None
    if not isinstance(trained, nn.Module):
        raise TrainingError(
            f"{type(segmenter).__name__} is no torch.nn.Module and has no method module() that gives one"
        )
    return trained


def parameter_groups(
    segmenter: TrainableSegmenter, learning_rates: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Optimiser groups of the parameters that learn, each with `params`, `lr` and `name`.

    The model's own `parameter_groups` if it has one. Else a learning rate is for the parameters whose name
    starts with its own, and "main" for all others; a rate without a parameter that learns has no group.

    Raises:
        TrainingError: a parameter that learns has no rate, or a rate names no part of the model.
    """
    own = getattr(segmenter, "parameter_groups", None)
    if callable(own):
        groups: list[dict[str, Any]] = own(learning_rates)
        return groups
    parameters: dict[str, list[nn.Parameter]] = {name: [] for name in learning_rates}
    parts: set[str] = {MAIN}
    for name, parameter in module_of(segmenter).named_parameters():
        prefixes = [name[:end] for end, character in enumerate(name) if character == "."]
        parts |= {*prefixes, name}
        group = next((part for part in (name, *reversed(prefixes)) if part in parameters), MAIN)
        if not parameter.requires_grad:
            continue
        if group not in parameters:
            raise TrainingError(
                f"the recipe has no learning rate for {name}; expected one for '{MAIN}' or for a part that "
                f"the name starts with, it has: {', '.join(learning_rates) or 'none'}"
            )
        parameters[group].append(parameter)
    strange = sorted(set(learning_rates) - parts)
    if strange:
        children = ", ".join(name for name, _ in module_of(segmenter).named_children())
        raise TrainingError(
            f"the recipe has a learning rate for '{strange[0]}', which is no part of the model; expected "
            f"'{MAIN}' or one of: {children}"
        )
    return [
        {"params": parameters[name], "lr": learning_rates[name], "name": name}
        for name in learning_rates
        if parameters[name]
    ]
