"""What every producer answers here: two small videos, and answers that numpy scores without rvosbench."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvosbench.store import Store
from rvosbench.types import Video
from tests.tiny_store import HEIGHT, WIDTH, square, video, write_store

Track = NDArray[np.bool_]  # (T, H, W)
Answers = Mapping[str, Mapping[str, Track]]  # video -> expression or object -> its masks

_ASKED = {"the red square": (1,), "the blue one": (2,), "both squares": (1, 2), "the dog": ()}


def videos() -> list[Video]:
    """Red moves in all frames, blue is away in the second; frames are 00000, 00005 and so on."""
    return [
        video(
            name,
            "valid",
            {
                1: {n: square(2 * n) for n in range(count)},
                2: {n: square(20, 14) for n in range(count) if n != 1},
            },
            _ASKED,
            frames=count,
        )
        for name, count in (("0a49f5265b", 6), ("e98d115d9d", 4))
    ]


def scene(folder: Path) -> Store:
    """The store with the split valid."""
    return write_store(folder, videos())


def frames_of(video_id: str) -> list[str]:
    (names,) = ([f.name for f in each.frames] for each in videos() if each.video_id == video_id)
    return names


def texts() -> dict[str, str]:
    return {str(number): text for number, text in enumerate(_ASKED)}


def truth(video_id: str, objects: Iterable[int]) -> Track:
    """(T, H, W), drawn again: not read from the store."""
    count = len(frames_of(video_id))
    shown = np.zeros((count, HEIGHT, WIDTH), np.bool_)
    for n in range(count):
        if 1 in objects:
            shown[n] |= square(2 * n)
        if 2 in objects and n != 1:
            shown[n] |= square(20, 14)
    return shown


def of_expressions() -> Answers:
    """Masks beside the truth by another distance in each frame; one is empty, and so is all about the dog."""
    answers: dict[str, dict[str, Track]] = {}
    for each in videos():
        tracks = answers[each.video_id] = {}
        for number, objects in enumerate(_ASKED.values()):
            track = truth(each.video_id, objects)
            for n in range(len(track)):
                track[n] = np.roll(track[n], (n + number, number), axis=(0, 1))
            track[3] &= number != 1
            tracks[str(number)] = track
    return answers


def of_objects() -> Answers:
    """As label maps allow it: no pixel is of two objects, and red is at the edge."""
    answers: dict[str, dict[str, Track]] = {}
    for each in videos():
        red, blue = truth(each.video_id, (1,)), np.roll(truth(each.video_id, (2,)), 1, axis=2)
        answers[each.video_id] = {"1": np.roll(red, 2, axis=1) & ~blue, "2": blue}
    return answers


def mean_j(answers: Answers, meant: Mapping[str, tuple[int, ...]] | None = None) -> float:
    """J by numpy: mean over frames, then over what is asked; 1 where nothing is there, nor predicted."""
    meant = meant or {str(number): objects for number, objects in enumerate(_ASKED.values())}
    values = []
    for video_id, tracks in answers.items():
        for key, track in tracks.items():
            target = truth(video_id, meant[key])
            both, either = (track & target).sum((1, 2)), (track | target).sum((1, 2))
            values.append(np.where(either == 0, 1.0, both / np.maximum(either, 1)).mean())
    return float(np.mean(values))


def runs(mask: NDArray[np.bool_]) -> list[int]:
    """Uncompressed run lengths by numpy: background first, in columns."""
    flat = mask.T.reshape(-1)
    ends = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    lengths = np.diff(np.concatenate([[0], ends, [flat.size]])).tolist()
    return [0, *lengths] if flat[0] else lengths


def rle(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """Run lengths as the encoder of pycocotools makes them, the counts decoded for JSON."""
    from pycocotools import mask as coco

    made = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": made["size"], "counts": made["counts"].decode()}
