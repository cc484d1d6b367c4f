"""How fast `rvos evaluate` is, from PNG, zip and Parquet, against decoding alone and plain implementations.

Run: OMP_NUM_THREADS=1 python benchmarks/evaluate.py
Prints a table in Markdown: CPU seconds (of all threads, so that other work on the machine counts little),
medians of rounds in turns in one process, and ratios. J and F of both sides must be equal, or there is no
table. Takes about five minutes; `--small` about twenty seconds; `--scale 100000` about ten minutes more.

The references: decoding is Pillow's, file by file, and nothing else. The plain evaluator decodes likewise,
takes the objects out of the label maps, and measures J and F by benchmarks/reference_metrics.py; ground truth
lies ready in memory for it. COCOeval is that of pycocotools.
"""

from __future__ import annotations

import argparse
import copy
import io
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import reference_metrics
from evaluate_inputs import (
    Scenes,
    write_candidates,
    write_expression_pngs,
    write_expression_rows,
    write_object_pngs,
    write_object_rows,
)
from metrics import cocoeval, processor
from PIL import Image

from rvosbench import masks
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.runs.scores import Scores
from rvosbench.store import Store

# Scores a run or writes its page in a process of its own. Prints seconds on the clock, CPU seconds with those
# of worker processes, and the peak memory in MB of this process and of the largest worker.
_ALONE = """
import pathlib, re, resource, sys, time
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.reporting.report import report
what, store, predictions, out, protocol, workers = sys.argv[1:]
start = time.perf_counter()
if what == "evaluate":
    evaluate(predictions, store, protocol=protocol, out=out, workers=int(workers), force=True)
elif what == "report":
    report(out, store)
mine, theirs = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
cpu = sum(usage.ru_utime + usage.ru_stime for usage in (mine, theirs))
# Of this process ru_maxrss begins with that of the one that started it.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
print(time.perf_counter() - start, cpu, peak / 1024, theirs.ru_maxrss / 1024)
"""


def medians(rounds: int, *functions: Callable[[], object]) -> list[float]:
    """CPU seconds of each function; they take turns."""
    taken: list[list[float]] = [[] for _ in functions]
    for _ in range(rounds):
        for function, times in zip(functions, taken, strict=True):
            start = time.process_time()
            function()
            times.append(time.process_time() - start)
    return [statistics.median(times) for times in taken]


def decode(folder: Path) -> None:
    for path in sorted(folder.rglob("*.png")):
        with Image.open(path) as image:
            np.asarray(image)


def plain_j_and_f(scenes: Scenes, folder: Path) -> tuple[float, float]:
    """J and F, means over objects, of label maps: frame by frame, on whole frames."""
    means = []
    for number in range(scenes.videos):
        video_id = f"v{number:06d}"
        maps = []
        for path in sorted((folder / video_id).iterdir()):
            with Image.open(path) as image:
                maps.append(np.asarray(image))
        for index, (_, truths) in enumerate(scenes.tracks(number)):
            pairs = [(labels == index + 1, masks.decode(t)) for labels, t in zip(maps, truths, strict=True)]
            j = [reference_metrics.region_similarity(*pair) for pair in pairs]
            f = [reference_metrics.boundary_measure(*pair, 0.008) for pair in pairs]
            means.append((np.mean(j), np.mean(f)))
    j_mean, f_mean = np.mean(means, axis=0)
    return float(j_mean), float(f_mean)


def row(what: str, reference: float, name: str, ours: float, asked: str = "") -> str:
    ratio = f"{reference / ours:.1f}x faster" if reference >= ours else f"{ours / reference:.2f}x of it"
    return f"| {what} | {name}: {reference:.2f} s | {ours:.2f} s | {ratio} | {asked} |"


def reading(rounds: int, kind: str, folder: Path, read: Callable[[bytes], object]) -> str:
    """One mask file after the other, already in memory: decoded by Pillow, and read by us with all checks."""
    files = [path.read_bytes() for path in sorted(folder.rglob("*.png"))[:500]]

    def pillow() -> None:
        for data in files:
            with Image.open(io.BytesIO(data)) as image:
                np.asarray(image)

    def ours() -> None:
        for data in files:
            read(data)

    slow, fast = (1000 * seconds / len(files) for seconds in medians(rounds, pillow, ours))
    return f"| a {kind} file of these | Pillow: {slow:.2f} ms | {fast:.2f} ms | {slow / fast:.1f}x faster | |"


def objects(rounds: int, scenes: Scenes, folder: Path) -> list[str]:
    """Label maps of several objects, as DAVIS has them."""
    store = scenes.store(folder / "store")
    pngs, rows = write_object_pngs(scenes, folder / "png"), write_object_rows(scenes, folder / "rows")
    scores: dict[Path, Scores] = {}

    def ours(path: Path) -> Callable[[], object]:
        return lambda: scores.__setitem__(path, evaluate(path, store, protocol="davis-objects"))

    archive = pngs.with_suffix(".zip")
    decoding, plain, png, zipped, parquet = medians(
        rounds,
        lambda: decode(pngs),
        lambda: plain_j_and_f(scenes, pngs),
        ours(pngs),
        ours(archive),
        ours(rows),
    )
    expected = plain_j_and_f(scenes, pngs)
    for path, found in scores.items():
        figures = found.metrics["J"].value, found.metrics["F"].value
        if not np.allclose(figures, expected, rtol=0, atol=1e-12):
            raise SystemExit(f"{path.name}: J and F are {figures}, of the plain evaluator {expected}")
    size = (
        f"{scenes.videos} x {scenes.frames} frames x {scenes.objects} objects, {scenes.height}x{scenes.width}"
    )
    return [
        row(f"{size}, palette PNG", plain, "plain evaluator", png),
        row("the same", decoding, "decoding alone", png, "<= 1.15x"),
        row("in a zip", decoding, "decoding alone", zipped),
        row("as Parquet", png, "ours from PNG", parquet, ">= 5x"),
        row("as Parquet", plain, "plain evaluator", parquet),
        reading(rounds, "palette", pngs, lambda data: masks.read_labels(data, "a.png", role="prediction")),
    ]


def expressions(rounds: int, scenes: Scenes, folder: Path) -> list[str]:
    """A grey PNG for each expression and frame, as MeViS has them."""
    store = scenes.store(folder / "store")
    pngs = write_expression_pngs(scenes, folder / "png")
    rows = write_expression_rows(scenes, folder / "rows")
    decoding, png, parquet = medians(
        rounds,
        lambda: decode(pngs),
        lambda: evaluate(pngs, store, protocol="mevis"),
        lambda: evaluate(rows, store, protocol="mevis"),
    )
    if evaluate(pngs, store, protocol="mevis").metrics != evaluate(rows, store, protocol="mevis").metrics:
        raise SystemExit("PNG and Parquet of the same masks give different scores")
    count = scenes.videos * scenes.expressions * scenes.frames
    size = f"{count:,} PNGs, one for each expression and frame, {scenes.height}x{scenes.width}"
    return [
        row(f"{size}", decoding, "decoding alone", png, "<= 1.15x"),
        row("the same as Parquet", png, "ours from PNG", parquet, ">= 5x"),
        reading(rounds, "grey", pngs, lambda data: masks.read_mask(data, "a.png")),
    ]


def candidates(rounds: int, samples: int, count: int, folder: Path) -> str:
    """Ranked masks of single frames, as A2D has them, by mAP."""
    scenes = Scenes(samples, 1, 320, 568, objects=1, expressions=1)
    store = scenes.store(folder / "store")
    rows = write_candidates(scenes, folder / "rows", count)
    truth, found = coco_inputs(store, rows)
    found_map: list[float] = []

    def ours() -> None:
        found_map[:] = [evaluate(rows, store, protocol="a2d").metrics["mAP"].value]

    copies = [(copy.deepcopy(truth), [dict(entry) for entry in found]) for _ in range(rounds + 1)]
    slow, fast = medians(rounds, lambda: cocoeval(*copies.pop()), ours)  # it writes into what it is given
    expected = cocoeval(*copies.pop())[0]
    if abs(found_map[0] - expected) > 1e-12:
        raise SystemExit(f"mAP is {found_map[0]}, of COCOeval {expected}")
    size = f"{samples:,} samples x {count} candidates, 320x568, `a2d`"
    return row(size, slow, "COCOeval, mAP alone, data in memory", fast)


def coco_inputs(store: Store, rows: Path) -> tuple[dict[str, object], list[dict[str, object]]]:
    from rvosbench.runs.predictions import Predictions

    truth: dict[str, list[dict[str, object]]] = {
        "images": [],
        "annotations": [],
        "categories": [{"id": 1, "name": "object"}],
    }
    found: list[dict[str, object]] = []
    predictions = Predictions.open(rows)
    for number, video in enumerate(store):
        mask = video.masks[1, 0]
        truth["images"].append({"id": number, "height": mask.height, "width": mask.width})
        area = float(masks.area(mask))
        shape = {"segmentation": masks.as_coco(mask), "area": area, "iscrowd": 0}
        truth["annotations"].append({"id": number + 1, "image_id": number, "category_id": 1} | shape)
        for answer in predictions.video(video.video_id):
            entry = {"image_id": number, "category_id": 1, "segmentation": masks.as_coco(answer.mask)}
            found.append(entry | {"score": answer.score})
    return dict(truth), found


def alone(what: str, folder: Path, predictions: Path, protocol: str, workers: int) -> list[float]:
    """What `_ALONE` prints."""
    arguments = [what, folder / "store", predictions, folder / "run", protocol, workers]
    command = [sys.executable, "-c", _ALONE, *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return list(map(float, ran.stdout.split()))


def in_processes(rounds: int, scenes: Scenes, folder: Path) -> str:
    """The same scores by one process and by two, on the clock: true on a machine that is free."""
    scenes.store(folder / "store")
    predictions = write_expression_rows(scenes, folder / "rows")
    one, two = (
        statistics.median(alone("evaluate", folder, predictions, "ytvos", n)[0] for _ in range(rounds))
        for n in (1, 2)
    )
    pairs = scenes.videos * scenes.expressions * scenes.frames
    return row(f"{pairs:,} pairs from Parquet, two workers, on the clock", one, "one", two, ">= 1.8x faster")


def scale(count: int, folder: Path) -> list[str]:
    """Many expressions of 20 frames of 180x320, four to a video: scored with intervals, and reported."""
    scenes = Scenes(max(2, count // 4), 20, 180, 320)
    scenes.store(folder / "store")
    predictions = write_expression_rows(scenes, folder / "rows")
    lines = []
    for what, workers in (("evaluate", 2), ("report", 1)):
        clock, cpu, peak, worker = alone(what, folder, predictions, "ytvos", workers)
        processes = f", {workers} workers" if workers > 1 else ""
        memory = f"peak {peak:.0f} MB" + (f", a worker {worker:.0f} MB" if workers > 1 else "")
        lines.append(
            f"| {what}, {scenes.videos * 4:,} expressions{processes} | CPU {cpu:.0f} s "
            f"| {clock:.0f} s on the clock | {memory} | |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description="Time rvos evaluate against its references.")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each side; the median counts")
    parser.add_argument("--videos", type=int, default=30, help="of 50 frames and 2 objects, 480x854")
    parser.add_argument("--pngs", type=int, default=2000, help="one for each expression and frame, 480x854")
    parser.add_argument("--samples", type=int, default=1065, help="with 50 candidates each")
    parser.add_argument("--scale", type=int, default=10_000, help="expressions to score and report")
    parser.add_argument("--small", action="store_true", help="all of it, a twentieth of the size, once")
    arguments = parser.parse_args()
    if arguments.small:
        arguments.rounds, arguments.videos, arguments.pngs = 1, 2, 100
        arguments.samples, arguments.scale = 60, 400
    cv2.setNumThreads(1)
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    names = ("numpy", "opencv-python-headless", "pillow", "pyarrow", "pycocotools", "zlib-ng")
    versions = ", ".join([platform.python_version(), *(f"{name} {version(name)}" for name in names)])
    print(f"{date.today()}, {os.cpu_count()} cores of {processor()}, {platform.system()}{load};", end=" ")
    print(f"Python {versions}")
    print("\n| what | reference | rvosbench | ratio | asked for |\n|---|---|---|---|---|")
    rounds = arguments.rounds
    with tempfile.TemporaryDirectory() as scratch:
        for line in objects(rounds, Scenes(arguments.videos, 50, 480, 854), Path(scratch) / "objects"):
            print(line, flush=True)
        for line in expressions(
            rounds,
            Scenes(max(1, arguments.pngs // 100), 20, 480, 854, expressions=5),
            Path(scratch) / "expressions",
        ):
            print(line, flush=True)
        print(candidates(rounds, arguments.samples, 50, Path(scratch) / "candidates"), flush=True)
        size = Scenes(max(4, arguments.scale // 5), 20, 240, 432)
        print(in_processes(rounds, size, Path(scratch) / "processes"), flush=True)
        for line in scale(arguments.scale, Path(scratch) / "scale"):
            print(line, flush=True)


if __name__ == "__main__":
    main()
