"""A store of 24x32 px videos, drawn in code and packed: seconds to make, nothing to download."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rvosbench import masks
from rvosbench.store import Store, StoreWriter
from rvosbench.types import BoolMask, Card, Expression, Frame, Object, Video

HEIGHT, WIDTH = 24, 32  # px
CARD = Card(name="tiny", title="Tiny", homepage="none", licence="none", citation="none")

_NAMES = {0: "red", 1: "blue"}
_COLOURS = {0: (220, 30, 30), 1: (30, 30, 220), 255: (90, 90, 90)}
_OTHER = (30, 220, 30)


def tiny_store(folder: str | Path, *, card: Card = CARD) -> Store:
    """A store with the splits train (`two_squares`, `lone_square`) and valid (`hidden`).

    Args:
        folder: to write; must not be there.
        card: of the dataset, for a store that a dataset's own protocol shall score.
    """
    return write_store(Path(folder), [two_squares(), lone_square(), hidden()], card=card)


def write_store(folder: Path, videos: Sequence[Video], *, card: Card = CARD) -> Store:
    """A store of these videos."""
    with StoreWriter(folder, card, release=folder.parent, fingerprint="drawn", arguments={}) as writer:
        for drawn in videos:
            writer.add(drawn)
    return Store.open(folder)


def two_squares(video_id: str = "pair", split: str = "train") -> Video:
    """Red moves right in all 6 frames; blue stands at the bottom and appears in frame 3."""
    return video(
        video_id,
        split,
        {0: {n: square(2 * n) for n in range(6)}, 1: {n: square(20, 14) for n in range(3, 6)}},
        {"the red square": (0,), "the blue one": (1,), "both squares": (0, 1), "the dog": ()},
    )


def lone_square(video_id: str = "single", split: str = "train") -> Video:
    """One green square in the last of 5 frames, and pixels to be ignored."""
    return video(
        video_id,
        split,
        {7: {4: square(3)}, 255: {n: square(20, 14, 4) for n in range(5)}},
        {"the square on the left": (7,)},
        frames=5,
        categories={7: "green", 255: "void"},
    )


def hidden(video_id: str = "secret", split: str = "valid") -> Video:
    """Two expressions whose ground truth is not public."""
    return video(video_id, split, {}, {"a cat": None, "a cow": None}, frames=4)


def video(
    video_id: str,
    split: str,
    tracks: Mapping[int, Mapping[int, BoolMask]],
    expressions: Mapping[str, tuple[int, ...] | None],
    *,
    frames: int = 6,
    annotated: Sequence[int] | None = None,
    categories: Mapping[int, str] | None = None,
) -> Video:
    """Objects in plain colours on grey; frame n has its number in the top left pixel's red.

    Args:
        video_id: its name.
        split: where it belongs.
        tracks: object -> frame -> its mask, (24, 32) bool.
        expressions: text -> the objects that it means; None: not public.
        frames: how many.
        annotated: frames with ground truth; None: all.
        categories: object -> category.
    """
    pictures = []
    for frame in range(frames):
        picture = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
        for object_id, shown in tracks.items():
            if frame in shown:
                picture[shown[frame]] = _COLOURS.get(object_id, _OTHER)
        picture[0, 0] = (frame, 0, 0)
        pictures.append(png(picture))
    kept = range(frames) if annotated is None else annotated
    return Video(
        video_id=video_id,
        split=split,
        height=HEIGHT,
        width=WIDTH,
        fps=None,
        source=video_id,
        frames=tuple(
            Frame(name=f"{frame * 5:05d}", annotated=frame in kept, path=None, encoded=pictures[frame])
            for frame in range(frames)
        ),
        objects=tuple(
            Object(object_id=object_id, category=(categories or _NAMES).get(object_id))
            for object_id in tracks
        ),
        expressions=tuple(
            Expression(video_id=video_id, expression_id=str(number), text=text, object_ids=objects)
            for number, (text, objects) in enumerate(expressions.items())
        ),
        masks={
            (object_id, frame): masks.encode(mask)
            for object_id, shown in tracks.items()
            for frame, mask in shown.items()
            if frame in kept
        },
    )


def square(left: int, top: int = 4, side: int = 8) -> NDArray[np.bool_]:
    """(24, 32) bool with a filled square."""
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[top : top + side, left : left + side] = True
    return mask


def png(picture: NDArray[np.uint8]) -> bytes:
    """A picture, (H, W, 3) uint8, as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return buffer.getvalue()
