"""A model that can be trained, with its preset and recipe; torch is imported when it is used."""

from rvosbench.plugins.lazily import lazily
from rvosbench.plugins.model import ModelSpec, Preset, Training, Trait
from rvosbench.plugins.recipe import Recipe

RECIPE = Recipe(learning_rates={"main": 0.05}, steps=40, batch_size=2, frames=2, short_side=24, max_side=48)
SPEC = ModelSpec(
    summary="a toy: colours times words",
    load=lazily("rvos_toy.net:load"),
    traits=frozenset({Trait.NEEDS_CHECKPOINT}),
    presets={"toynet-tiny": Preset(summary="64 words", configuration=64, recipe=RECIPE)},
    training=Training(create=lazily("rvos_toy.net:ToyNet"), save=lazily("rvos_toy.net:save")),
)
