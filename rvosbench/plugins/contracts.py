"""What a model must offer to be plugged in. Small protocols.

`Segmenter` is implemented once per model; `ModelFactory` is what the model registry holds, so that listing
and loading models costs no import of torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from rvosbench.types import Batch, Clip, Segmentation

if TYPE_CHECKING:
    from torch import Tensor, nn


@runtime_checkable
class Segmenter(Protocol):
    """A model that answers expressions about a clip."""

    def segment(self, clip: Clip, expressions: Sequence[str], candidates: int = 1) -> Sequence[Segmentation]:
        """Answer all expressions about one clip at once, so that the pixels need one look.

        Args:
            clip: the frames, and the positions to answer for.
            expressions: expressions as released; the model does its own text normalisation.
            candidates: how many ranked masks per expression the caller wants, at most.

        Returns:
            One `Segmentation` per expression, in order.
        """
        ...


@runtime_checkable
class TrainableSegmenter(Segmenter, Protocol):
    """A `Segmenter` that is also an `nn.Module` and can be trained by `rvosbench.training`."""

    def losses(self, batch: Batch) -> Mapping[str, Tensor]:
        """Weighted losses; training minimises the sum of the values."""
        ...

    def parameter_groups(self, learning_rates: Mapping[str, float]) -> list[dict[str, object]]:
        """Optimiser groups (`params`, `lr`, `name`); the keys are this model's own part names."""
        ...

    def module(self) -> nn.Module:
        """The module whose parameters are trained and whose `train()` / `eval()` is called."""
        ...


@runtime_checkable
class ModelFactory(Protocol):
    """The model registry's entry: makes a `Segmenter`. Importing it must not import torch."""

    summary: str  # one line for `rvos list models`
    needs_checkpoint: bool
    is_oracle: bool  # reads the ground-truth objects in `Clip.objects`

    def load(self, checkpoint: Path | None, *, device: str, seed: int) -> Segmenter:
        """A model ready to answer."""
        ...


@runtime_checkable
class ConfigurableFactory(ModelFactory, Protocol):
    """A factory whose models answer differently with the same weights."""

    def settings(self, model: Segmenter) -> Mapping[str, object]:
        """What decides a loaded model's answers besides its weights; plain JSON types for run.json."""
        ...


@runtime_checkable
class TextEncoderFactory(ModelFactory, Protocol):
    """A factory some of whose checkpoints lack the text encoder's configuration and tokenizer."""

    def load_with_text_encoder(
        self, checkpoint: Path | None, text_encoder: str, *, device: str, seed: int
    ) -> Segmenter:
        """As `load`, with the missing files taken from a folder, or from a name on the model hub.

        Raises:
            CheckpointError: the checkpoint has a text encoder of its own.
        """
        ...


@runtime_checkable
class TrainableFactory(ModelFactory, Protocol):
    """A factory whose models can be trained from a named preset."""

    presets: tuple[str, ...]

    def create(self, preset: str, *, seed: int) -> TrainableSegmenter:
        """A model with fresh weights, a pure function of (preset, seed)."""
        ...

    def save(self, model: Segmenter, folder: Path) -> None:
        """Write the model as a checkpoint folder that `load` reads (`model.safetensors`, `config.json`)."""
        ...


@runtime_checkable
class BackboneFactory(TrainableFactory, Protocol):
    """A `TrainableFactory` whose models may start from a pretrained backbone."""

    def load_backbone(self, model: Segmenter, path: Path) -> None:
        """Fill the backbone of a model that `create` made.

        Raises:
            CheckpointError: the file does not hold this model's backbone.
        """
        ...
