"""How fast the metrics are, against plain implementations of what they reproduce.

Run: OMP_NUM_THREADS=1 python benchmarks/metrics.py
Prints a table in Markdown: medians of interleaved runs in one process, and their ratio. The J and F of both
sides, and the COCO figures, must be equal, or there is no table. Takes about a minute.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import os
import platform
import statistics
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import cache
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import reference_metrics
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from rvosbench import masks
from rvosbench.analysis.bootstrap import interval
from rvosbench.metrics import score_pairs
from rvosbench.metrics.average_precision import COCO_FIGURES, score_coco
from rvosbench.types import BoolMask, Rle

Track = tuple[list[Rle], list[Rle]]
"""Predictions and ground truths of one video."""

SIZES = ((480, 854, 10), (720, 1280, 15))  # height, width, the ratio that is asked for


def blob(height: int, width: int, centre: np.ndarray, radius: float, waves: np.ndarray) -> BoolMask:
    """A smooth outline: a flat ellipse with a few waves, each (number, height, phase)."""
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    number, strength, phase = waves.T[:, :, None]
    reach = radius * (1 + (strength * np.cos(number * angle + phase)).sum(axis=0))
    outline = centre + np.stack([1.4 * reach * np.cos(angle), reach * np.sin(angle)], axis=1)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [outline.round().astype(np.int32)], 1)
    return mask.astype(np.bool_)


def track(height: int, width: int, frames: int, seed: int) -> Track:
    """One object that moves, and a prediction that drifts, breathes and wobbles about it."""
    rng = np.random.default_rng(seed)
    radius = height * rng.uniform(0.1, 0.3)
    waves = np.array([(k, rng.uniform(0, 0.5 / k), rng.uniform(0, 2 * np.pi)) for k in range(2, 8)])
    start = rng.uniform((0.2 * width, 0.2 * height), (0.8 * width, 0.8 * height))
    step, drift = rng.normal(0, 0.004 * height, 2), rng.normal(0, 0.002 * height, 2)
    offset = rng.normal(0, 0.01 * height, 2)
    predictions, truths = [], []
    for frame in range(frames):
        centre, turned = start + frame * step, waves + np.array([0, 0, 0.02 * frame])
        wobble = turned + np.stack([np.zeros(6), np.zeros(6), rng.normal(0, 0.1, 6)], axis=1)
        error, size = offset + frame * drift, radius * rng.uniform(0.9, 1.1)
        truths.append(masks.encode(blob(height, width, centre, radius, turned)))
        predictions.append(masks.encode(blob(height, width, centre + error, size, wobble)))
    return predictions, truths


@cache
def tracks(height: int, width: int) -> list[Track]:
    return [track(height, width, 20, seed) for seed in range(6)]


def medians(rounds: int, *functions: Callable[[], object]) -> list[float]:
    """Seconds of each function; they take turns."""
    taken: list[list[float]] = [[] for _ in functions]
    for _ in range(rounds):
        for function, times in zip(functions, taken, strict=True):
            start = time.perf_counter()
            function()
            times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in taken]


def pairs(rounds: int) -> list[str]:
    rows = []
    for height, width, wanted in SIZES:
        videos = tracks(height, width)
        for video in videos:
            if not (reference_metrics.score_pairs(*video) == np.array(score_pairs(*video))).all():
                raise SystemExit(f"J or F differ from the reference at {height}x{width}")
        slow, fast = medians(
            rounds,
            lambda videos=videos: [reference_metrics.score_pairs(*video) for video in videos],
            lambda videos=videos: [score_pairs(*video) for video in videos],
        )
        count = sum(len(truths) for _, truths in videos)
        rows.append(
            f"| J and F of a pair from run lengths, {height}x{width} | {slow / count * 1e3:.2f} ms | "
            f"{fast / count * 1e3:.3f} ms | {slow / fast:.1f}x faster | >= {wanted}x |"
        )
    return rows


def score_often(times: int) -> None:
    for _ in range(times):
        for video in tracks(*SIZES[0][:2]):
            score_pairs(*video)


def scaling(rounds: int) -> str:
    times = 16
    score_often(1)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(score_often, [4, 4]))  # start both, draw the masks
        one, two = medians(
            rounds,
            lambda: score_often(2 * times),
            lambda: list(pool.map(score_often, [times, times])),
        )
    times_s = f"{one:.2f} s | {two:.2f} s"
    return f"| the same, 480x854, 1 and 2 processes | {times_s} | {one / two:.2f}x faster | >= 1.7x |"


def memory() -> str:
    """The peak does not grow with the number of frames."""
    peaks = []
    for frames in (20, 200):
        video = track(*SIZES[0][:2], frames, 0)
        tracemalloc.start()
        score_pairs(*video)
        peaks.append(f"{tracemalloc.get_traced_memory()[1] / 2**20:.1f} MiB")
        tracemalloc.stop()
    return f"| peak memory of `score_pairs`, 480x854, 20 and 200 frames | {peaks[0]} | {peaks[1]} | | |"


def samples(images: int, detections: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """COCO data with text ids. 250 images are drawn; they return under new ids with other scores."""
    rng = np.random.default_rng(0)
    drawn = [track(320, 568, detections, 1000 + seed) for seed in range(min(images, 250))]
    truth: dict[str, Any] = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "object"}]}
    found = []
    for number in range(images):
        candidates, (mask, *_) = drawn[number % len(drawn)]
        name = f"v_{rng.integers(10**9)}_f_{number}"
        truth["images"].append({"id": name, "height": mask.height, "width": mask.width})
        truth["annotations"].append(
            {
                "id": number + 1,
                "image_id": name,
                "category_id": 1,
                "segmentation": masks.as_coco(mask),
                "area": float(masks.area(mask)),
                "iscrowd": 0,
            }
        )
        for candidate in candidates:
            row = {"image_id": name, "category_id": 1, "segmentation": masks.as_coco(candidate)}
            found.append(row | {"score": float(rng.random())})
    return truth, found


def cocoeval(truth: dict[str, Any], found: list[dict[str, Any]]) -> list[float]:
    with contextlib.redirect_stdout(io.StringIO()):
        known = COCO()
        known.dataset = truth
        known.createIndex()
        evaluation = COCOeval(known, known.loadRes(found), "segm")
        evaluation.params.useCats = 0
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats.tolist()


def coco(rounds: int, images: int, detections: int) -> str:
    truth, found = samples(images, detections)
    figures, answer = score_coco(truth, found), cocoeval(copy.deepcopy(truth), copy.deepcopy(found))
    if [figures[name] for name in COCO_FIGURES] != answer:
        raise SystemExit("the COCO figures differ from those of COCOeval")
    copies = [(copy.deepcopy(truth), copy.deepcopy(found)) for _ in range(rounds)]  # it writes into them
    slow, fast = medians(rounds, lambda: cocoeval(*copies.pop()), lambda: score_coco(truth, found))
    return (
        f"| COCO figures, {images:,} images x {detections} detections (COCOeval; ours with P@K and IoU) | "
        f"{slow:.2f} s | {fast:.2f} s | {fast / slow:.2f} of the time | <= 0.5 |"
    )


def bootstrap(rounds: int) -> str:
    rng = np.random.default_rng(0)
    values, videos = rng.random(2000), (np.arange(2000) // 4).tolist()
    (taken,) = medians(rounds, lambda: interval(values, videos, 0, 10_000))
    return f"| 10,000 bootstrap replicates, 2,000 expressions of 500 videos | | {taken:.2f} s | | < 2 s |"


def processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the metrics against their references.")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each side; the median counts")
    parser.add_argument("--images", type=int, default=5000, help="for the COCO figures")
    parser.add_argument("--detections", type=int, default=20, help="per image")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    print(
        f"{date.today()}, {os.cpu_count()} cores of {processor()}, {platform.system()}{load}; Python ", end=""
    )
    names = ("numpy", "opencv-python-headless", "pycocotools")
    print(", ".join([platform.python_version(), *(f"{name} {version(name)}" for name in names)]))
    print("\n| what | reference | rvosbench | ratio | asked for |\n|---|---|---|---|---|")
    rounds = arguments.rounds
    for row in pairs(rounds):
        print(row)
    print(scaling(rounds))
    print(memory())
    print(coco(min(rounds, 3), arguments.images, arguments.detections))
    print(bootstrap(rounds))


if __name__ == "__main__":
    main()
