"""How fast `rvos prepare ytvos` is, against a bare loop over the same annotation PNGs.

Run: OMP_NUM_THREADS=1 python benchmarks/prepare.py
Prints a table in Markdown: medians of interleaved runs in one process, and their ratio. The run lengths of
both sides must be equal, or there is no table. Takes about two minutes.

The loop decodes every PNG with Pillow and encodes the objects with pycocotools; it is told which objects a
video has, and neither checks nor writes anything. `prepare` does all that it always does: index, checks of
files and masks, journal, five Parquet tables, manifest.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import platform
import pstats
import shutil
import statistics
import tempfile
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from metrics import blob, processor
from PIL import Image
from pycocotools import mask as coco

from rvosbench.masks import encode_index_png
from rvosbench.preparation import prepare
from rvosbench.store import Store

HEIGHT, WIDTH, FRAMES = 480, 854, 36
DRAWN = 12  # videos that are drawn; the others are links to them
OBJECTS = (1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5)  # of the drawn videos; 6,388 of 3,471 videos are official


def draw(folder: Path, objects: int, seed: int) -> None:
    """The annotation PNGs of one video: outlines about as wiggly as official ones, which move."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    radii = HEIGHT * rng.uniform(0.2, 0.4, objects)
    numbers = np.arange(2, 60)
    waves = [
        np.stack([numbers, rng.uniform(0, 0.5, 58) / numbers, rng.uniform(0, 6.3, 58)], axis=1) for _ in radii
    ]
    # Beside each other, so that every object is seen in every frame.
    starts = [(WIDTH * (n + 0.5) / objects, HEIGHT * rng.uniform(0.3, 0.7)) for n in range(objects)]
    steps = rng.normal(0, 0.002 * HEIGHT, (objects, 2))
    for frame in range(FRAMES):
        labels = np.zeros((HEIGHT, WIDTH), np.uint8)
        for n in range(objects):
            turned = waves[n] + np.array([0, 0, 0.05 * frame])
            labels[blob(HEIGHT, WIDTH, starts[n] + frame * steps[n], radii[n] / objects**0.5, turned)] = n + 1
        (folder / f"{5 * frame:05d}.png").write_bytes(encode_index_png(labels))


def write_release(root: Path, videos: int) -> dict[str, int]:
    """A train split; video -> number of its objects."""
    train = root / "train"
    jpeg = root / "frame.jpg"
    names = [f"{5 * frame:05d}" for frame in range(FRAMES)]
    for seed, objects in enumerate(OBJECTS):
        draw(root / "drawn" / str(seed), objects, seed)
    noise = cv2.resize(np.random.default_rng(0).integers(0, 256, (60, 107, 3), np.uint8), (WIDTH, HEIGHT))
    Image.fromarray(noise).save(jpeg, quality=90)
    counts, index = {}, {}
    for number in range(videos):
        video_id = f"{number:010x}"
        counts[video_id] = OBJECTS[number % DRAWN]
        for folder, source in (("JPEGImages", None), ("Annotations", root / "drawn" / str(number % DRAWN))):
            (train / folder / video_id).mkdir(parents=True)
            for name in names:
                target = train / folder / video_id / f"{name}.{'png' if source else 'jpg'}"
                os.link(source / f"{name}.png" if source else jpeg, target)
        expressions = {
            str(n): {"exp": "a blob on the left", "obj_id": str(n // 2 + 1)}
            for n in range(2 * counts[video_id])
        }
        index[video_id] = {"frames": names, "expressions": expressions}
    text = root / "meta_expressions" / "train" / "meta_expressions.json"
    text.parent.mkdir(parents=True)
    text.write_text(json.dumps({"videos": index}))
    return counts


def bare_loop(root: Path, counts: dict[str, int]) -> list[bytes]:
    """Decode the PNGs, encode the objects, and nothing else."""
    found = []
    for video_id, objects in counts.items():
        for frame in range(FRAMES):
            with Image.open(root / "train" / "Annotations" / video_id / f"{5 * frame:05d}.png") as image:
                labels = np.asfortranarray(np.array(image))
            for number in range(1, objects + 1):
                found.append(coco.encode((labels == number).view(np.uint8))["counts"])
    return found


def convert(root: Path, workers: int = 1) -> Path:
    """`rvos prepare ytvos`."""
    store = root.with_name("store")
    shutil.rmtree(store, ignore_errors=True)
    prepare("ytvos", root, store, workers=workers)
    return store


def check(root: Path, counts: dict[str, int]) -> str:
    """That both sides make the same masks; how large they and their PNGs are."""
    store = Store.open(convert(root))
    rows = store.table("masks", "train").to_pylist()
    ours = sorted(
        (row["video_id"], row["frame_index"], row["object_id"], row["rle"]["counts"]) for row in rows
    )
    if [row[3] for row in ours] != bare_loop(root, counts):
        raise SystemExit("the run lengths differ from those of the bare loop")
    bytes_of = {
        "masks": statistics.mean(len(row[3]) for row in ours),
        "PNGs": statistics.mean(path.stat().st_size for path in (root / "drawn").rglob("*.png")),
    }
    return (
        f"{len(counts)} videos of {FRAMES} frames, {HEIGHT}x{WIDTH}; {len(ours):,} masks, "
        f"{len(ours) / len(counts) / FRAMES:.2f} a frame, of {bytes_of['masks']:.0f} bytes each (official: "
        f"about 1,100); PNGs of {bytes_of['PNGs']:.0f} bytes (official: about 3,000)"
    )


def medians(rounds: int, *functions) -> list[float]:
    """Seconds of each function; they take turns."""
    taken: list[list[float]] = [[] for _ in functions]
    for _ in range(rounds):
        for function, times in zip(functions, taken, strict=True):
            start = time.perf_counter()
            function()
            times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in taken]


def rate(root: Path, videos: int, rounds: int) -> list[str]:
    """Against the bare loop."""
    counts = write_release(root, videos)
    facts = check(root, counts)
    bare, ours = medians(rounds, lambda: bare_loop(root, counts), lambda: convert(root))
    masks = FRAMES * sum(counts.values())
    return [
        facts,
        f"| masks per second of `prepare ytvos`, {videos} videos; reference: decode and encode only | "
        f"{masks / bare:,.0f} | {masks / ours:,.0f} | {bare / ours:.0%} of the rate | >= 70 % |",
    ]


def scaling(root: Path, videos: int, rounds: int) -> str:
    """Two workers against one. The second takes a second to start, which is included: hence many videos."""
    write_release(root, videos)
    one, two = medians(rounds, lambda: convert(root), lambda: convert(root, workers=2))
    return (
        f"| `prepare ytvos`, {videos} videos, 1 and 2 workers, their start included | {one:.1f} s | "
        f"{two:.1f} s | {one / two:.2f}x faster | >= 1.7x |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the conversion of Ref-YouTube-VOS.")
    parser.add_argument("--videos", type=int, default=48, help="for the rate")
    parser.add_argument("--many", type=int, default=200, help="videos for the workers")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each side; the median counts")
    parser.add_argument("--profile", action="store_true", help="show where the time of one conversion goes")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.profile:
            write_release(Path(folder) / "release", arguments.videos)
            convert(Path(folder) / "release")  # imports what is imported at first use
            with cProfile.Profile() as profile:
                convert(Path(folder) / "release")
            pstats.Stats(profile).sort_stats("tottime").print_stats(40)
            return
        load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
        names = ("numpy", "pillow", "pycocotools", "pyarrow")
        versions = ", ".join(f"{name} {version(name)}" for name in names)
        print(f"{date.today()}, {os.cpu_count()} cores of {processor()}, {platform.system()}{load};")
        print(f"Python {platform.python_version()}, {versions}")
        facts, row = rate(Path(folder) / "few" / "release", arguments.videos, arguments.rounds)
        print(
            f"{facts}\n\n| what | reference | rvosbench | ratio | asked for |\n|---|---|---|---|---|\n{row}"
        )
        print(scaling(Path(folder) / "many" / "release", arguments.many, min(3, arguments.rounds)))


if __name__ == "__main__":
    main()
