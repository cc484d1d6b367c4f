"""A model by its name, ready to answer: what `rvos predict` and `rvos segment` load."""

from __future__ import annotations

from pathlib import Path

from rvosbench.errors import CheckpointError, MissingPathError
from rvosbench.plugins.contracts import ModelFactory, Segmenter, TextEncoderFactory
from rvosbench.plugins.registry import MODELS


def load_model(
    name: str,
    checkpoint: Path | None,
    *,
    device: str = "cpu",
    seed: int = 0,
    text_encoder: str | None = None,
) -> Segmenter:
    """The model `name` of the registry.

    Args:
        name: in the model registry.
        checkpoint: for models that need one.
        device: "cpu", "cuda" ...
        seed: for models that draw at random.
        text_encoder: where the configuration and the tokenizer of the text encoder come from, for a
            checkpoint that lacks them: a folder, or a name on the model hub.

    Raises:
        UnknownNameError: no such model.
        MissingPathError: it needs a checkpoint.
        CheckpointError: the model has no use for a checkpoint, or the model or the checkpoint none for
            `text_encoder`; see also `ModelFactory.load`.
    """
    check_checkpoint(name, checkpoint)
    factory: ModelFactory = MODELS[name]
    if text_encoder is None:
        return factory.load(checkpoint, device=device, seed=seed)
    if not isinstance(factory, TextEncoderFactory):
        raise CheckpointError(
            f"the model '{name}' takes no text encoder; leave --text-encoder {text_encoder} out"
        )
    return factory.load_with_text_encoder(checkpoint, text_encoder, device=device, seed=seed)


def check_checkpoint(name: str, checkpoint: Path | None) -> None:
    """Refuse a model without the weights that it needs, or with some that it would ignore.

    Raises:
        UnknownNameError: no such model.
        MissingPathError: it needs a checkpoint.
        CheckpointError: it has no weights.
    """
    factory: ModelFactory = MODELS[name]
    if checkpoint is None and factory.needs_checkpoint:
        raise MissingPathError(
            f"the model '{name}' needs a checkpoint; name the folder that rvos train wrote with --checkpoint"
        )
    if checkpoint is not None and not factory.needs_checkpoint:
        raise CheckpointError(f"the model '{name}' has no weights; leave --checkpoint {checkpoint} out")
