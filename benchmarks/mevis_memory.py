"""Peak memory of `rvos prepare mevis` on a generated `mask_dict.json` of the official size.

Usage: python benchmarks/mevis_memory.py [--megabytes 400]

The release has as many videos as the official train split and about as many objects as all splits. All
frames are one JPEG by symbolic links; masks are wiggly blobs whose run lengths are about as long as official
ones. For comparison the file is also read by `json.load` and thrown away. Each figure is from a process of
its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from rvosbench.masks import encode

VIDEOS, OBJECTS_PER_VIDEO, FRAMES = 1662, 5, 70
HEIGHT, WIDTH = 480, 854

MEASURE = """
import json, resource, sys, time
from pathlib import Path
start = time.perf_counter()
{work}
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([peak, time.perf_counter() - start]))
"""
LOAD = "json.load(open(sys.argv[1] + '/train/mask_dict.json', 'rb'))"
PREPARE = """
from rvosbench.preparation import prepare
prepare('mevis', Path(sys.argv[1]), Path(sys.argv[1]).with_name('store'))
"""


def blob(seed: int) -> dict[str, object]:
    """A mask with a wiggly outline, as `mask_dict.json` has it."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    angle = np.arctan2(y - 240, x - 427)
    waves = sum(rng.normal(0, 12 / n) * np.cos(n * angle + rng.uniform(0, 6.3)) for n in range(2, 40))
    rle = encode(np.hypot(y - 240, x - 427) < 150 + waves)
    return {"size": [HEIGHT, WIDTH], "counts": rle.counts.decode("ascii")}


def write_release(root: Path, size: int) -> int:
    """A train split whose `mask_dict.json` has about `size` bytes; returns how many exactly."""
    images = root / "frames"
    images.mkdir(parents=True)
    names = [f"{number:05d}" for number in range(FRAMES)]
    Image.new("RGB", (WIDTH, HEIGHT)).save(images / f"{names[0]}.jpg")
    for name in names[1:]:
        (images / f"{name}.jpg").symlink_to(f"{names[0]}.jpg")
    (root / "train" / "JPEGImages").mkdir(parents=True)
    rles = [json.dumps(blob(seed)) for seed in range(32)]
    average = sum(map(len, rles)) / len(rles) + 2
    share = min(1.0, size / (VIDEOS * OBJECTS_PER_VIDEO * FRAMES * average))  # of frames with the object
    rng = np.random.default_rng(0)
    videos = {}
    with (root / "train" / "mask_dict.json").open("w") as file:
        for number in range(VIDEOS):
            video_id = f"{number:012x}"
            (root / "train" / "JPEGImages" / video_id).symlink_to(images)
            expressions = {}
            for obj in range(OBJECTS_PER_VIDEO):
                anno_id = number * OBJECTS_PER_VIDEO + obj
                there = rng.random(FRAMES) < share
                masks = [rles[(anno_id + frame) % 32] if there[frame] else "null" for frame in range(FRAMES)]
                file.write(f'{", " if anno_id else "{"}"{anno_id}": [{", ".join(masks)}]')
                expressions[str(obj)] = {"exp": "a blob", "anno_id": [anno_id], "obj_id": [obj]}
            videos[video_id] = {"frames": names, "vid_id": number, "expressions": expressions}
        file.write("}")
    (root / "train" / "meta_expressions.json").write_text(json.dumps({"videos": videos}))
    return (root / "train" / "mask_dict.json").stat().st_size


def measure(work: str, root: Path) -> tuple[float, float]:
    """Peak resident memory in MB and wall time in s of a process that does the work."""
    command = [sys.executable, "-c", MEASURE.format(work=work), str(root)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    peak, seconds = json.loads(output)
    return peak, seconds


def main() -> None:
    """Write the release, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=400)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "release"
        size = write_release(root, arguments.megabytes * 1_000_000)
        sys.stdout.write(f"mask_dict.json: {size / 1e6:.0f} MB, {VIDEOS * OBJECTS_PER_VIDEO} objects\n")
        for name, work in (
            ("nothing", "import rvosbench.preparation"),
            ("json.load", LOAD),
            ("prepare", PREPARE),
        ):
            peak, seconds = measure(work, root)
            sys.stdout.write(f"{name}: peak RSS {peak:.0f} MB, {seconds:.1f} s\n")


if __name__ == "__main__":
    main()
