"""The numbers that decide SOC's architecture, and their JSON form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Literal, cast

from rvosbench.errors import FormatError

ANSWER_LAYERS = ("first", "last")


@dataclass(frozen=True, kw_only=True, slots=True)
class SOCConfig:
    """Everything needed to build SOC, and the sizes its input is scaled to.

    The defaults are those of the published model with a Video Swin Tiny backbone.

    Raises:
        FormatError: numbers that cannot be combined, naming the field.
    """

    backbone_channels: int = 96  # width after the patch embedding; doubles from stage to stage
    backbone_depths: tuple[int, ...] = (2, 2, 6, 2)  # blocks per stage, four stages
    backbone_heads: tuple[int, ...] = (3, 6, 12, 24)
    backbone_window: tuple[int, ...] = (8, 7, 7)  # frames, rows, columns
    backbone_mlp_ratio: float = 4.0
    drop_path: float = 0.2  # stochastic depth of the last backbone block; grows linearly from 0

    text_encoder: str | Mapping[str, object] = "roberta-base"
    """A folder, a name on the model hub, or the configuration of a RoBERTa that starts from scratch."""
    text_dropout: float = 0.1
    freeze_text_encoder: bool = True

    channels: int = 256  # width of every feature after the backbone
    fusion_heads: int = 8
    heads: int = 8  # of the deformable encoder and the decoder
    encoder_layers: int = 3
    decoder_layers: int = 3
    encoder_points: int = 4  # sampled per head and scale
    decoder_points: int = 4
    feedforward: int = 2048
    dropout: float = 0.1
    queries: int = 20  # object slots per frame, and objects per clip

    cluster_heads: int = 8
    cluster_encoder_layers: int = 3
    cluster_decoder_layers: int = 3
    cluster_feedforward: int = 2048
    cluster_window: int = 0  # frames that attend to one another; 0: all
    cluster_dropout: float = 0.1

    mask_channels: int = 8  # of the features that the dynamic mask head reads, and of its hidden layers
    mask_layers: int = 3

    classes: int = 1
    answer_layer: Literal["first", "last"] = "first"
    """The decoder layer whose heads answer in evaluation. The published scores come from the first,
    on the sum of its queries and the clusters of the last layer; see docs/soc.md."""

    train_short_side: int = 360  # px
    train_max_side: int = 640
    eval_short_side: int = 360
    eval_max_side: int = 640
    eval_frames: int = 0  # frames answered together, each group choosing its own query; 0: the whole clip

    def __post_init__(self) -> None:
        for name in ("backbone_depths", "backbone_heads", "backbone_window"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        self._check_types()
        if len(self.backbone_depths) != 4 or len(self.backbone_heads) != 4 or len(self.backbone_window) != 3:
            raise FormatError(
                "backbone_depths and backbone_heads need four numbers and backbone_window three, got "
                f"{self.backbone_depths}, {self.backbone_heads} and {self.backbone_window}"
            )
        for stage, heads in enumerate(self.backbone_heads):
            _check_divides("backbone_heads", heads, "the stage's channels", self.backbone_channels << stage)
        # GroupNorm(8) on a sixteenth of the channels, at the end of the pixel decoder.
        _check_divides("128 (normalisation groups)", 128, "channels", self.channels)
        _check_divides("heads", self.heads, "channels", self.channels)
        _check_divides("fusion_heads", self.fusion_heads, "channels", self.channels)
        _check_divides("cluster_heads", self.cluster_heads, "channels", self.channels)
        if self.answer_layer not in ANSWER_LAYERS:
            raise FormatError(f"answer_layer is {self.answer_layer!r}, expected one of {ANSWER_LAYERS}")

    def _check_types(self) -> None:
        """Each field holds the kind of value that its default has, within its range."""
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "text_encoder":
                good, expected = (
                    isinstance(value, str | Mapping) and bool(value),
                    "a name or a RoBERTa config",
                )
            elif isinstance(field.default, tuple):
                good, expected = all(_is_whole(number, 1) for number in value), "positive whole numbers"
            elif isinstance(field.default, bool):
                good, expected = isinstance(value, bool), "true or false"
            elif isinstance(field.default, float):
                is_number = isinstance(value, int | float) and not isinstance(value, bool)
                if field.name == "backbone_mlp_ratio":
                    good, expected = is_number and 0 < value < math.inf, "a number above 0"
                else:
                    good, expected = is_number and 0 <= value < 1, "a probability below 1"
            elif isinstance(field.default, int):
                least = 0 if field.name in ("cluster_window", "eval_frames") else 1
                good, expected = _is_whole(value, least), f"a whole number of at least {least}"
            else:
                good, expected = isinstance(value, str), "a word"
            if not good:
                raise FormatError(f"{field.name} is {value!r}, expected {expected}")

    def to_dict(self) -> dict[str, object]:
        """The fields as plain JSON types."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, values: object) -> SOCConfig:
        """The inverse of `to_dict`.

        Raises:
            FormatError: `values` is not an object, has an unknown key, lacks one or holds a wrong value.
        """
        if not isinstance(values, Mapping):
            raise FormatError(
                f"a SOC config is {type(values).__name__}, expected an object with named fields"
            )
        known = {field.name for field in fields(cls)}
        unknown = sorted(str(name) for name in values.keys() - known)
        missing = sorted(known - values.keys())
        if unknown or missing:
            wrong = [f"unknown: {', '.join(unknown)}"] if unknown else []
            wrong += [f"missing: {', '.join(missing)}"] if missing else []
            raise FormatError(
                f"a SOC config has the wrong fields ({'; '.join(wrong)}); was it written by another version?"
            )
        for name in ("backbone_depths", "backbone_heads", "backbone_window"):
            if not isinstance(values[name], list | tuple):
                raise FormatError(f"{name} is {values[name]!r}, expected a list of whole numbers")
        return cls(**cast("Mapping[str, object]", values))  # type: ignore[arg-type]


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _check_divides(divisor_name: str, divisor: int, name: str, value: int) -> None:
    if value % divisor:
        raise FormatError(f"{name} is {value}, expected a multiple of {divisor_name}, which is {divisor}")
