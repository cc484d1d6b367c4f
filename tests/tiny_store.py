"""A store of 24x32 px videos, drawn in code and packed, for tests of what reads stores."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from rvosbench import masks
from rvosbench.store import Store, StoreWriter
from rvosbench.types import Card, Expression, Frame, Object, Video

HEIGHT, WIDTH = 24, 32
CARD = Card(name="tiny", title="Tiny", homepage="none", licence="none", citation="none")


def square(left: int, top: int = 4, side: int = 8) -> np.ndarray:
    """(H, W) bool with a filled square."""
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[top : top + side, left : left + side] = True
    return mask


def png(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return buffer.getvalue()


def video(
    video_id: str,
    split: str,
    tracks: dict[int, dict[int, np.ndarray]],  # object -> frame -> mask
    expressions: dict[str, tuple[int, ...] | None],  # text -> objects
    *,
    frames: int = 6,
    annotated: tuple[int, ...] | None = None,
    categories: dict[int, str] | None = None,
) -> Video:
    """Objects in plain colours on grey; frame n has its number in the top left pixel's red."""
    names = {0: "red", 1: "blue"}
    colours = {0: (220, 30, 30), 1: (30, 30, 220), 255: (90, 90, 90)}
    pictures = []
    for frame in range(frames):
        picture = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
        for object_id, shown in tracks.items():
            if frame in shown:
                picture[shown[frame]] = colours.get(object_id, (30, 220, 30))
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
            Object(object_id=object_id, category=(categories or names).get(object_id)) for object_id in tracks
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


def write_store(folder: Path, videos: list[Video]) -> Store:
    with StoreWriter(folder, CARD, release=folder.parent, fingerprint="drawn", arguments={}) as writer:
        for each in videos:
            writer.add(each)
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


def tiny_store(folder: Path) -> Store:
    return write_store(folder, [two_squares(), lone_square(), hidden()])
