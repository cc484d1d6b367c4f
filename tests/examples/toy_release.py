"""A release for the example plugin, drawn in code: coloured squares that move."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from rvosbench import masks

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 30), "blue": (40, 60, 230)}


def write_toy_release(folder: Path, videos: int = 6, frames: int = 4) -> Path:
    """Two splits of videos of 24x32 px, two squares in each; the red one is "the Red square"."""
    index: dict[str, dict[str, list[tuple[str, int]]]] = {"train": {}, "test": {}}
    rng = np.random.default_rng(0)
    for number in range(videos):
        split, name = ("test" if number % 3 == 2 else "train"), f"v{number}"
        pair = rng.choice(list(COLOURS), 2, replace=False).tolist()
        index[split][name] = [(f"the {colour.title()} square", n) for n, colour in enumerate(pair, start=1)]
        for kind in ("JPEGImages", "Annotations"):
            (folder / split / kind / name).mkdir(parents=True)
        for frame in range(frames):
            pixels, labels = np.full((24, 32, 3), 128, np.uint8), np.zeros((24, 32), np.uint8)
            for n, colour in enumerate(pair, start=1):
                rows, columns = slice(14 * n - 12, 14 * n - 4), slice(4 * frame + 2, 4 * frame + 12)
                pixels[rows, columns], labels[rows, columns] = COLOURS[colour], n
            Image.fromarray(pixels).save(
                folder / split / "JPEGImages" / name / f"{frame:05d}.jpg", quality=95
            )
            png = masks.encode_index_png(labels)
            (folder / split / "Annotations" / name / f"{frame:05d}.png").write_bytes(png)
    (folder / "toy.json").write_text(json.dumps(index), encoding="utf-8")
    return folder


if __name__ == "__main__":
    import sys

    write_toy_release(Path(sys.argv[1]))
