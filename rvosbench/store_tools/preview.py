"""One video of a store as a picture: frames over time, every object in its colour, its expressions below."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from rvosbench.drawing import overlay
from rvosbench.errors import DatasetError
from rvosbench.media.images import RgbImage
from rvosbench.store import Store
from rvosbench.store.filmstrip import GREY, filmstrip, object_colours
from rvosbench.types import VOID, Expression, Video

_WIDEST = 1920  # px of the whole picture, unless the frames themselves are wider
_LOWEST, _HIGHEST = 160, 360  # px of one frame
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
    strip = filmstrip(video, store.release, frames=frames, width=_WIDEST, heights=(_LOWEST, _HIGHEST))
    colours = object_colours(video)
    text = overlay.legend(strip.shape[1], _entries(video, colours), size=_type_size(strip.shape[1]))
    return np.concatenate([strip, text])


def as_png(picture: RgbImage) -> bytes:
    """(H, W, 3) uint8 RGB as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return buffer.getvalue()


def _type_size(width: int) -> int:
    return min(20, max(11, width // 72))


def _entries(video: Video, colours: dict[int, overlay.Colour]) -> list[tuple[str, overlay.Colour]]:
    """The objects, then the expressions; an expression has the colour of the first object that it means."""
    entries = [
        (
            f"object {obj.object_id}" + (f": {obj.category}" if obj.category else ""),
            colours[obj.object_id],
        )
        for obj in sorted(video.objects, key=lambda obj: (obj.category == VOID, obj.object_id))
    ]
    for expression in video.expressions[:_MOST_EXPRESSIONS]:
        first = (expression.object_ids or (None,))[0]
        entries.append((_expression(expression), GREY if first is None else colours[first]))
    rest = len(video.expressions) - _MOST_EXPRESSIONS
    if rest > 0:
        entries.append((f"and {rest} more expressions", GREY))
    if not entries:
        entries.append(("no objects and no expressions", GREY))
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
