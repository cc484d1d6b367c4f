"""The registry's entry for SOC. Importing it imports no torch; using it does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rvosbench.errors import CheckpointError, MissingPathError, UnknownNameError
from rvosbench.models.soc.presets import PRESETS
from rvosbench.plugins.registry import unknown

if TYPE_CHECKING:
    from rvosbench.models.soc.segmenter import SOCSegmenter
    from rvosbench.plugins.contracts import Segmenter


SETTINGS = ("answer_layer", "eval_short_side", "eval_max_side", "eval_frames", "cluster_window")
"""The fields of `SOCConfig` that decide answers besides the weights."""


class SOCFactory:
    """A `TrainableFactory`, `BackboneFactory`, `ConfigurableFactory` and `TextEncoderFactory`."""

    summary = "SOC, Semantic-Assisted Object Cluster (NeurIPS 2023); trainable"
    needs_checkpoint = True
    is_oracle = False
    presets = tuple(PRESETS)

    def create(self, preset: str, *, seed: int) -> SOCSegmenter:
        """A SOC with fresh weights on the CPU, in training mode, a pure function of (preset, seed).

        The text encoder of the full presets is pretrained, and downloaded when it is not in the model
        hub's cache.

        Raises:
            UnknownNameError: no such preset.
            MissingPathError: the text encoder is not here and cannot be downloaded.
        """
        if preset not in PRESETS:
            raise UnknownNameError(unknown("preset of soc", preset, list(PRESETS)))
        from rvosbench.models.soc import checkpoint
        from rvosbench.models.soc.segmenter import SOCSegmenter

        return SOCSegmenter(checkpoint.create(PRESETS[preset], seed=seed).train())

    def load(self, checkpoint: Path | None, *, device: str, seed: int) -> SOCSegmenter:
        """A trained SOC in evaluation mode; `seed` changes nothing, answering is deterministic.

        Raises:
            MissingPathError: there is no such checkpoint, or none was named.
            CheckpointError: it is not one of SOC, or damaged.
            FormatError: another version wrote it.
            UnknownNameError: no such device.
        """
        return self._load(checkpoint, device, None)

    def load_with_text_encoder(
        self, checkpoint: Path | None, text_encoder: str, *, device: str, seed: int
    ) -> SOCSegmenter:
        """As `load`, of a file of the original SOC, which holds the text encoder's weights alone.

        Args:
            checkpoint: the file.
            text_encoder: a folder with the text encoder's configuration and tokenizer, or a name on the
                model hub.
            device: as for `load`.
            seed: as for `load`.

        Raises:
            MissingPathError: there is no such file, or no such text encoder.
            CheckpointError: `checkpoint` is a folder of ours, which has a text encoder; or as `load`.
        """
        return self._load(checkpoint, device, text_encoder)

    def _load(self, checkpoint: Path | None, device: str, text_encoder: str | None) -> SOCSegmenter:
        if checkpoint is None:
            raise MissingPathError(
                "soc needs a checkpoint: a folder made by `rvos train soc`, or a file of the original SOC"
            )
        from rvosbench.models.soc import checkpoint as checkpoints
        from rvosbench.models.soc.segmenter import SOCSegmenter

        return SOCSegmenter(checkpoints.load(checkpoint, device, text_encoder=text_encoder))

    def save(self, model: Segmenter, folder: Path) -> None:
        """Write a checkpoint folder that `load` reads, at once or not at all.

        Raises:
            CheckpointError: `model` is not a SOC.
            OutputError: the folder is taken or cannot be written.
        """
        from rvosbench.models.soc import checkpoint
        from rvosbench.models.soc.segmenter import SOCSegmenter

        if not isinstance(model, SOCSegmenter):
            raise CheckpointError(f"a {type(model).__name__} cannot be saved as SOC; use its own factory")
        checkpoint.save(model.model, folder)

    def settings(self, model: Segmenter) -> Mapping[str, object]:
        """The fields of the config that change answers and shape no weight."""
        from rvosbench.models.soc.segmenter import SOCSegmenter

        if not isinstance(model, SOCSegmenter):
            raise CheckpointError(f"a {type(model).__name__} is no SOC; use its own factory")
        config = model.model.config
        return {name: getattr(config, name) for name in SETTINGS}

    def load_backbone(self, model: Segmenter, path: Path) -> None:
        """Fill the backbone from a published Video Swin file, trained on Kinetics.

        Raises:
            MissingPathError: there is no such file.
            CheckpointError: it is no such file or of another size; `model` is not a SOC.
        """
        from rvosbench.models.soc import kinetics
        from rvosbench.models.soc.segmenter import SOCSegmenter

        if not isinstance(model, SOCSegmenter):
            raise CheckpointError(f"a {type(model).__name__} has no Video Swin; use its own factory")
        kinetics.load_backbone(model.model.backbone, path)


SOC_FACTORY = SOCFactory()
