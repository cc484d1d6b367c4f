from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from rvosbench.errors import CheckpointError, MissingPathError
from rvosbench.models.soc import kinetics
from rvosbench.models.soc.kinetics import load_backbone
from rvosbench.models.soc.presets import PRESETS
from rvosbench.models.soc.video_swin import VideoSwin
from tests.goldens.soc.recordings import manifest

SIZES = {"t": "soc-video-swin-t", "b": "soc-video-swin-b"}


def swin(preset: str) -> VideoSwin:
    config = PRESETS[preset].configuration
    frames, rows, columns = config.backbone_window
    return VideoSwin(
        channels=config.backbone_channels,
        depths=config.backbone_depths,
        heads=config.backbone_heads,
        window=(frames, rows, columns),
        mlp_ratio=4.0,
        drop_path=0.2,
    )


def small() -> VideoSwin:
    torch.manual_seed(0)
    return VideoSwin(
        channels=4, depths=(1, 2, 1, 1), heads=(1, 2, 2, 2), window=(2, 3, 3), mlp_ratio=2.0, drop_path=0.0
    )


def published_names(backbone: VideoSwin) -> dict[str, Tensor]:
    """The weights of a backbone of ours as a Kinetics file would hold them."""
    names = {
        "patches.projection": "patch_embed.proj",
        "patches.norm": "patch_embed.norm",
        "attention_norm": "norm1",
        "mlp_norm": "norm2",
        "mlp.0": "mlp.fc1",
        "mlp.2": "mlp.fc2",
        "attention.position_bias": "attn.relative_position_bias_table",
        "attention.qkv": "attn.qkv",
        "attention.projection": "attn.proj",
    }
    state = {}
    for ours, value in backbone.state_dict().items():
        name, parts = ours, ours.split(".")
        if parts[0] == "stages":
            name = f"layers.{parts[1]}.blocks.{parts[2]}.{'.'.join(parts[3:])}"
        if parts[0] == "halvings":
            name = f"layers.{parts[1]}.downsample.{'.'.join(parts[2:])}"
        for old, new in names.items():
            name = name.replace(old, new)
        if name == "patch_embed.proj.weight":
            value = torch.cat([0.25 * value, 0.75 * value], dim=2)  # two frames deep
        state[f"backbone.{name}"] = value
    width = backbone.widths[-1]
    state |= {"backbone.norm.weight": torch.ones(width), "backbone.norm.bias": torch.ones(width)}
    return state | {"cls_head.fc_cls.weight": torch.ones(400, width)}


def test_a_kinetics_file_fills_the_backbone_and_sums_the_two_frames(tmp_path: Path) -> None:
    source, target = small(), small()
    torch.nn.init.normal_(source.halvings[0].reduction.weight)
    torch.save({"meta": {}, "state_dict": published_names(source)}, tmp_path / "k400.pth")
    load_backbone(target, tmp_path / "k400.pth")
    for name, value in source.state_dict().items():
        torch.testing.assert_close(target.state_dict()[name], value)


@pytest.mark.parametrize("size", SIZES)
def test_every_entry_of_the_published_files_has_its_place_and_shape(size: str) -> None:
    required = manifest(size)["kinetics_checkpoint"]["required_keys_shapes"]
    with torch.device("meta"):
        backbone = swin(SIZES[size])
        found = kinetics._ours({name: torch.empty(shape) for name, shape in required.items()})
    ours = {name: tuple(value.shape) for name, value in backbone.state_dict().items()}
    assert {name: tuple(value.shape) for name, value in found.items()} == ours


def test_a_file_of_another_size_or_kind_changes_nothing(tmp_path: Path) -> None:
    backbone = small()
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    state = published_names(backbone)
    for content, expected in [
        ({"state_dict": {k: v for k, v in state.items() if "layers.3" not in k}}, "missing"),
        ({"state_dict": {**state, "backbone.stranger": torch.ones(1)}}, "1 unexpected"),
        ({"state_dict": {**state, "backbone.patch_embed.proj.bias": torch.ones(9)}}, "of another shape"),
        ({"state_dict": {"cls_head.weight": torch.ones(1)}}, "begins with 'backbone.'"),
        ({"state_dict": {"backbone.x": "text"}}, "no tensor"),
    ]:
        torch.save(content, tmp_path / "other.pth")
        with pytest.raises(CheckpointError, match=expected):
            load_backbone(backbone, tmp_path / "other.pth")
    with pytest.raises(MissingPathError):
        load_backbone(backbone, tmp_path / "nowhere.pth")
    assert all(torch.equal(value, before[name]) for name, value in backbone.state_dict().items())
