"""A SOC small enough to run in milliseconds, and the recorded runs of the original."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoTokenizer, RobertaConfig, RobertaModel

from rvosbench.models.soc.config import SOCConfig
from rvosbench.models.soc.model import SOC
from rvosbench.models.soc.original_names import renamed
from rvosbench.models.soc.outputs import LayerOutput

ROBERTA = {
    "vocab_size": 64,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "max_position_embeddings": 20,
    "pad_token_id": 1,
    "type_vocab_size": 1,
}


class WordTokenizer:
    """One token per word, between 0 and 2, like RoBERTa's; the same word gets the same id."""

    def __call__(self, texts: Sequence[str], *, max_length: int, **_: object) -> dict[str, Tensor]:
        rows = [[0, *[3 + sum(map(ord, word)) % 61 for word in text.split()], 2] for text in texts]
        rows = [[*row[: max_length - 1], 2] if len(row) > max_length else row for row in rows]
        longest = max(map(len, rows))
        ids = torch.tensor([row + [1] * (longest - len(row)) for row in rows])
        return {"input_ids": ids, "attention_mask": (ids != 1).long()}


def _small_config(**changes: Any) -> SOCConfig:
    values: dict[str, Any] = {
        "backbone_channels": 8,
        "backbone_depths": (2, 2, 1, 1),
        "backbone_heads": (1, 2, 2, 4),
        "backbone_window": (2, 3, 3),
        "text_encoder": ROBERTA,
        "freeze_text_encoder": False,
        "channels": 128,
        "encoder_layers": 1,
        "decoder_layers": 2,
        "encoder_points": 2,
        "decoder_points": 2,
        "feedforward": 32,
        "queries": 3,
        "cluster_encoder_layers": 2,
        "cluster_decoder_layers": 1,
        "cluster_feedforward": 32,
    }
    return SOCConfig(**(values | changes))


def _small_soc(seed: int = 0, **changes: Any) -> SOC:
    """Random weights everywhere, so that no part is silent as it may be at initialisation."""
    config = _small_config(**changes)
    torch.manual_seed(seed)
    model = SOC(config, RobertaModel(RobertaConfig(**config.text_encoder)), WordTokenizer())
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return model.eval()


class Golden:
    """One recorded run of the original, and a model of ours with the same weights."""

    def __init__(self, tiny: Path, case: str) -> None:
        self.tiny = tiny
        self.record = json.loads((tiny / f"{case}.json").read_text())
        with np.load(tiny / f"{case}.npz") as arrays:
            self.arrays = dict(arrays)
        self.is_training = self.record["mode"].startswith("train")
        self.clips = len(self.record["texts"])
        self.frames = self.record["T"]

    def inputs(self) -> tuple[Tensor, Tensor, list[str], Any, tuple[tuple[int, int], ...]]:
        clips = [torch.from_numpy(self.arrays[f"in.clip_{b}"]).float() for b in range(self.clips)]
        H, W = (max(clip.shape[axis] for clip in clips) for axis in (2, 3))
        frames = torch.zeros(self.clips, self.frames, 3, H, W)
        is_padding = torch.ones(self.clips, H, W, dtype=torch.bool)
        for b, clip in enumerate(clips):
            frames[b, :, :, : clip.shape[2], : clip.shape[3]] = clip
            is_padding[b, : clip.shape[2], : clip.shape[3]] = False
        indices = self.record["valid_indices"]  # frame + clip * T
        wanted = indices and tuple((index - b * self.frames,) for b, index in enumerate(indices))
        return frames, is_padding, self.record["texts"], wanted, tuple(map(tuple, self.record["sizes"]))

    def model(self, **changes: Any) -> SOC:
        classes = self.record.get("criterion_num_classes", 1)
        model = _tiny_soc(self.tiny, classes=classes, dropout=not self.is_training, **changes)
        if self.clips > 1:
            model.object_cluster.register_forward_pre_hook(_mixes_clips(self.clips))
        return model.train(self.is_training)

    def assert_layer(self, layer: LayerOutput, prefix: str) -> None:
        """Upstream's axes are T B Q ..., ours B T Q ..."""
        self.assert_equal(layer.masks.transpose(0, 1), f"{prefix}pred_masks")
        self.assert_equal(layer.boxes.transpose(0, 1), f"{prefix}pred_boxes")
        self.assert_equal(layer.classes.transpose(0, 1), f"{prefix}pred_cls")
        self.assert_equal(layer.clusters, f"{prefix}pred_logit")

    def assert_equal(self, found: Tensor, name: str, index: int | None = None) -> None:
        """To 1e-5 of the largest value; reductions run in another order than upstream's."""
        expected = torch.from_numpy(self.arrays[name])
        expected = expected if index is None else expected[index]
        assert found.shape == expected.shape, name
        largest = expected.abs().max().item()
        torch.testing.assert_close(
            found.detach(), expected, rtol=0, atol=1e-5 * largest, msg=lambda message: f"{name}: {message}"
        )


def _mixes_clips(clips: int) -> Any:
    """A hook that gives the object cluster what upstream gives it.

    Upstream reads (T, B, Q, C) as if it were (B, T, Q, C), and so mixes the frames of a batch's clips.
    Published models never met this (one clip per GPU, or one frame per clip); we keep clips apart.
    """

    def hook(module: object, arguments: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        objects, sentences = arguments
        by_frame = objects.view(-1, clips, *objects.shape[1:]).transpose(1, 2)
        return by_frame.reshape(objects.shape), sentences

    return hook


def _tiny_soc(tiny: Path, *, classes: int = 1, dropout: bool = True, **changes: Any) -> SOC:
    """The recorded weights under our names."""
    roberta = json.loads((tiny / "config.json").read_text())["roberta"]
    if not dropout:
        roberta |= {"attention_probs_dropout_prob": 0.0, "hidden_dropout_prob": 0.0}
        changes |= {"dropout": 0.0, "drop_path": 0.0, "cluster_dropout": 0.0, "text_dropout": 0.0}
    config = SOCConfig(
        backbone_channels=24,
        backbone_depths=(2, 2, 2, 2),
        backbone_heads=(2, 4, 8, 16),
        text_encoder=roberta,
        channels=128,
        encoder_layers=2,
        decoder_layers=2,
        feedforward=256,
        queries=5,
        cluster_encoder_layers=2,
        cluster_decoder_layers=2,
        cluster_feedforward=256,
        classes=classes,
        **changes,
    )
    model = SOC(
        config, RobertaModel(RobertaConfig(**roberta)), AutoTokenizer.from_pretrained(tiny / "tokenizer")
    )
    weights = load_file(tiny / "weights.safetensors")
    if classes == 65:
        weights |= load_file(tiny / "weights_nc65_class_embed.safetensors")
    ours = {renamed(name): value.float() for name, value in weights.items() if renamed(name)}
    model.load_state_dict(ours)
    return model


@pytest.fixture(scope="session")
def small_soc() -> Callable[..., SOC]:
    """A function of (seed, **changes of the config); no file is read."""
    return _small_soc


@pytest.fixture(scope="session")
def golden(shared: Path) -> Callable[[str], Golden]:
    """A function of a case's name."""
    return lambda case: Golden(shared / "goldens" / "soc" / "tiny", case)
