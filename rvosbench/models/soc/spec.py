"""The registry's entry for SOC. Importing it imports no torch; using it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rvosbench.errors import CheckpointError, MissingPathError
from rvosbench.models.soc.config import SOCConfig
from rvosbench.models.soc.presets import PRESETS
from rvosbench.plugins.model import Load, ModelSpec, Training, Trait

if TYPE_CHECKING:
    from rvosbench.models.soc.segmenter import SOCSegmenter
    from rvosbench.plugins.model import Segmenter


@dataclass(frozen=True, kw_only=True)
class SOCOptions:
    """What changes SOC's answers without changing its weights. Unset: as the checkpoint says."""

    text_encoder: str | None = field(
        default=None,
        metadata={"help": "for a file of the original: its text encoder, a folder or a name on the hub"},
    )
    answer_layer: Literal["first", "last"] | None = field(
        default=None, metadata={"help": "decoder layer that answers; published scores: first"}
    )
    eval_short_side: int | None = field(
        default=None, metadata={"help": "px that the short side of videos is scaled to"}
    )
    eval_max_side: int | None = field(default=None, metadata={"help": "px that the long side may have"})
    eval_frames: int | None = field(
        default=None, metadata={"help": "frames that are answered together; 0: the whole clip"}
    )
    cluster_window: int | None = field(
        default=None, metadata={"help": "frames that attend to one another; 0: all"}
    )

    def __post_init__(self) -> None:
        SOCConfig(**self.settings())  # type: ignore[arg-type]  # refuses numbers out of range

    def settings(self) -> dict[str, object]:
        """The fields of `SOCConfig` that were chosen."""
        chosen = {name: getattr(self, name) for name in SETTINGS}
        return {name: value for name, value in chosen.items() if value is not None}


SETTINGS = ("answer_layer", "eval_short_side", "eval_max_side", "eval_frames", "cluster_window")
"""The fields of `SOCConfig` that decide answers besides the weights."""


def _create(configuration: SOCConfig, seed: int) -> SOCSegmenter:
    """A SOC with fresh weights on the CPU, in training mode.

    The text encoder of the full presets is pretrained, and downloaded when it is not in the model hub's
    cache.

    Raises:
        MissingPathError: the text encoder is not here and cannot be downloaded.
    """
    from rvosbench.models.soc import checkpoint
    from rvosbench.models.soc.segmenter import SOCSegmenter

    return SOCSegmenter(checkpoint.create(configuration, seed=seed).train())


def _load(checkpoint: Path | None, request: Load) -> SOCSegmenter:
    """A trained SOC in evaluation mode; the seed changes nothing, answering is deterministic.

    Raises:
        MissingPathError: there is no such checkpoint or text encoder, or none was named.
        CheckpointError: it is not one of SOC, or damaged; or a folder of ours, which has a text encoder.
        FormatError: another version wrote it.
        UnknownNameError: no such device.
    """
    if checkpoint is None:
        raise MissingPathError(
            "soc needs a checkpoint: a folder made by `rvos train soc`, or a file of the original SOC"
        )
    from rvosbench.models.soc import checkpoint as checkpoints
    from rvosbench.models.soc.segmenter import SOCSegmenter

    options = request.options if isinstance(request.options, SOCOptions) else SOCOptions()
    model = checkpoints.load(
        checkpoint, request.device, text_encoder=options.text_encoder, settings=options.settings()
    )
    return SOCSegmenter(model)


def _save(model: Segmenter, folder: Path) -> None:
    """Write a checkpoint folder that `_load` reads, at once or not at all.

    Raises:
        CheckpointError: `model` is not a SOC.
        OutputError: the folder is taken or cannot be written.
    """
    from rvosbench.models.soc import checkpoint

    checkpoint.save(_soc(model).model, folder)


def _load_backbone(model: Segmenter, path: Path) -> None:
    """Fill the backbone from a published Video Swin file, trained on Kinetics.

    Raises:
        MissingPathError: there is no such file.
        CheckpointError: it is no such file or of another size; `model` is not a SOC.
    """
    from rvosbench.models.soc import kinetics

    kinetics.load_backbone(_soc(model).model.backbone, path)


def _settings(model: Segmenter) -> Mapping[str, object]:
    """The fields of the config that change answers and shape no weight."""
    config = _soc(model).model.config
    return {name: getattr(config, name) for name in SETTINGS}


def _candidates(model: Segmenter) -> int:
    """Every query is a candidate."""
    return _soc(model).model.config.queries


def _soc(model: Segmenter) -> SOCSegmenter:
    from rvosbench.models.soc.segmenter import SOCSegmenter

    if not isinstance(model, SOCSegmenter):
        raise CheckpointError(f"a {type(model).__name__} is no SOC; use its own spec")
    return model


SPEC = ModelSpec(
    summary="SOC, Semantic-Assisted Object Cluster (NeurIPS 2023); trainable",
    load=_load,
    options=SOCOptions,
    traits=frozenset({Trait.NEEDS_CHECKPOINT}),
    candidates=_candidates,
    settings=_settings,
    presets=PRESETS,
    training=Training(create=_create, save=_save, load_backbone=_load_backbone),
)
