"""Whether a model can be trained, and is kept as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rvosbench.loader import Centred, Samples, collate
from rvosbench.media.resize import Side
from rvosbench.models.loading import load_model
from rvosbench.plugins.model import ModelSpec, TrainableSegmenter
from rvosbench.plugins.recipe import Recipe, Schedule
from rvosbench.store import Store
from rvosbench.testing.failure import expect
from rvosbench.testing.tiny_clips import clip
from rvosbench.testing.tiny_store import HEIGHT, WIDTH, tiny_store
from rvosbench.training import train
from rvosbench.training.modules import module_of, parameter_groups
from rvosbench.types import Batch

_SEED = 3


def fresh(spec: ModelSpec, preset: str, seed: int) -> TrainableSegmenter:
    """A model with fresh weights, made as training makes it."""
    assert spec.training is not None
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return spec.training.create(spec.presets[preset].configuration, seed)


def training_claims(
    name: str, spec: ModelSpec, preset: str, folder: Path, device: str
) -> Iterator[tuple[str, Callable[[], None]]]:
    """What a trainable model promises, and how each promise is tried."""
    store = tiny_store(folder / "store")

    def is_trainable() -> None:
        segmenter = fresh(spec, preset, _SEED)
        expect(
            isinstance(segmenter, TrainableSegmenter),
            f"create gave {type(segmenter).__name__}; expected the methods segment and losses",
        )
        module_of(segmenter)

    def follows_the_seed() -> None:
        one, same = (_weights(fresh(spec, preset, _SEED)) for _ in range(2))
        expect(_equal(one, same), "the same seed gave other weights")

    def has_losses() -> None:
        segmenter = fresh(spec, preset, _SEED)
        module_of(segmenter).train()
        losses = segmenter.losses(_batch(store))
        expect(isinstance(losses, Mapping) and losses, f"losses gave {type(losses).__name__}")
        for loss, value in losses.items():
            expect(isinstance(value, Tensor) and value.ndim == 0, f"the loss {loss!r} is no scalar tensor")
            expect(value.isfinite().item(), f"the loss {loss!r} is {value.item()}")
        total = sum(losses.values())
        expect(
            isinstance(total, Tensor) and total.requires_grad, "no loss depends on a parameter that learns"
        )

    def groups_its_parameters() -> None:
        segmenter = fresh(spec, preset, _SEED)
        groups = parameter_groups(segmenter, spec.presets[preset].recipe.learning_rates)
        listed = [id(parameter) for group in groups for parameter in group["params"]]
        learning = [id(p) for p in module_of(segmenter).parameters() if p.requires_grad]
        expect(len(set(listed)) == len(listed), "a parameter is in two groups")
        expect(set(listed) == set(learning), f"{len(listed)} parameters are in groups, {len(learning)} learn")

    def trains() -> None:
        recipe = _short(spec.presets[preset].recipe)
        result = train(name, store, out=folder / "run", preset=preset, recipe=recipe, device=device)
        before = _weights(fresh(spec, preset, recipe.seed))
        loaded = load_model(name, result.checkpoint).segmenter
        if isinstance(loaded, TrainableSegmenter):
            expect(not _equal(before, _weights(loaded)), "one step changed no weight")

    def keeps_what_it_saved() -> None:
        assert spec.training is not None
        made = fresh(spec, preset, _SEED)
        module_of(made).eval()
        spec.training.save(made, folder / "kept")
        loaded = load_model(name, folder / "kept").segmenter
        expressions = ["the red square", "the blue one"]
        for one, other in zip(
            made.segment(clip(), expressions, 1), loaded.segment(clip(), expressions, 1), strict=True
        ):
            same = np.array_equal(one.masks, other.masks) and np.array_equal(one.scores, other.scores)
            expect(same, "the loaded model answers otherwise than the one that was saved")

    yield "training.create gives a model that can be trained", is_trainable
    yield "training.create gives the same weights for the same seed", follows_the_seed
    yield "its losses are finite scalars by name, and depend on its parameters", has_losses
    yield "every parameter that learns is in one group of the recipe's learning rates", groups_its_parameters
    yield "a step of training changes its weights and leaves a checkpoint that loads", trains
    yield "what training.save wrote answers as the model that was saved", keeps_what_it_saved


def _short(recipe: Recipe) -> Recipe:
    """One step of a recipe on the tiny store."""
    return replace(
        recipe,
        steps=1,
        max_seconds=None,
        batch_size=2,
        frames=min(recipe.frames, 3),
        short_side=HEIGHT,
        max_side=WIDTH,
        curriculum=(),
        schedule=Schedule(),
    )


def _batch(store: Store) -> Batch:
    samples = Samples(store, "train", Centred(3), side=Side(HEIGHT, WIDTH), seed=0)
    return collate([samples[0, 0], samples[0, 1]])


def _weights(segmenter: TrainableSegmenter) -> dict[str, Tensor]:
    return {name: value.detach().cpu() for name, value in module_of(segmenter).state_dict().items()}


def _equal(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(value, other[name]) for name, value in one.items())
