"""One video of a store as a picture: frames over time, every object in its colour, its expressions below."""

from __future__ import annotations

import colorsys
import io
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rvosbench import masks
from rvosbench.drawing import overlay
from rvosbench.errors import DatasetError
from rvosbench.media.frames import open_frames
from rvosbench.media.images import RgbImage
from rvosbench.store import Store
from rvosbench.types import VOID, Expression, Video

_GAP = 6  # px between frames
_WIDEST = 1920  # px of the whole picture, unless the frames themselves are wider
_LOWEST, _HIGHEST = 160, 360  # px of one frame
_GREY: overlay.Colour = (150, 150, 150)  # void, expressions without an object
_PAPER: overlay.Colour = (24, 26, 31)  # as the bands of text
_GOLDEN_TURN = 0.618  # of the colour circle: hues that stay apart however many there are
_MOST_EXPRESSIONS = 40


def preview(store: Store, split: str, video_id: str, *, frames: int = 6) -> RgbImage:
    """Draw one video.

    Args:
        store: the store.
        split: its split.
        video_id: the video.
        frames: how many frames to show, evenly spread over the annotated ones; over all of them where
            none is annotated.

    Returns:
        (height, width, 3) uint8 RGB.

    Raises:
        UnknownNameError: no such split or video.
        MissingPathError: a frame, or the release, is not there.
        DatasetError: a frame cannot be decoded, or `frames` is not positive.
    """
    if frames < 1:
        raise DatasetError(f"{frames} frames were asked for, expected at least 1")
    video = store.video(split, video_id)
    shown = _spread([n for n, frame in enumerate(video.frames) if frame.annotated], frames)
    shown = shown or _spread(list(range(len(video.frames))), frames)
    colours = object_colours(video)
    with open_frames(video, store.release) as reader:
        pixels = reader.read(shown)
    scale = _scale(video, len(shown))
    tiles = [
        _tile(video, index, np.ascontiguousarray(picture), colours, scale)
        for index, picture in zip(shown, pixels, strict=True)
    ]
    strip = _side_by_side(tiles)
    text = overlay.legend(strip.shape[1], _entries(video, colours), size=_type_size(strip.shape[1]))
    return np.concatenate([strip, text])


def as_png(picture: RgbImage) -> bytes:
    """(H, W, 3) uint8 RGB as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return buffer.getvalue()


def object_colours(video: Video) -> dict[int, overlay.Colour]:
    """A colour of its own for every object; grey for void.

    The palette of `overlay` first; past its end, hues by the golden ratio.
    """
    ids = sorted(thing.object_id for thing in video.objects if thing.category != VOID)
    colours = {thing.object_id: _GREY for thing in video.objects if thing.category == VOID}
    for position, object_id in enumerate(ids):
        if position < len(overlay.PALETTE):
            colours[object_id] = overlay.PALETTE[position]
        else:
            hue = (position * _GOLDEN_TURN) % 1
            red, green, blue = colorsys.hls_to_rgb(hue, 0.45 + 0.25 * (position % 2), 0.75)
            colours[object_id] = (round(255 * red), round(255 * green), round(255 * blue))
    return colours


def _spread(positions: Sequence[int], count: int) -> list[int]:
    places = np.linspace(0, len(positions) - 1, min(count, len(positions))).round().astype(int)
    return [positions[place] for place in places]


def _scale(video: Video, count: int) -> float:
    """From frame to tile: the strip is about as wide as a screen, and a tile neither tiny nor huge."""
    fitting = (_WIDEST - _GAP * (count - 1)) / (count * video.width)
    return float(np.clip(fitting, _LOWEST / video.height, _HIGHEST / video.height))


def _type_size(width: int) -> int:
    return min(20, max(11, width // 72))


def _tile(
    video: Video, index: int, picture: RgbImage, colours: dict[int, overlay.Colour], scale: float
) -> RgbImage:
    """One frame with its objects, and below it its name."""
    size = (max(1, round(video.width * scale)), max(1, round(video.height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = np.asarray(cv2.resize(picture, size, interpolation=method), np.uint8)
    # Void first and small things last, so that nothing is hidden below a larger mask.
    present = sorted(
        (object_id for object_id, frame in video.masks if frame == index),
        key=lambda object_id: (colours[object_id] != _GREY, -masks.area(video.masks[object_id, index])),
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


def _entries(video: Video, colours: dict[int, overlay.Colour]) -> list[tuple[str, overlay.Colour]]:
    """The objects, then the expressions; an expression has the colour of the first object that it means."""
    entries = [
        (
            f"object {thing.object_id}" + (f": {thing.category}" if thing.category else ""),
            colours[thing.object_id],
        )
        for thing in sorted(video.objects, key=lambda thing: (thing.category == VOID, thing.object_id))
    ]
    for expression in video.expressions[:_MOST_EXPRESSIONS]:
        first = (expression.object_ids or (None,))[0]
        entries.append((_expression(expression), _GREY if first is None else colours[first]))
    rest = len(video.expressions) - _MOST_EXPRESSIONS
    if rest > 0:
        entries.append((f"and {rest} more expressions", _GREY))
    if not entries:
        entries.append(("no objects and no expressions", _GREY))
    return entries


def _expression(expression: Expression) -> str:
    if expression.object_ids is None:
        meant = "hidden ground truth"
    elif not expression.object_ids:
        meant = "no target"
    else:
        meant = "object" + "s" * (len(expression.object_ids) > 1)
        meant += " " + ", ".join(str(object_id) for object_id in expression.object_ids)
    return f"“{expression.text}” [{expression.expression_id}: {meant}]"
