"""What a model must offer to be plugged in: a `ModelSpec`, which loads a `Segmenter`.

A model that can be trained also says how one is made and saved, and which sizes there are; what it loads
then is a `TrainableSegmenter`. `rvosbench.testing.check_model` tries all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from rvosbench.plugins.options import NoOptions, check_options_class
from rvosbench.plugins.recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor

    from rvosbench.types import Batch, Clip, Segmentation


@runtime_checkable
class Segmenter(Protocol):
    """A model that answers expressions about a clip."""

    def segment(self, clip: Clip, expressions: Sequence[str], candidates: int = 1) -> Sequence[Segmentation]:
        """Answer all expressions about one clip at once, so that the pixels need one look.

        Args:
            clip: the frames, and the positions to answer for.
            expressions: as released; the model does its own text normalisation.
            candidates: how many ranked masks per expression the caller wants, at most.

        Returns:
            One `Segmentation` per expression, in order.
        """
        ...


@runtime_checkable
class TrainableSegmenter(Segmenter, Protocol):
    """A `Segmenter` that `rvosbench.training` can train.

    It is an `nn.Module`, or has a method `module()` that gives the one to train. Its parameters form one
    optimiser group per learning rate of the recipe: those whose name starts with the rate's ("backbone.")
    learn at that rate, all others at "main". A method `parameter_groups(learning_rates)` that returns the
    optimiser's groups (`params`, `lr`, `name`) replaces that rule.
    """

    def losses(self, batch: Batch) -> Mapping[str, Tensor]:
        """Weighted losses, each a scalar; training minimises the sum of the values."""
        ...


class Trait(StrEnum):
    """What sets a model apart, for whoever shows or checks its scores. Recorded in run.json."""

    ORACLE = "oracle"
    """Reads the ground-truth objects in `Clip.objects`."""
    LANGUAGE_BLIND = "language-blind"
    """Answers without reading the expression."""
    EMPTY_ANSWERS = "empty-answers"
    """May answer with empty masks alone; from any other model that is taken for a mistake."""
    NEEDS_CHECKPOINT = "needs-checkpoint"
    """Has weights, which come from a checkpoint."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What a model is loaded with, besides its checkpoint."""

    options: Any = field(default_factory=NoOptions)  # an instance of the spec's `options`
    device: str = "cpu"
    seed: int = 0  # for models that draw at random


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """A size of a model that has a name, and how that size is trained."""

    summary: str  # one line for `rvos list presets`
    recipe: Recipe
    configuration: Any = None  # the model's own; what `Training.create` is given


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """How a model with fresh weights is made, and how one is kept."""

    create: Callable[[Any, int], TrainableSegmenter]
    """(a preset's configuration, seed) -> a model with fresh weights, on the CPU. Called with torch's
    generator seeded, so that `seed` may be ignored."""
    save: Callable[[Any, Path], None]
    """Write the model as a new folder that `ModelSpec.load` reads."""
    load_backbone: Callable[[Any, Path], None] | None = None
    """Fill the backbone of a model that `create` made from a file of pretrained weights.

    Raises:
        CheckpointError: the file does not hold this model's backbone.
    """


def _no_settings(segmenter: Any) -> Mapping[str, object]:
    return {}


def _one_candidate(segmenter: Any) -> int:
    return 1


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """A model as the registry holds it. Importing it should not import torch: `rvos list` does.

    Example:
        >>> def load(checkpoint, request):
        ...     from my_package.net import MyNet  # torch is imported here
        ...     return MyNet.read(checkpoint).to(request.device)
        >>> spec = ModelSpec(summary="mine", load=load, traits=frozenset({Trait.NEEDS_CHECKPOINT}))
    """

    summary: str  # one line for `rvos list models`

    load: Callable[[Path | None, Load], Segmenter]
    """(checkpoint, what else) -> a model ready to answer; the checkpoint is None without the trait
    NEEDS_CHECKPOINT.

    Raises:
        MissingPathError: there is no such checkpoint.
        CheckpointError: it is not one of this model.
    """

    options: type = NoOptions
    """The record of what changes answers without changing weights, see `plugins.options`; `-o KEY=VALUE`."""

    traits: frozenset[Trait] = frozenset()

    candidates: Callable[[Any], int] = _one_candidate
    """How many ranked masks per expression a loaded model can give."""

    settings: Callable[[Any], Mapping[str, object]] = _no_settings
    """What decides a loaded model's answers besides its weights; plain JSON types for run.json."""

    presets: Mapping[str, Preset] = field(default_factory=lambda: MappingProxyType({}))
    """The sizes that can be trained, by names that no other model's preset should have; the first is the
    one that `rvos train` takes by itself."""

    training: Training | None = None

    @property
    def is_oracle(self) -> bool:
        """Whether a loaded model wants the ground-truth objects."""
        return Trait.ORACLE in self.traits

    @property
    def needs_checkpoint(self) -> bool:
        """Whether a model must be loaded from a checkpoint."""
        return Trait.NEEDS_CHECKPOINT in self.traits

    def check(self) -> None:
        """Refuse a record with parts of the wrong kind.

        Raises:
            ValueError: what was found and what was expected.
        """
        if not isinstance(self.summary, str) or not self.summary.strip() or "\n" in self.summary:
            raise ValueError(f"its summary is {self.summary!r}, expected one line of text")
        for name in ("load", "candidates", "settings"):
            _check_callable(name, getattr(self, name))
        check_options_class(self.options)
        if not isinstance(self.traits, frozenset) or not all(isinstance(t, Trait) for t in self.traits):
            raise ValueError(f"its traits are {self.traits!r}, expected a frozenset of Trait")
        presets = self.presets
        if not isinstance(presets, Mapping) or not all(isinstance(p, Preset) for p in presets.values()):
            raise ValueError(f"its presets are {presets!r}, expected names with a Preset each")
        if self.training is None:
            if presets:
                raise ValueError("it has presets and no `training`, expected both or neither")
            return
        if not isinstance(self.training, Training):
            raise ValueError(f"its training is {type(self.training).__name__}, expected Training or None")
        if not presets:
            raise ValueError("it has `training` and no presets, expected both or neither")
        if not self.needs_checkpoint:
            raise ValueError("it can be trained, expected the trait NEEDS_CHECKPOINT")
        _check_callable("training.create", self.training.create)
        _check_callable("training.save", self.training.save)
        if self.training.load_backbone is not None:
            _check_callable("training.load_backbone", self.training.load_backbone)


def _check_callable(name: str, value: object) -> None:
    if not callable(value):
        raise ValueError(f"its {name} is {type(value).__name__}, expected a function")
