"""Clip transforms that move pixels, masks and words together.

Every transform is a pure function of a sample and, where chance decides, of an rng.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One training clip: frames, one expression, and the objects of the video."""

    name: str  # video, expression and frames, for messages
    frames: Tensor  # (T, H, W, 3) uint8 RGB
    masks: Tensor  # (N, K, H, W) bool
    labels: Tensor  # (N,) int64 category index
    referred: int  # the row that the expression means
    text: str
    wanted: tuple[int, ...]  # K positions among the T frames


_SIDE_WORD = re.compile(r"\b(left|right)(?=(?:most|wards?|hand)?\b)", re.IGNORECASE)


def mirror_words(text: str) -> str:
    """An expression about a clip, for the mirrored clip: left and right change places.

    Whole words only (and leftmost, leftwards, lefthand ...). Upstream replaces substrings, so that its
    "bright" becomes "bleft". Upper case stays where it is.

    Example:
        >>> mirror_words("Left of the bright one, rightmost")
        'Right of the bright one, leftmost'
    """

    def other(match: re.Match[str]) -> str:
        word = match[1]
        swapped = "right" if word.lower() == "left" else "left"
        if word.isupper():
            return swapped.upper()
        return swapped.capitalize() if word[0].isupper() else swapped

    return _SIDE_WORD.sub(other, text)


def mirror(sample: Sample) -> Sample:
    """Left becomes right, in the pixels, the masks and the expression."""
    return replace(
        sample,
        frames=torch.flip(sample.frames, (-2,)),
        masks=torch.flip(sample.masks, (-1,)),
        text=mirror_words(sample.text),
    )


def jitter_colours(sample: Sample, strength: float, rng: np.random.Generator) -> Sample:
    """Brightness, contrast and saturation of the whole clip times a factor in [1 - strength, 1 + strength].

    Hue stays: expressions name colours.
    """
    brightness, contrast, saturation = rng.uniform(1 - strength, 1 + strength, 3).tolist()
    # One channel after the other while computing: the mean's last bits depend on the order of its terms.
    pixels = sample.frames.movedim(-1, 1).contiguous().float() * brightness
    pixels = pixels.mean().lerp(pixels, contrast)
    weights = torch.tensor([0.299, 0.587, 0.114]).reshape(3, 1, 1)  # ITU-R BT.601 luma
    grey = (pixels * weights).sum(1, keepdim=True)
    pixels = grey.lerp(pixels, saturation)
    return replace(sample, frames=pixels.clamp(0, 255).round().to(torch.uint8).movedim(1, -1).contiguous())


@dataclass(frozen=True, kw_only=True, slots=True)
class Augmentation:
    """What chance may do to a training clip. Called with the sample's own rng."""

    mirror: float = 0.0  # probability of a mirrored clip
    colours: float = 0.0  # strength of `jitter_colours`; 0 leaves the colours alone

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """The sample, changed by what the rng draws."""
        # Drawn even when unused, so that one setting does not shift the draws of another.
        mirrored = rng.random() < self.mirror
        if self.colours > 0:
            sample = jitter_colours(sample, self.colours, rng)
        return mirror(sample) if mirrored else sample
