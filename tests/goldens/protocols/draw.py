"""Draws the inputs of these goldens, the same for every seed: label maps, expressions, ranked samples."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

Labels = NDArray[np.uint8]  # (T, H, W)
HEIGHT, WIDTH = 40, 56


def blob(rng: random.Random, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.bool_]:
    """A disk or a box somewhere, perhaps cut by the edge."""
    y, x, radius = rng.randrange(height), rng.randrange(width), rng.randrange(3, 14)
    rows, columns = np.mgrid[:height, :width]
    if rng.random() < 0.5:
        return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
    return (abs(rows - y) <= radius) & (abs(columns - x) <= radius * 2 // 3)


def label_maps(rng: random.Random, frames: int, labels: dict[int, range], void: bool = False) -> Labels:
    """Objects in the frames that they are to be seen in; a label of the first frame is always seen there."""
    maps = np.zeros((frames, HEIGHT, WIDTH), np.uint8)
    shapes = {label: blob(rng) for label in labels}
    for frame in range(frames):
        for label, seen in labels.items():
            if frame in seen:
                maps[frame][np.roll(shapes[label], frame * rng.randrange(-2, 3), axis=1)] = label
        if void:
            maps[frame][blob(rng)] = 255
        for label, seen in labels.items():  # nobody is hidden altogether
            if frame in seen:
                maps[frame, label, 2 * label : 2 * label + 2] = label
    return maps


def answers(rng: random.Random, truth: Labels, labels: list[int]) -> Labels:
    """The truth without void, moved, with blobs of other labels on it."""
    maps = np.where(truth == 255, 0, truth).astype(np.uint8)
    maps = np.roll(maps, rng.randrange(-3, 4), axis=2)
    maps[~np.isin(maps, labels)] = 0
    for frame in maps:
        if rng.random() < 0.6:
            frame[blob(rng)] = rng.choice([0, *labels])
    for label in labels:
        if not (truth == label).any():  # seen where it never is, in some frames
            maps[1][blob(rng)] = label
            maps[3][blob(rng)] = label
    return maps


# sequence -> (frames, label -> frames in which it is there, void, labels of the answers)
SEQUENCES: dict[str, tuple[int, dict[int, range], bool, list[int]]] = {
    "gap": (6, {1: range(6), 3: range(5)}, False, [1, 3]),
    "gap-answered": (6, {1: range(6), 3: range(6)}, False, [1, 2, 3]),
    "gap-later": (7, {1: range(7), 4: range(3), 2: range(4, 7)}, True, [1, 2, 4]),
    "late": (5, {1: range(5), 2: range(5), 3: range(2, 5)}, False, [1, 2]),
    "one": (3, {1: range(3)}, False, [1]),
    "two-first-missing": (8, {2: range(8)}, True, [2]),
    "void": (9, {1: range(9), 2: range(7)}, True, [1, 2]),
}


def davis(seed: int) -> dict[str, Labels]:
    """`truth/<sequence>`, `semi/<sequence>` and, of four annotators, `anno_<k>/<sequence>`."""
    rng = random.Random(seed)
    drawn: dict[str, Labels] = {}
    for name, (frames, labels, void, answered) in SEQUENCES.items():
        truth = label_maps(rng, frames, labels, void)
        drawn[f"truth/{name}"] = truth
        drawn[f"semi/{name}"] = answers(rng, truth, answered)
        for annotator in range(4):
            maps = answers(rng, truth, answered)
            numbers = list(range(1, len(answered) + 1))
            rng.shuffle(numbers)  # as proposals: their numbers mean nothing
            changed = np.zeros_like(maps)
            for label, number in zip(answered, numbers, strict=True):
                changed[maps == label] = number + (annotator == 3)  # label 1 is never used by the last
            drawn[f"anno_{annotator}/{name}"] = changed
    return drawn


def expressions(seed: int) -> dict[str, Any]:
    """Four annotators' expressions of some sequences, each with the answer as run lengths."""
    rng = random.Random(seed)
    videos = {}
    for name in ("one", "void", "late"):
        frames, labels, void, _ = SEQUENCES[name]
        truth = label_maps(rng, frames, labels, void)
        first = [label for label, seen in labels.items() if 0 in seen]
        videos[name] = {
            "truth": {str(label): [rle(frame == label) for frame in truth] for label in first},
            "void": [rle(frame == 255) for frame in truth],
            "answers": {
                str(annotator * len(first) + index): [
                    rle((np.roll(frame == label, rng.randrange(-4, 5), axis=1)) & (rng.random() < 0.85))
                    for frame in truth
                ]
                for annotator in range(4)
                for index, label in enumerate(first)
            },
        }
    return videos


def rle(mask: NDArray[np.bool_]) -> dict[str, Any]:
    counts = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": [int(side) for side in counts["size"]], "counts": counts["counts"].decode()}


def samples(seed: int, by_instance: bool) -> dict[str, Any]:
    """Ranked candidates with few different scores, so that the order of the sample ids decides.

    Args:
        seed: of all that is random.
        by_instance: several instances of a video, as in A2D-Sentences; else one, as in JHMDB-Sentences.
    """
    rng = random.Random(seed)
    truths, detections = {}, {}
    for number in range(12):
        for frame in rng.sample(range(1, 41), 3):
            for instance in rng.sample(range(11), 2 if by_instance else 1):
                key = f"clip-{number} {frame}" + (f" {instance}" if by_instance else "")
                truth = blob(rng, 24, 32) | (np.arange(32) == 3)
                truths[key] = rle(truth)
                detections[key] = [
                    [
                        rle(
                            np.roll(truth, rng.choice([0, 1, 2, 3, 6]), axis=0)
                            if rng.random() < 0.8
                            else blob(rng, 24, 32)
                        ),
                        rng.choice([0.25, 0.5, 0.75]),
                    ]
                    for _ in range(rng.randrange(1, 5))
                ]
    return {"truths": truths, "detections": detections}


def no_targets(seed: int) -> list[dict[str, Any]]:
    """Answers to expressions of which some mean nothing."""
    rng = random.Random(seed)
    drawn = []
    for _ in range(60):
        nothing = rng.random() < 0.3
        truth = np.zeros((HEIGHT, WIDTH), np.bool_) if nothing else blob(rng)
        answer = blob(rng) if rng.random() < 0.4 else np.roll(truth, rng.randrange(3), axis=0)
        drawn.append(
            {"truth": rle(truth), "answer": rle(answer), "nothing": nothing, "rejected": rng.random() < 0.3}
        )
    return drawn
