"""What it costs to get training clips and masks out of a store.

Run: OMP_NUM_THREADS=1 python benchmarks/loader.py [--only mp4|masks|memory] [--clips FOLDER]
Prints tables in Markdown. Inputs are drawn. Both sides take turns in one process and must give the same
pixels or masks, or there is no table. Takes about two minutes.

mp4     windows of 8 consecutive frames at random places of clips like those of A2D (320x568 px, 136 frames,
        H.264), each from a file that is opened anew, against decoding the whole clip and, as
        `torchvision.io.read_video` does, stacking it: same decoder, one thread, same conversion to RGB.
        `--clips` also measures the mp4 files of a folder.
masks   all about one video, in random order, from a store of 3,000 videos like Ref-YouTube-VOS, against
        reading the masks of the split with pyarrow and keeping those of the video.
memory  resident memory of a worker process over 5,000 samples, as the kernel has it in /proc/PID/statm.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from av.video.reformatter import VideoReformatter
from loader_inputs import CARD, as_images, many_videos, of_clip, write_clip
from numpy.typing import NDArray

from rvosbench.loader import ByteCache, Centred, Samples, load
from rvosbench.loader.augment import Augmentation
from rvosbench.media.frames import open_frames
from rvosbench.media.resize import Side
from rvosbench.media.video import VideoFile
from rvosbench.store import Store, StoreWriter
from rvosbench.types import Rle, Video

A2D_LIKE = {"frames": 136, "height": 320, "width": 568}  # the mean length and the commonest size
WINDOW = 8


def alternate(rounds: int, *functions: Callable[[int], object]) -> list[list[float]]:
    """Milliseconds of each function in each round; they take turns and are given the round."""
    taken: list[list[float]] = [[] for _ in functions]
    for number in range(rounds):
        for function, times in zip(functions, taken, strict=True):
            start = time.perf_counter()
            function(number)
            times.append((time.perf_counter() - start) * 1e3)
    return taken


def whole_clip(path: Path) -> list[NDArray[np.uint8]]:
    """Every frame, decoded and converted: what `read_video` does before it stacks them."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        stream.codec_context.thread_type = "NONE"
        reformatter = VideoReformatter()
        return [
            reformatter.reformat(frame, format="rgb24", threads=1).to_ndarray()
            for frame in container.decode(stream)
        ]


def compare_clips(paths: Sequence[Path], rounds: int) -> list[float]:
    """Milliseconds per sample: all frames, all frames stacked, the window, opening the file alone."""
    videos = [of_clip(path) for path in paths]
    rng = random.Random(0)
    # One window from each of `rounds` equal stretches: the mean place is the middle of a clip.
    drawn = [(rng.randrange(len(paths)), (n + rng.random()) / rounds) for n in range(rounds)]
    rng.shuffle(drawn)

    def window(video: Video, share: float) -> range:
        start = int(share * (len(video.frames) - WINDOW + 1))
        return range(start, start + WINDOW)

    def slow(number: int) -> NDArray[np.uint8]:
        which, share = drawn[number]
        frames = whole_clip(paths[which])
        return np.stack([frames[index] for index in window(videos[which], share)])

    def fast(number: int) -> NDArray[np.uint8]:
        which, share = drawn[number]
        with open_frames(videos[which], paths[which].parent) as reader:
            return reader.read(window(videos[which], share))

    def stacked(number: int) -> NDArray[np.uint8]:
        return np.stack(whole_clip(paths[drawn[number][0]]))

    def opened(number: int) -> None:
        VideoFile(paths[drawn[number][0]]).close()

    for number in range(min(8, rounds)):
        if not np.array_equal(slow(number), fast(number)):
            raise SystemExit("the frames of the two sides differ")
    # Means, not medians: how long a window takes depends on how far behind a key frame it lies.
    return [statistics.fmean(times) for times in alternate(rounds, slow, stacked, fast, opened)]


def mp4(folder: Path, own: Path | None, rounds: int) -> None:
    print(
        "\n| 8-frame windows from mp4 | whole clip | also stacked, as `read_video` | window "
        "| of that opening | against the clip | against `read_video` | asked |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    kinds: dict[str, list[Path]] = {}
    for group in (250, 12):
        kinds[f"drawn, 136 frames, a key frame every {group}"] = paths = []
        for seed in range(4):
            paths.append(folder / f"{group}-{seed}.mp4")
            write_clip(paths[-1], **A2D_LIKE, group=group, seed=seed)
    if own is not None:
        kinds[f"the mp4 files of {own.name}"] = sorted(own.glob("*.mp4"))
    for name, paths in kinds.items():
        slow, stacked, fast, opening = compare_clips(paths, rounds)
        kilobits = statistics.fmean(path.stat().st_size for path in paths) * 8 / 1000
        print(
            f"| {name}, {kilobits:.0f} kbit a clip | {slow:.1f} ms | {stacked:.1f} ms | {fast:.1f} ms "
            f"| {opening:.1f} ms | {slow / fast:.1f}x | {stacked / fast:.1f}x | >= 3x |"
        )


def cold(folder: Path) -> None:
    """Ask the kernel to drop its copies of the store's files."""
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def rle_reader(folder: Path) -> Callable[[str], dict[tuple[int, int], Rle]]:
    """What one writes without a reader: the whole table, and those rows of it that belong to the video."""
    table = folder / "data" / "masks" / "split=train"

    def read(video_id: str) -> dict[tuple[int, int], Rle]:
        rows = pq.read_table(
            table, columns=["video_id", "object_id", "frame_index", "rle"], partitioning=None
        )
        found: list[dict[str, Any]] = rows.filter(pc.equal(rows["video_id"], video_id)).to_pylist()
        return {
            (row["object_id"], row["frame_index"]): Rle(*row["rle"]["size"], row["rle"]["counts"])
            for row in found
        }

    return read


def many_masks(folder: Path, count: int, rounds: int) -> None:
    pa.set_cpu_count(1)
    out, videos = folder / "store", many_videos(count)
    start = time.perf_counter()
    with StoreWriter(out, CARD, release=folder, fingerprint="drawn", arguments={}) as writer:
        for video in videos:
            writer.add(video)
    written = time.perf_counter() - start
    megabytes = sum(path.stat().st_size for path in out.rglob("*.parquet")) / 1e6
    cold(out)
    start = time.perf_counter()
    store = Store.open(out)
    opened = time.perf_counter()
    ids = store.video_ids("train")
    store.video("train", ids[count // 2])
    first = time.perf_counter()
    rng = random.Random(0)
    drawn = [rng.choice(ids) for _ in range(rounds)]
    filtered = rle_reader(out)
    for video_id in drawn[:5]:
        if dict(store.video("train", video_id).masks) != filtered(video_id):
            raise SystemExit("the masks of the two sides differ")
    slow, fast = alternate(rounds, lambda n: filtered(drawn[n]), lambda n: store.video("train", drawn[n]))
    reference, ours = statistics.median(slow), statistics.median(fast)
    worst = sorted(fast)[int(0.95 * rounds)]
    rows = store.splits["train"]["masks"]
    print(
        f"\nA store of {count:,} videos with {rows:,} masks, {megabytes:.0f} MB, written in {written:.0f} s. "
        f"Opened from a cold disk cache in {(opened - start) * 1e3:.1f} ms; listing its videos and reading "
        f"the first took {(first - opened) * 1e3:.0f} ms more."
    )
    print("\n| one video at random | reads the whole table | `Store.video` | 95 % below | ratio | asked |")
    print("|---|---|---|---|---|---|")
    print(
        f"| frames, objects, expressions and {rows // count} masks | {reference:.1f} ms | {ours:.2f} ms | "
        f"{worst:.2f} ms | {reference / ours:.0f}x faster | < 5 ms |"
    )


def resident_bytes(process: int) -> int:
    """Resident memory as /proc/PID/statm has it, in pages."""
    pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def watch_worker(folder: Path, kind: str, count: int) -> str:
    """Run one worker over `count` samples; a row of the table."""
    size, batch = {"frames": 50, "height": 96, "width": 160}, 4
    release = folder / kind
    release.mkdir()
    with StoreWriter(folder / f"{kind}-store", CARD, release=release, fingerprint="", arguments={}) as writer:
        for seed in range(30):
            video_id = f"{kind}{seed:02d}"
            if kind == "mp4":
                write_clip(release / f"{video_id}.mp4", **size, group=12, seed=seed)
                writer.add(of_clip(release / f"{video_id}.mp4"))
            else:
                writer.add(as_images(release, video_id, **size, seed=seed))
    samples = Samples(
        Store.open(folder / f"{kind}-store"),
        "train",
        Centred(WINDOW),
        side=Side(72, 200),
        seed=0,
        augment=Augmentation(mirror=0.5, colours=0.2),
        cache=ByteCache(4_000_000),  # soon full: most frames are read anew
    )
    rng = random.Random(0)
    positions = [
        [(step, rng.randrange(len(samples))) for _ in range(batch)] for step in range(count // batch)
    ]
    readings: list[float] = []
    start = time.perf_counter()
    for _ in load(samples, positions, workers=1):
        (worker,) = multiprocessing.active_children()
        assert worker.pid is not None
        readings.append(resident_bytes(worker.pid) / 1e6)
    taken = time.perf_counter() - start
    # A reading falls anywhere in the making of a batch; the medians of tenths say what stays.
    tenth = len(readings) // 10
    medians = [statistics.median(readings[n * tenth : (n + 1) * tenth]) for n in range(10)]
    low, high = min(medians), max(medians)
    return (
        f"| {kind} | {medians[0]:.0f} MB | {medians[-1]:.0f} MB | {low:.0f} to {high:.0f} MB "
        f"| ±{(high - low) / (high + low):.1%} | {max(readings):.0f} MB | ±5 % | {count / taken:.0f}/s |"
    )


def memory(folder: Path, count: int) -> None:
    print(f"\nResident memory of one worker over {count:,} samples, medians of {count // 10:,} each.\n")
    print("| store | first tenth | last | all | about their middle | highest reading | asked | samples |")
    print("|---|---|---|---|---|---|---|---|")
    for kind in ("mp4", "jpg"):
        print(watch_worker(folder, kind, count), flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("mp4", "masks", "memory"))
    parser.add_argument("--clips", type=Path, help="also measure windows from the mp4 files of this folder")
    parser.add_argument("--rounds", type=int, default=80)
    parser.add_argument("--samples", type=int, default=5000)
    arguments = parser.parse_args()
    load_before = os.getloadavg()[0]
    print(
        f"{date.today()}, {os.cpu_count()} cores, load {load_before:.1f}, "
        f"CPython {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, PyAV {version('av')}, pyarrow {version('pyarrow')}, "
        f"torch {version('torch')}"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.only in (None, "mp4"):
            mp4(folder, arguments.clips, arguments.rounds)
        if arguments.only in (None, "masks"):
            many_masks(folder, 3000, arguments.rounds)
        if arguments.only in (None, "memory"):
            memory(folder, arguments.samples)


if __name__ == "__main__":
    main()
