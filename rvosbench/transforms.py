"""Clip transforms that move pixels, masks and words together.

Every transform is a pure function of a sample and, where chance decides, of an rng. Sizes follow what
SOC was trained with: short side and a limit for the long one, `int()` floors, bilinear frames, nearest masks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One training clip: frames, one sentence, and the objects of the video."""

    name: str  # video, sentence and frames, for messages
    frames: Tensor  # (T, 3, H, W) uint8 RGB
    masks: Tensor  # (N, K, H, W) bool
    labels: Tensor  # (N,) int64 category index
    referred: int  # the row that the sentence means
    text: str
    wanted: tuple[int, ...]  # K positions among the T frames


@dataclass(frozen=True, slots=True)
class Side:
    """A size for clips: the short side in px, and the limit for the long side.

    At the limit the short side is rounded and the long one floored, as upstream, so that the long side
    can exceed its limit by a few pixels.
    """

    short: int
    longest: int

    def of(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) px of a clip after the resize; at least 1 px a side.

        Example:
            >>> Side(360, 640).of(720, 1280)
            (360, 640)
        """
        short, long = sorted((height, width))
        new_short = self.short
        if new_short * long > self.longest * short:
            new_short = round(self.longest * short / long)
        new_short = max(new_short, 1)
        new_long = max(new_short * long // short, 1)
        return (new_short, new_long) if height <= width else (new_long, new_short)


def resize_frames(frames: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """(T, 3, H, W) uint8 to (T, 3, height, width), bilinear over the whole source area as Pillow does it.

    Without that area a shrunk frame would show every n-th pixel and flicker.
    """
    if frames.shape[2:] == (height, width):
        return frames
    resized = np.empty((len(frames), 3, height, width), np.uint8)
    for position, frame in enumerate(frames):
        image = Image.fromarray(np.ascontiguousarray(frame.transpose(1, 2, 0)))
        shrunk = image.resize((width, height), Image.Resampling.BILINEAR)
        resized[position] = np.asarray(shrunk).transpose(2, 0, 1)
    return resized


def resize_masks(masks: NDArray[np.bool_], height: int, width: int) -> NDArray[np.bool_]:
    """(..., H, W) bool to (..., height, width): the source pixel under each new pixel's centre.

    Upstream takes the pixel under the new pixel's corner, which shifts masks against the bilinear
    frames by up to half a source pixel; the centre does not.
    """
    rows = _centres(masks.shape[-2], height)
    columns = _centres(masks.shape[-1], width)
    return np.ascontiguousarray(masks[..., rows[:, None], columns])


def _centres(size: int, new_size: int) -> NDArray[np.int64]:
    """Source positions under the centres of `new_size` pixels spread over `size` pixels."""
    return (2 * np.arange(new_size, dtype=np.int64) + 1) * size // (2 * new_size)


_SIDE_WORD = re.compile(r"\b(left|right)(?=(?:most|wards?|hand)?\b)", re.IGNORECASE)


def mirror_words(text: str) -> str:
    """A sentence about a clip, for the mirrored clip: left and right change places.

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
    """Left becomes right, in the pixels, the masks and the sentence."""
    return replace(
        sample,
        frames=torch.flip(sample.frames, (-1,)),
        masks=torch.flip(sample.masks, (-1,)),
        text=mirror_words(sample.text),
    )


def jitter_colours(sample: Sample, strength: float, rng: np.random.Generator) -> Sample:
    """Brightness, contrast and saturation of the whole clip times a factor in [1 - strength, 1 + strength].

    Hue stays: sentences name colours.
    """
    brightness, contrast, saturation = rng.uniform(1 - strength, 1 + strength, 3).tolist()
    pixels = sample.frames.float() * brightness
    pixels = pixels.mean().lerp(pixels, contrast)
    weights = torch.tensor([0.299, 0.587, 0.114]).reshape(3, 1, 1)  # ITU-R BT.601 luma
    grey = (pixels * weights).sum(1, keepdim=True)
    pixels = grey.lerp(pixels, saturation)
    return replace(sample, frames=pixels.clamp(0, 255).round().to(torch.uint8))


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
