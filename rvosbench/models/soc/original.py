"""Checkpoints of the original SOC: read without running what is in them, renamed into ours.

The originals are pickles of PyTorch. They are read with `weights_only=True` and no way around it: a
pickle that asks for more than tensors could run any program.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.serialization import get_unsafe_globals_in_checkpoint

from rvosbench.errors import CheckpointError, FormatError, MissingPathError
from rvosbench.models.soc import text_encoders
from rvosbench.models.soc.checkpoint import fill
from rvosbench.models.soc.config import SOCConfig
from rvosbench.models.soc.model import SOC
from rvosbench.models.soc.original_names import renamed


def read_original(path: Path) -> dict[str, Tensor]:
    """The state dictionary of an original checkpoint file (`*.tar`, `*.pth.tar`).

    Optimiser states in the file are not read from disk.

    Raises:
        MissingPathError: there is no such file.
        CheckpointError: it is no checkpoint, or loading it would run code.
    """
    if not path.is_file():
        raise MissingPathError(f"{path} is not a file; expected a checkpoint of the original SOC")
    content = _load(path)
    if isinstance(content, dict) and isinstance(content.get("model_state_dict"), Mapping):
        content = content["model_state_dict"]
    if not isinstance(content, Mapping) or not content:
        raise CheckpointError(f"{path} holds a {type(content).__name__}, expected a state dictionary")
    strangers = [str(name) for name, value in content.items() if not isinstance(value, Tensor)]
    if strangers:
        raise CheckpointError(f"{path} holds {strangers[0]}, which is no tensor; expected a state dictionary")
    return {str(name): value for name, value in content.items()}


def _load(path: Path) -> object:
    try:
        unsafe = get_unsafe_globals_in_checkpoint(path)
    except Exception:  # not a zip of PyTorch, or not even a pickle; the loader below says so
        unsafe = []
    if unsafe:
        raise CheckpointError(
            f"{path} asks for {', '.join(sorted(unsafe))}, which is more than tensors; loading it could run "
            "any program, so it is refused. Ask its author for a file with the weights alone"
        )
    try:
        try:
            return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except RuntimeError:  # files older than PyTorch 1.6 cannot be mapped
            return torch.load(path, map_location="cpu", weights_only=True)
    except (
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        KeyError,
        ValueError,
        OSError,
        AttributeError,
    ) as error:
        needed = re.findall(r"GLOBAL ([\w.]+)", str(error))
        detail = f"it asks for {', '.join(needed)}" if needed else type(error).__name__
        raise CheckpointError(
            f"{path} cannot be read as a file of weights alone ({detail}); is it a checkpoint of the "
            "original SOC, and complete?"
        ) from error


def from_original(
    state: Mapping[str, Tensor], config: SOCConfig | Mapping[str, Any], text_folder: Path
) -> SOC:
    """A model of ours with the original's weights, in evaluation mode.

    Args:
        state: original names to tensors, as `read_original` gives them.
        config: ours, or the original's settings (`config_from_original`). The number of classes is
            taken from the weights: published ones have 1 or 65.
        text_folder: `config.json` and the tokenizer files of the text encoder.

    Raises:
        CheckpointError: names that are missing, unexpected or of another shape; no way to ignore them.
    """
    ours = config if isinstance(config, SOCConfig) else config_from_original(config)
    weights = rename(state)
    ours = SOCConfig.from_dict({**ours.to_dict(), "classes": _classes(weights)})
    encoder = text_encoders.untrained(
        text_encoders.read_config(text_folder), str(text_folder / "config.json")
    )
    tokenizer = text_encoders.read_tokenizer(text_folder)
    text_encoders.check_vocabulary(encoder, tokenizer, str(text_folder))
    return fill(SOC(ours, encoder, tokenizer), weights, "the original checkpoint").eval()


def rename(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The original's weights under our names, entries without anything learned left out.

    Raises:
        CheckpointError: a name that SOC does not have, or two copies of a shared module that differ.
    """
    weights: dict[str, Tensor] = {}
    unexpected = []
    for original, value in state.items():
        try:
            name = renamed(original)
        except KeyError:
            unexpected.append(original)
            continue
        if name is None:
            continue
        if name.startswith("class_heads."):
            # The head of one class appears with and without its axis of length 1.
            value = value.reshape(-1, value.shape[-1]) if name.endswith("weight") else value.reshape(-1)
        if name in weights and not torch.equal(weights[name], value):
            raise CheckpointError(
                f"the original checkpoint holds two different copies of {name} (the second is {original}); "
                "they are one module and must agree"
            )
        weights[name] = value
    if unexpected:
        shown = ", ".join(sorted(unexpected)[:3]) + (", ..." if len(unexpected) > 3 else "")
        raise CheckpointError(
            f"the original checkpoint holds {len(unexpected)} entries that SOC lacks ({shown})"
        )
    return weights


def _classes(weights: Mapping[str, Tensor]) -> int:
    if "class_heads.0.weight" not in weights:
        raise CheckpointError("the original checkpoint has no class_embed.0.weight; is it one of SOC?")
    return weights["class_heads.0.weight"].shape[0]


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
    for name, found, expected in (
        ("num_feature_levels", transformer["num_feature_levels"], 4),
        ("two_stage", transformer["two_stage"], False),
        ("with_box_refine", args["with_box_refine"], True),
        ("rel_coord", args["rel_coord"], True),
        ("dynamic_mask_channels", args["dynamic_mask_channels"], args["mask_kernels_dim"]),
        ("VOC.num_queries", cluster["num_queries"], transformer["num_queries"]),
        ("VOC.num_frame_queries", cluster["num_frame_queries"], transformer["num_queries"]),
    ):
        if found != expected:
            raise FormatError(f"the original's setting {name} is {found}, this SOC knows only {expected}")
