"""The records that pass between the rooms: frozen, without behaviour, without torch.

`T` frames, `K` frames that an answer is wanted for, `N` candidates or objects, `H W` pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

VOID = "void"
"""The category of pixels that DAVIS wants ignored; never an object to find."""

BoolMask = NDArray[np.bool_]
"""(H, W) bool, True on the object."""


@dataclass(frozen=True, slots=True)
class Rle:
    """One binary mask as COCO compressed run lengths; `pycocotools` reads `counts` as it is."""

    height: int  # px
    width: int  # px
    counts: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Expression:
    """One expression about one video: the unit that scores are averaged over."""

    video_id: str
    expression_id: str
    text: str  # as released, neither lower-cased nor stripped
    object_ids: tuple[int, ...] | None  # None: hidden ground truth; (): the expression has no target
    annotator: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """One frame of a video in a store; its position in the video is its index in `Video.frames`."""

    name: str  # the official name, such as "00005"
    annotated: bool  # somebody looked for objects here; an object without a mask is then absent
    path: str | None  # relative to the release folder; None when the pixels are packed
    pts_s: float | None = None  # presentation time inside an mp4; None for image files
    encoded: bytes | None = None  # the JPEG or PNG file itself, when packed


@dataclass(frozen=True, kw_only=True, slots=True)
class Object:
    """One annotated thing of a video."""

    object_id: int
    category: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Video:
    """All that a release says about one video: what a dataset reads and a store holds.

    `masks` maps (object_id, frame index) to a mask. An annotated frame without an entry means that
    the object is not there; a frame that is not annotated says nothing.
    """

    video_id: str
    split: str
    height: int  # px
    width: int  # px
    fps: float | None
    source: str  # path relative to the release folder
    frames: tuple[Frame, ...]
    objects: tuple[Object, ...]
    expressions: tuple[Expression, ...]
    masks: Mapping[tuple[int, int], Rle]


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """What is known about an official release, whoever holds a copy."""

    name: str  # the name on the command line, such as "ytvos"
    title: str
    homepage: str
    licence: str
    citation: str  # BibTeX
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # split -> {"videos": .., ...}


@dataclass(frozen=True, kw_only=True, slots=True)
class Clip:
    """What a model sees: frames of one video and the positions to answer for."""

    video_id: str
    frames: NDArray[np.uint8]  # (T, H, W, 3) RGB
    frame_indices: tuple[int, ...]  # T positions in the video
    wanted: tuple[int, ...]  # K positions in `frames`, ascending
    objects: NDArray[np.bool_] | None = None  # (N, K, H, W) ground truth, filled in for oracles only


@dataclass(frozen=True, kw_only=True, slots=True)
class Segmentation:
    """A model's answer to one expression: candidates from best to worst; the first is the answer."""

    masks: NDArray[np.bool_]  # (N, K, H, W), the size of the clip's frames
    scores: NDArray[np.float32]  # (N,) or (N, K), each finite; higher is better


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Ground truth of one training clip. Rows are the objects of the video."""

    masks: Tensor  # (N, K, H, W) bool, padded like the frames; all False where the object is absent
    visible: Tensor  # (N, K) bool
    labels: Tensor  # (N,) int64 category index, 0 when the model knows one class
    referred: int  # the row that the expression means


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Training clips, padded at the bottom and right to one size. One expression per clip."""

    frames: Tensor  # (B, T, H, W, 3) uint8 RGB, 0 on padding; the model scales and turns them
    pixel_is_padding: Tensor  # (B, H, W) bool
    sizes: tuple[tuple[int, int], ...]  # B x (height, width) without padding
    expressions: tuple[str, ...]  # B
    wanted: tuple[int, ...]  # K positions among the T frames, the same for every clip
    targets: tuple[Target, ...]  # B
