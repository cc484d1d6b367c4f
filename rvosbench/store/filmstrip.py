"""Frames of a video side by side, every object in its colour."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rvosbench import masks
from rvosbench.drawing import overlay
from rvosbench.media.frames import open_frames
from rvosbench.media.images import RgbImage
from rvosbench.types import VOID, Video

GREY: overlay.Colour = (150, 150, 150)
"""Of void, and of expressions without an object."""

_GAP = 6  # px between frames
_PAPER: overlay.Colour = (24, 26, 31)  # as the bands of text
_GOLDEN_TURN = 0.618  # of the colour circle: hues that stay apart however many there are


def filmstrip(
    video: Video, release: Path | None, *, frames: int, width: int, heights: tuple[int, int]
) -> RgbImage:
    """Draw frames of a video.

    Args:
        video: as a store has it.
        release: the folder that frame paths are relative to.
        frames: how many to show, evenly spread over the annotated ones; over all of them where none is
            annotated.
        width: px that the strip is made to fit, unless a frame would leave `heights`.
        heights: (least, most) px of one frame.

    Returns:
        (height, width, 3) uint8 RGB.

    Raises:
        MissingPathError: a frame, or the release, is not there.
        DatasetError: a frame cannot be decoded.
    """
    shown = _spread([index for index, frame in enumerate(video.frames) if frame.annotated], frames)
    shown = shown or _spread(list(range(len(video.frames))), frames)
    colours = object_colours(video)
    with open_frames(video, release) as reader:
        pixels = reader.read(shown)
    fitting = (width - _GAP * (len(shown) - 1)) / (len(shown) * video.width)
    scale = float(np.clip(fitting, heights[0] / video.height, heights[1] / video.height))
    tiles = [
        _tile(video, index, np.ascontiguousarray(picture), colours, scale)
        for index, picture in zip(shown, pixels, strict=True)
    ]
    return _side_by_side(tiles)


def object_colours(video: Video) -> dict[int, overlay.Colour]:
    """A colour of its own for every object; grey for void.

    The palette of `overlay` first; past its end, hues by the golden ratio.
    """
    ids = sorted(obj.object_id for obj in video.objects if obj.category != VOID)
    colours = {obj.object_id: GREY for obj in video.objects if obj.category == VOID}
    for position, object_id in enumerate(ids):
        if position < len(overlay.PALETTE):
            colours[object_id] = overlay.PALETTE[position]
        else:
            hue = (position * _GOLDEN_TURN) % 1
            red, green, blue = colorsys.hls_to_rgb(hue, 0.45 + 0.25 * (position % 2), 0.75)
            colours[object_id] = (round(255 * red), round(255 * green), round(255 * blue))
    return colours


def _spread(positions: Sequence[int], count: int) -> list[int]:
    chosen = np.linspace(0, len(positions) - 1, min(count, len(positions))).round().astype(int)
    return [positions[index] for index in chosen]


def _tile(
    video: Video, index: int, picture: RgbImage, colours: dict[int, overlay.Colour], scale: float
) -> RgbImage:
    """One frame with its objects, and below it its name."""
    size = (max(1, round(video.width * scale)), max(1, round(video.height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = np.asarray(cv2.resize(picture, size, interpolation=method), np.uint8)
    # Void first and small objects last, so that nothing is hidden below a larger mask.
    present = sorted(
        (object_id for object_id, frame in video.masks if frame == index),
        key=lambda object_id: (colours[object_id] != GREY, -masks.area(video.masks[object_id, index])),
    )
    stack = np.zeros((len(present), size[1], size[0]), np.bool_)
    for position, object_id in enumerate(present):
        mask = masks.decode(video.masks[object_id, index]).astype(np.uint8)
        stack[position] = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
    if present:
        resized = overlay.blend(resized, stack, [colours[object_id] for object_id in present])
    frame = video.frames[index]
    note = "" if frame.annotated else " (not annotated)"
    caption = overlay.legend(size[0], [(f"{frame.name}{note}", _PAPER)], size=max(11, min(15, size[0] // 16)))
    return np.concatenate([resized, caption])


def _side_by_side(tiles: Sequence[RgbImage]) -> RgbImage:
    height = max(tile.shape[0] for tile in tiles)
    gap: NDArray[np.uint8] = np.full((height, _GAP, 3), _PAPER, np.uint8)
    columns: list[RgbImage] = []
    for tile in tiles:
        rest: NDArray[np.uint8] = np.full((height - tile.shape[0], tile.shape[1], 3), _PAPER, np.uint8)
        columns += [np.concatenate([tile, rest]), gap]
    return np.concatenate(columns[:-1], axis=1)
