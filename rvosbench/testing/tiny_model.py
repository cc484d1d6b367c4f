"""A trainable model of a few hundred weights that looks at colours and at one letter of the expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from rvosbench.plugins.model import Load, ModelSpec, Preset, Training, Trait
from rvosbench.plugins.recipe import Recipe, Schedule
from rvosbench.types import Batch, Clip, Segmentation


class TinyNet(nn.Module):
    """Features of colours, gated by the embedding of a letter."""

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__()
        self.backbone = nn.Conv2d(3, 8, 3, padding=1)
        self.text = nn.Embedding(26, 8)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Conv2d(8, 1, 1)

    def forward(self, frames: Tensor, texts: Sequence[str]) -> Tensor:
        """(B, T, H, W, 3) uint8 and B expressions -> (B, T, H, W) logits."""
        B, T = frames.shape[:2]
        frames = frames.movedim(-1, 2).contiguous().float() / 255
        # "the red square": r; "the blue one": b
        letters = [ord([*text.split(), "a", "a"][1][0].lower()) % 26 for text in texts]
        words = self.text(torch.tensor(letters, device=frames.device))
        features = self.backbone(frames.flatten(0, 1)).unflatten(0, (B, T))
        gated = self.drop(features.relu() * words[:, None, :, None, None])
        logits: Tensor = self.head(gated.flatten(0, 1)).unflatten(0, (B, T))[:, :, 0]
        return logits


class TinySegmenter:
    """A `TrainableSegmenter` around a `TinyNet`."""

    def __init__(self, net: TinyNet) -> None:
        self.net = net

    def module(self) -> nn.Module:
        """What is trained."""
        return self.net

    def losses(self, batch: Batch) -> Mapping[str, Tensor]:
        """Cross entropy of the masks, and a little against large logits."""
        logits = self.net(batch.frames, batch.expressions)[:, list(batch.wanted)]
        truth = torch.stack([target.masks[target.referred] for target in batch.targets]).float()
        return {
            "mask": F.binary_cross_entropy_with_logits(logits, truth),
            "size": 0.01 * logits.square().mean(),
        }

    def parameter_groups(self, learning_rates: Mapping[str, float]) -> list[dict[str, object]]:
        """One group each for the head ("main"), the backbone and the text."""
        parts = {"main": self.net.head, "backbone": self.net.backbone, "text": self.net.text}
        return [
            {"params": list(part.parameters()), "lr": learning_rates[name], "name": name}
            for name, part in parts.items()
        ]

    @torch.inference_mode()
    def segment(self, clip: Clip, expressions: Sequence[str], candidates: int = 1) -> Sequence[Segmentation]:
        """One candidate per expression, with score 1."""
        device = self.net.head.weight.device
        frames = torch.from_numpy(clip.frames[list(clip.wanted)]).to(device)[None]
        answers = []
        for text in expressions:
            logits = self.net.eval()(frames, [text])
            answers.append(Segmentation(masks=(logits > 0).cpu().numpy(), scores=np.ones(1, np.float32)))
        return answers


def create(dropout: float, seed: int) -> TinySegmenter:
    """Fresh weights; `rvosbench.training` has seeded torch."""
    return TinySegmenter(TinyNet(dropout))


def load(checkpoint: Path | None, request: Load) -> TinySegmenter:
    """What `save` wrote."""
    assert checkpoint is not None
    net = TinyNet()
    net.load_state_dict(load_file(checkpoint / "model.safetensors"))
    return TinySegmenter(net.eval().to(request.device))


def save(model: TinySegmenter, folder: Path) -> None:
    """Write `model.safetensors` into a new folder."""
    folder.mkdir()
    save_file(model.net.state_dict(), folder / "model.safetensors")


RECIPE = Recipe(
    learning_rates={"main": 1e-2, "backbone": 1e-2, "text": 2e-2},
    batch_size=4,
    frames=2,
    window="spread",
    short_side=24,
    max_side=32,
    steps=10,
    clip_grad_norm=1.0,
    schedule=Schedule(kind="cosine", warm_up=0.2),
    mirror=0.5,
    save_every=3,
)

TINY = ModelSpec(
    summary="a few hundred weights, for tests",
    load=load,
    traits=frozenset({Trait.NEEDS_CHECKPOINT}),
    presets={
        "tiny-demo": Preset(summary="with dropout", configuration=0.2, recipe=RECIPE),
        "tiny-steady": Preset(summary="without dropout", configuration=0.0, recipe=RECIPE),
    },
    training=Training(create=create, save=save),
)
