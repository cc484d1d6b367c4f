"""The sizes of SOC that have a name, each with its recipe. Imports no torch: listing presets is instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from rvosbench.models.soc.config import SOCConfig
from rvosbench.models.soc.recipes import DEMO, UPSTREAM
from rvosbench.plugins.model import Preset

_TINY = SOCConfig(
    backbone_channels=96,
    backbone_depths=(2, 2, 6, 2),
    backbone_heads=(3, 6, 12, 24),
    text_encoder="roberta-base",
)

_DEMO = SOCConfig(
    backbone_channels=24,
    backbone_depths=(2, 2, 2, 2),
    backbone_heads=(2, 4, 8, 16),
    backbone_window=(8, 4, 4),  # the finest map is 16 x 22
    text_encoder={
        "vocab_size": 1100,  # of the tokenizer that ships beside this file
        "hidden_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 192,
        "max_position_embeddings": 66,  # 64 tokens; positions start after the padding id 1
        "type_vocab_size": 1,
        "layer_norm_eps": 1e-5,
        # RoBERTa's own 0.02 is for 768 channels and weeks of training: at this width it leaves all
        # expressions with one and the same embedding, and a short training never tells them apart.
        "initializer_range": 0.2,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
    },
    freeze_text_encoder=False,
    # A few minutes of training see every sample a few times: nothing to regularise yet.
    drop_path=0.0,
    text_dropout=0.0,
    dropout=0.0,
    cluster_dropout=0.0,
    channels=128,
    encoder_layers=1,
    decoder_layers=2,
    feedforward=256,
    queries=5,
    cluster_encoder_layers=2,
    cluster_decoder_layers=2,
    cluster_feedforward=256,
    answer_layer="last",
    train_short_side=64,
    train_max_side=128,
    eval_short_side=64,
    eval_max_side=128,
    eval_frames=3,  # the length that it is trained on
)

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "soc-video-swin-t": Preset(
            summary="SOC with a Video Swin Tiny, as published",
            configuration=_TINY,
            recipe=UPSTREAM["ytvos"],
        ),
        "soc-video-swin-s": Preset(
            summary="SOC with a Video Swin Small, as published",
            configuration=replace(_TINY, backbone_depths=(2, 2, 18, 2)),
            recipe=UPSTREAM["ytvos"],
        ),
        "soc-video-swin-b": Preset(
            summary="SOC with a Video Swin Base, as published",
            configuration=replace(
                _TINY, backbone_channels=128, backbone_depths=(2, 2, 18, 2), backbone_heads=(4, 8, 16, 32)
            ),
            recipe=UPSTREAM["ytvos"],
        ),
        "soc-demo": Preset(
            summary="a small SOC that two CPU cores train in minutes", configuration=_DEMO, recipe=DEMO
        ),
    }
)
"""The published sizes, and one that two CPU cores train in minutes."""

_SHAPING = (
    "backbone_channels",
    "backbone_depths",
    "backbone_heads",
    "backbone_window",
    "channels",
    "encoder_layers",
    "decoder_layers",
    "queries",
    "cluster_encoder_layers",
    "cluster_decoder_layers",
)
"""The fields that tell the presets apart by the shapes of their weights."""


def describe(config: SOCConfig) -> str:
    """What a message calls a config: `soc-demo (channels 128, queries 5, backbone 24 x 2-2-2-2)`."""
    depths = "-".join(str(depth) for depth in config.backbone_depths)
    return (
        f"{_preset_of(config)} (channels {config.channels}, queries {config.queries}, "
        f"backbone {config.backbone_channels} x {depths})"
    )


def _preset_of(config: SOCConfig) -> str:
    for name, preset in PRESETS.items():
        if same_shape(config, preset.configuration):
            return name
    return "a SOC of no preset"


def same_shape(one: SOCConfig, other: SOCConfig) -> bool:
    """Whether weights of one could belong to the other, as far as the presets differ."""
    return all(getattr(one, field) == getattr(other, field) for field in _SHAPING)
