"""A SOC small enough to run in milliseconds, and the recorded runs of the original."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import RobertaConfig, RobertaModel

from rvosbench.models.soc.checkpoint import from_original
from rvosbench.models.soc.config import SOCConfig
from rvosbench.models.soc.model import SOC
from rvosbench.models.soc.original import config_from_original
from rvosbench.models.soc.targets import SOCTarget, from_target
from rvosbench.types import Target
from tests.goldens.soc.recordings import Recordings, places

KEPT = Path(__file__).resolve().parents[2] / "goldens" / "soc"

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

    def __init__(self, recordings: Recordings, case: str) -> None:
        self.recordings = recordings
        self.record = recordings.record(case)
        self.arrays = recordings.arrays(case)
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

    def targets(self) -> list[SOCTarget]:
        """The recorded masks through our own `from_target`; boxes are made from the masks."""
        height, width = (max(sizes) for sizes in zip(*self.record["sizes"], strict=True))
        targets = []
        for clip, (h, w) in enumerate(self.record["sizes"]):
            steps = [f"tgt.{t}.{clip}." for t in range(self.record["n_target_steps"])]
            masks = torch.stack([torch.from_numpy(self.arrays[f"{step}masks"]).bool() for step in steps], 1)
            referred = int(self.arrays[f"{steps[0]}referred_instance_idx"])
            visible = masks.flatten(2).any(-1)
            visible[referred] = torch.tensor(
                [bool(self.arrays[f"{step}is_ref_inst_visible"]) for step in steps]
            )
            target = Target(
                masks=F.pad(masks, (0, width - w, 0, height - h)),
                visible=visible,
                labels=torch.from_numpy(np.asarray(self.arrays[f"{steps[0]}labels"])).expand(len(masks)),
                referred=referred,
            )
            targets.append(from_target(target, (h, w), torch.device("cpu")))
        return targets

    def model(self, **changes: Any) -> SOC:
        """The recorded model; in training mode without any dropout."""
        if self.is_training:
            changes = {
                "drop_path": 0.0,
                "dropout": 0.0,
                "text_dropout": 0.0,
                "cluster_dropout": 0.0,
            } | changes
        classes = self.record.get("criterion_num_classes", 1)
        frozen = self.record.get("freeze_text_encoder", True)
        config = config_from_original(self.recordings.settings)
        config = replace(config, freeze_text_encoder=frozen, **changes)
        model = from_original(self.recordings.state(classes), config, self.recordings.text)
        if self.is_training:
            for module in model.text_encoder.modules():
                if isinstance(module, nn.Dropout):
                    module.p = 0.0
        layers = config.decoder_layers if self.is_training else 1
        model.object_cluster.register_forward_pre_hook(_mixes_clips(layers, self.clips))
        return model.train(self.is_training)

    def assert_equal(self, found: Tensor, name: str, index: int | None = None) -> None:
        """To 1e-5 of the largest value; reductions run in another order than upstream's.

        Args:
            found: what ours gives.
            name: what it should be.
            index: compare with this row of the recorded array alone.
        """
        shape = tuple(self.record["arrays"][name]["shape"])
        assert found.shape == (shape if index is None else shape[1:]), name
        ours, expected = self.kept(found.detach(), name, index)
        if expected.dtype in (torch.bool, torch.int64):
            assert torch.equal(ours, expected), name
            return
        largest = expected.abs().max().item()
        torch.testing.assert_close(
            ours, expected, rtol=0, atol=1e-5 * largest, msg=lambda message: f"{name}: {message}"
        )

    def kept(self, found: Tensor, name: str, index: int | None = None) -> tuple[Tensor, Tensor]:
        """Ours and theirs at the places that the recording keeps, flattened."""
        expected = torch.from_numpy(np.asarray(self.arrays[name])).flatten()
        size = math.prod(self.record["arrays"][name]["shape"])
        kept = torch.arange(size) if expected.numel() == size else torch.from_numpy(places(size))
        if index is not None:
            here = kept // found.numel() == index
            kept, expected = kept[here] % found.numel(), expected[here]
        return found.flatten()[kept], expected


def _mixes_clips(layers: int, clips: int) -> Any:
    """A hook that gives the object cluster what upstream gives it.

    Upstream reads (layers, T, B, ...) as if it were (layers, B, T, ...), and so mixes the frames of a
    batch's clips. Published models never met this (one clip per GPU, or one frame per clip); we keep
    clips apart.
    """

    def hook(module: object, arguments: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        objects, sentences = arguments
        by_frame = objects.view(layers, clips, *objects.shape[1:]).transpose(1, 2)
        return by_frame.reshape(objects.shape), sentences

    return hook


@pytest.fixture(scope="session")
def small_soc() -> Callable[..., SOC]:
    """A function of (seed, **changes of the config); no file is read."""
    return _small_soc


@pytest.fixture(scope="session")
def recordings() -> Recordings:
    """What the repository keeps of the original's runs."""
    return Recordings(KEPT)


@pytest.fixture(scope="session")
def golden(recordings: Recordings) -> Callable[[str], Golden]:
    """A function of a case's name."""
    return lambda case: Golden(recordings, case)


@pytest.fixture(scope="session")
def whole_golden(shared: Path) -> Callable[[str], Golden]:
    """The same with every number that was recorded."""
    return lambda case: Golden(Recordings(shared / "goldens" / "soc" / "tiny"), case)
