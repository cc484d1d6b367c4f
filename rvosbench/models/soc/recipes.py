"""How SOC is trained: one recipe per preset, and upstream's table as data.

Source of the full recipes: the README and configs of SOC (NeurIPS 2023). Where the two disagree, the
README's value stands.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from rvosbench.plugins.recipe import Recipe, Schedule, Stage

UPSTREAM_MIRROR = 0.30854
"""Upstream mirrors when a standard normal draw exceeds 0.5, which is this probability, not one half."""


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

DEMO = Recipe(
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
)
"""Minutes on two CPU cores, on the synthetic scenes of `rvos demo`."""
