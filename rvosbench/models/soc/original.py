"""Checkpoints of the original SOC: renamed into ours, and the config that their shapes ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rvosbench.errors import CheckpointError, FormatError
from rvosbench.models.soc.config import SOCConfig
from rvosbench.models.soc.original_names import renamed
from rvosbench.models.soc.torch_files import read_state

SCALES = 4


def read_original(path: Path) -> dict[str, Tensor]:
    """The state dictionary of an original checkpoint file (`*.tar`, `*.pth.tar`).

    Optimiser states in the file are not read from disk.

    Raises:
        MissingPathError: there is no such file.
        CheckpointError: it is no checkpoint, or loading it would run code.
    """
    return read_state(path, "model_state_dict", "a checkpoint of the original SOC")


def rename(state: Mapping[str, Tensor], source: object = "the original checkpoint") -> dict[str, Tensor]:
    """The original's weights under our names, entries without anything learned left out.

    A name that SOC does not have stays, in quotes: it equals none of ours.

    Args:
        state: original names to tensors.
        source: where they come from, for messages.

    Raises:
        CheckpointError: none of the names is one of SOC, or two copies of a shared module differ.
    """
    weights: dict[str, Tensor] = {}
    known = 0
    for original, value in state.items():
        try:
            name = renamed(original)
            known += 1
        except KeyError:
            name = repr(original[:120])
        if name is None:
            continue
        if name.startswith("class_heads."):
            # The head of one class appears with and without its axis of length 1.
            wanted = 2 if name.endswith("weight") else 1
            value = value.unsqueeze(0) if value.ndim == wanted - 1 else value
        if name in weights and not torch.equal(weights[name], value):
            raise CheckpointError(
                f"{source} holds two different copies of {name} (the second is {original}); they are one "
                "module and must agree"
            )
        weights[name] = value
    if not known:
        raise CheckpointError(
            f"{source} holds {len(state)} entries such as {min(state, default='')[:80]!r}, none of SOC; is "
            "it a checkpoint of the original SOC?"
        )
    return weights


def classes_of(weights: Mapping[str, Tensor]) -> int:
    """The number of classes that renamed weights tell apart: published ones 1 or 65."""
    head = weights.get("class_heads.0.weight")
    return 1 if head is None or not head.ndim else head.shape[0]


def config_from_weights(
    weights: Mapping[str, Tensor], source: object = "the original checkpoint"
) -> SOCConfig:
    """The config that renamed weights ask for; an original checkpoint brings none.

    What shapes do not tell (heads, window, dropout, sizes of the input) and what is missing is as
    published. Whether the weights are complete is left to the comparison with the model.

    Raises:
        CheckpointError: the shapes make no SOC.
    """
    usual = SOCConfig()
    shapes = {name: tuple(value.shape) for name, value in weights.items()}

    def size(name: str, axis: int, default: int) -> int:
        return int(shapes[name][axis]) if name in shapes else default

    def count(module: str, default: int) -> int:
        matches = (re.match(rf"{re.escape(module)}\.(\d+)\.", name) for name in shapes)
        return len({match.group(1) for match in matches if match}) or default

    def points(name: str, default: int) -> int:
        weight = f"{name}.attention_weights.weight"
        return size(weight, 0, default * usual.heads * SCALES) // (usual.heads * SCALES)

    stages = range(len(usual.backbone_depths))
    try:
        width = size("backbone.patches.projection.weight", 0, usual.backbone_channels)
        mlp = size("backbone.stages.0.0.mlp.0.weight", 0, int(width * usual.backbone_mlp_ratio))
        return SOCConfig(
            backbone_channels=width,
            backbone_depths=tuple(count(f"backbone.stages.{i}", usual.backbone_depths[i]) for i in stages),
            backbone_heads=tuple(
                size(f"backbone.stages.{i}.0.attention.position_bias", 1, usual.backbone_heads[i])
                for i in stages
            ),
            backbone_mlp_ratio=mlp / width,
            channels=size("decoder.queries", 1, usual.channels),
            queries=size("decoder.queries", 0, usual.queries),
            encoder_layers=count("encoder.layers", usual.encoder_layers),
            decoder_layers=count("decoder.layers", usual.decoder_layers),
            encoder_points=points("encoder.layers.0.attention", usual.encoder_points),
            decoder_points=points("decoder.layers.0.cross_attention", usual.decoder_points),
            feedforward=size("encoder.layers.0.feedforward.widen.weight", 0, usual.feedforward),
            cluster_encoder_layers=count("object_cluster.encoder", usual.cluster_encoder_layers),
            cluster_decoder_layers=count("object_cluster.decoder", usual.cluster_decoder_layers),
            cluster_feedforward=size(
                "object_cluster.encoder.0.feedforward.widen.weight", 0, usual.cluster_feedforward
            ),
            mask_channels=size("pixel_decoder.output.weight", 0, usual.mask_channels),
            classes=classes_of(weights),
        )
    except (IndexError, ValueError, ZeroDivisionError) as error:  # FormatError is a ValueError
        raise CheckpointError(f"the shapes of the weights in {source} make no SOC ({error})") from error


def config_from_original(settings: Mapping[str, Any]) -> SOCConfig:
    """Our config for the original's settings.

    Args:
        settings: `args` as in the original's yaml files, `video_swin` (the backbone's numbers) and,
            where the text encoder is not roberta-base, `roberta` (its configuration).

    Raises:
        FormatError: a number is missing, or asks for something that this SOC does not build.
    """
    try:
        args, swin = settings["args"], settings["video_swin"]
        transformer, cluster = args["DeformTransformer"], args["VOC"]
        _check_supported(args, transformer, cluster)
        return SOCConfig(
            backbone_channels=swin["embed_dim"],
            backbone_depths=tuple(swin["depths"]),
            backbone_heads=tuple(swin["num_heads"]),
            backbone_window=tuple(swin["window_size"]),
            backbone_mlp_ratio=swin["mlp_ratio"],
            drop_path=swin["drop_path_rate"],
            text_encoder=settings.get("roberta") or args["text_encoder_type"],
            freeze_text_encoder=args["freeze_text_encoder"],
            channels=transformer["d_model"],
            heads=transformer["nheads"],
            encoder_layers=transformer["enc_layers"],
            decoder_layers=transformer["dec_layers"],
            encoder_points=transformer["enc_n_points"],
            decoder_points=transformer["dec_n_points"],
            feedforward=transformer["dim_feedforward"],
            dropout=transformer["dropout"],
            queries=transformer["num_queries"],
            cluster_heads=cluster["nheads"],
            cluster_encoder_layers=cluster["enc_layers"],
            cluster_decoder_layers=cluster["dec_layers"],
            cluster_feedforward=cluster["dim_feedforward"],
            cluster_window=cluster["window_size"],
            mask_channels=args["mask_kernels_dim"],
            mask_layers=args["controller_layers"],
            classes=args["num_classes"],
            train_short_side=args["train_short_size"],
            train_max_side=args["train_max_size"],
            eval_short_side=args["eval_short_size"],
            eval_max_side=args["eval_max_size"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"the original's settings lack or mistake a value: {error!r}") from error


def _check_supported(
    args: Mapping[str, Any], transformer: Mapping[str, Any], cluster: Mapping[str, Any]
) -> None:
    """The switches of the original that change the weights or the outputs have their published values."""
    for name, value, expected in (
        ("num_feature_levels", transformer["num_feature_levels"], 4),
        ("two_stage", transformer["two_stage"], False),
        ("with_box_refine", args["with_box_refine"], True),
        ("rel_coord", args["rel_coord"], True),
        ("dynamic_mask_channels", args["dynamic_mask_channels"], args["mask_kernels_dim"]),
        ("VOC.num_queries", cluster["num_queries"], transformer["num_queries"]),
        ("VOC.num_frame_queries", cluster["num_frame_queries"], transformer["num_queries"]),
    ):
        if value != expected:
            raise FormatError(f"the original's setting {name} is {value}, this SOC knows only {expected}")
