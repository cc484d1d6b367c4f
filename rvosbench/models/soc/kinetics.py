"""Backbones pretrained on Kinetics: the files of Video Swin, loaded into SOC's."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from rvosbench.errors import CheckpointError
from rvosbench.models.soc.fitting import check_shapes
from rvosbench.models.soc.original_names import renamed
from rvosbench.models.soc.torch_files import read_state
from rvosbench.models.soc.video_swin import VideoSwin

PREFIX = "backbone."
UNUSED = ("norm.weight", "norm.bias")  # after the last stage; SOC takes every stage's output without it


@torch.no_grad()
def load_backbone(backbone: VideoSwin, path: Path) -> None:
    """Fill a backbone from a published Video Swin file.

    Kinetics models merge two frames into one in their first convolution, SOC none: the weights of the two
    are summed, so that a still clip gives the same features.

    Args:
        backbone: of the size that the file has.
        path: as published, with "state_dict" at its top and names that begin with `backbone.`.

    Raises:
        MissingPathError: there is no such file.
        CheckpointError: it is no such file, of another size, or loading it would run code.
    """
    state = read_state(path, "state_dict", "a Video Swin trained on Kinetics")
    weights = _ours(state)
    if not weights:
        raise CheckpointError(f"{path} has no entry that begins with '{PREFIX}'; is it a Video Swin?")
    depths = "-".join(str(len(stage)) for stage in backbone.stages)  # type: ignore[arg-type]
    check_shapes(
        path,
        {name: tuple(value.shape) for name, value in weights.items()},
        backbone,
        f"a Video Swin ({backbone.widths[0]} x {depths})",
    )
    backbone.load_state_dict(weights)


def _ours(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Under our names; what SOC's backbone does not know stays, in quotes."""
    weights: dict[str, Tensor] = {}
    for name, value in state.items():
        if not name.startswith(PREFIX) or name.removeprefix(PREFIX) in UNUSED:
            continue
        original = name.removeprefix(PREFIX)
        parts = original.split(".")
        if parts[0] == "layers" and parts[2:3] == ["downsample"]:
            original = ".".join(["downsamples", parts[1], *parts[3:]])
        try:
            ours = renamed(f"backbone.0.body.{original}")
        except KeyError:
            ours = f"backbone.{name!r}"
        if ours == "backbone.patches.projection.weight" and value.ndim == 5:
            value = value.sum(2, keepdim=True)
        if ours is not None:
            weights[ours.removeprefix("backbone.")] = value
    return weights
