"""A model by its name, ready to answer: what `rvos predict`, `rvos segment` and notebooks load."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from rvosbench.errors import CheckpointError, MissingPathError, PluginError, ShapeError
from rvosbench.files.locations import local_path
from rvosbench.models.answers import check_answers
from rvosbench.models.precision import check_precision, computing_in
from rvosbench.plugins.model import Load, ModelSpec, Segmenter, Trait
from rvosbench.plugins.options import options_as_json, parse_options
from rvosbench.plugins.registry import MODELS
from rvosbench.runs.content import weights_of
from rvosbench.types import Clip, Segmentation


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Model:
    """A loaded model. Its answers are checked: whoever asks may rely on their number, shapes and types."""

    name: str
    spec: ModelSpec
    segmenter: Segmenter  # what the spec loaded
    options: object  # an instance of `spec.options`
    checkpoint: Path | None
    device: str
    precision: str

    @property
    def traits(self) -> frozenset[Trait]:
        """What sets the model apart."""
        return self.spec.traits

    @property
    def candidates(self) -> int:
        """How many ranked candidates per expression it can give.

        Raises:
            PluginError: the model says something else than a whole number of at least 1.
        """
        available = self.spec.candidates(self.segmenter)
        if not isinstance(available, int) or available < 1:
            raise PluginError(
                f"the model '{self.name}' says that it has {available!r} candidates, expected a whole number "
                "of at least 1"
            )
        return available

    @property
    def settings(self) -> Mapping[str, object]:
        """What decides its answers besides its weights, in plain JSON types; with the options given.

        Raises:
            PluginError: the model's settings are no plain JSON types.
        """
        given, defaults = options_as_json(self.options), options_as_json(self.spec.options())
        chosen = {name: value for name, value in given.items() if value != defaults[name]}
        settings = {**chosen, **self.spec.settings(self.segmenter)}
        try:
            json.dumps(settings, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise PluginError(
                f"the settings of the model '{self.name}' are no plain JSON ({error}): {settings!r}"
            ) from error
        return settings

    @overload
    def segment(  # type: ignore[overload-overlap]  # a str is a Sequence[str], and means one expression
        self, clip: Clip | NDArray[np.uint8], expressions: str, candidates: int = 1
    ) -> Segmentation: ...

    @overload
    def segment(
        self, clip: Clip | NDArray[np.uint8], expressions: Sequence[str], candidates: int = 1
    ) -> list[Segmentation]: ...

    def segment(
        self, clip: Clip | NDArray[np.uint8], expressions: str | Sequence[str], candidates: int = 1
    ) -> Segmentation | list[Segmentation]:
        """Answer expressions about one clip.

        Args:
            clip: a clip, or (T, H, W, 3) uint8 RGB frames that all want an answer.
            expressions: one, or several that are answered at once.
            candidates: ranked masks per expression, at most.

        Returns:
            The answer to one expression; for several a list, in order. Masks are (N, K, H, W) bool, best
            candidate first; `masks[0]` is the answer.

        Raises:
            ShapeError: the frames are not of that shape; the model answered in a wrong one.
        """
        asked = [expressions] if isinstance(expressions, str) else list(expressions)
        clip = clip if isinstance(clip, Clip) else clip_of(clip)
        with computing_in(self.precision, self.device):
            answers = list(self.segmenter.segment(clip, asked, candidates))
        check_answers(answers, clip, asked, candidates, model=self.name)
        return answers[0] if isinstance(expressions, str) else answers

    def __repr__(self) -> str:
        weights = f", from {self.checkpoint}" if self.checkpoint else ""
        settings = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        return f"<model {self.name} on {self.device}{weights}{f' ({settings})' if settings else ''}>"


def load_model(
    name: str,
    checkpoint: str | Path | None = None,
    *,
    device: str = "cpu",
    precision: str = "fp32",
    seed: int = 0,
    options: Mapping[str, object] | None = None,
) -> Model:
    """The model `name` of the registry, ready to answer.

    Args:
        name: in the model registry.
        checkpoint: for models that have weights: a folder, a trained run, or a file that the model knows.
        device: "cpu", "cuda" ...
        precision: one of `rvosbench.plugins.recipe.PRECISIONS`.
        seed: for models that draw at random.
        options: what changes the model's answers without changing its weights; `rvos list models` shows
            them. Text is read as on the command line.

    Raises:
        UnknownNameError: no such model, option, precision or device.
        OptionError: an option with a wrong value.
        LocationError: the checkpoint is not on this machine.
        MissingPathError: it needs a checkpoint, or the checkpoint is gone.
        CheckpointError: the model has no use for a checkpoint, or it is another model's.
        PluginError: what the model loads cannot answer.

    Example:
        >>> model = load_model("centre")
        >>> answer = model.segment(np.zeros((2, 8, 12, 3), np.uint8), "the red dog")
        >>> answer.masks.shape, int(answer.masks[0, 0].sum())
        ((1, 2, 8, 12), 24)
    """
    checkpoint = None if checkpoint is None else weights_of(local_path(checkpoint))
    spec, parsed = check_model(name, checkpoint, options)
    check_precision(precision)
    segmenter = spec.load(checkpoint, Load(options=parsed, device=device, seed=seed))
    if not isinstance(segmenter, Segmenter):
        raise PluginError(
            f"the model '{name}' loaded an instance of {type(segmenter).__name__}, expected an object with a "
            "method segment"
        )
    return Model(
        name=name,
        spec=spec,
        segmenter=segmenter,
        options=parsed,
        checkpoint=checkpoint,
        device=device,
        precision=precision,
    )


def check_model(
    name: str, checkpoint: Path | None, options: Mapping[str, object] | None = None
) -> tuple[ModelSpec, object]:
    """The spec and the options record; refuses what `load_model` would refuse, before torch is imported.

    Raises:
        UnknownNameError: no such model or option.
        OptionError: an option with a wrong value.
        MissingPathError: it needs a checkpoint.
        CheckpointError: it has no weights.
    """
    spec = MODELS[name]
    if checkpoint is None and spec.needs_checkpoint:
        raise MissingPathError(
            f"the model '{name}' needs a checkpoint; name the folder that rvos train wrote with --checkpoint"
        )
    if checkpoint is not None and not spec.needs_checkpoint:
        raise CheckpointError(f"the model '{name}' has no weights; leave --checkpoint {checkpoint} out")
    return spec, parse_options(spec.options, options or {}, owner=f"the model '{name}'")


def clip_of(frames: NDArray[np.uint8], name: str = "clip") -> Clip:
    """A clip of frames that all want an answer.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        name: what messages call it.

    Raises:
        ShapeError: they are something else.
    """
    frames = np.asarray(frames)
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or not frames.size:
        raise ShapeError(
            f"the frames are {frames.shape} {frames.dtype}; expected (frames, height, width, 3) uint8 RGB"
        )
    everywhere = tuple(range(len(frames)))
    return Clip(video_id=name, frames=frames, frame_indices=everywhere, wanted=everywhere)
