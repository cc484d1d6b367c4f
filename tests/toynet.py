"""A trainable model as another package would bring it: all of it."""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from rvosbench.plugins.model import ModelSpec, Preset, Training, Trait
from rvosbench.plugins.recipe import Recipe
from rvosbench.types import Segmentation


class ToyNet(nn.Module):
    """Colours, and whether the expression says "red"."""

    def __init__(self, width):
        super().__init__()
        self.words = nn.Embedding(2, width)
        self.head = nn.Sequential(nn.Linear(3 + width, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, frames, text):
        """(T, H, W, 3) uint8 -> (T, H, W) logits."""
        word = self.words(torch.tensor(int("red" in text), device=frames.device))
        pixels = torch.cat([frames.float() / 255, word.expand(*frames.shape[:3], -1)], -1)
        return self.head(pixels)[..., 0]

    def losses(self, batch):
        """Cross entropy of the masks."""
        losses = []
        for frames, text, target in zip(batch.frames, batch.expressions, batch.targets, strict=True):
            truth = target.masks[target.referred].float()
            losses.append(binary_cross_entropy_with_logits(self(frames[list(batch.wanted)], text), truth))
        return {"mask": torch.stack(losses).mean()}

    @torch.inference_mode()
    def segment(self, clip, expressions, candidates=1):
        """The pixels that are likelier than not."""
        frames = torch.from_numpy(clip.frames[list(clip.wanted)])
        masks = [(self(frames, text) > 0).numpy()[None] for text in expressions]
        return [Segmentation(masks=mask, scores=np.ones(1, np.float32)) for mask in masks]


def save(net: ToyNet, folder: Path):
    folder.mkdir()
    save_file(net.state_dict(), folder / "model.safetensors")


def load(checkpoint, request):
    weights = load_file(checkpoint / "model.safetensors")
    net = ToyNet(weights["words.weight"].shape[1]).eval()
    net.load_state_dict(weights)
    return net


RECIPE = Recipe(learning_rates={"main": 1e-2, "words": 2e-2}, steps=20, frames=2, short_side=24, max_side=32)
SPEC = ModelSpec(
    summary="a toy",
    load=load,
    traits=frozenset({Trait.NEEDS_CHECKPOINT}),
    presets={"tiny": Preset(summary="16 channels", configuration=16, recipe=RECIPE)},
    training=Training(create=lambda width, seed: ToyNet(width), save=save),
)
