"""What every layout needs to write: ids, images, text."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def unique_ids(seed: int, indices: list[int], length: int, alphabet: str) -> dict[int, str]:
    """Scene index -> a video id that looks as official ones do; none occurs twice."""
    ids: dict[int, str] = {}
    taken: set[str] = set()
    for index in indices:
        attempt = 0
        while index not in ids:
            digest = hashlib.sha256(f"{seed}/{index}/{attempt}".encode()).digest()
            candidate = "".join(alphabet[byte % len(alphabet)] for byte in digest[:length])
            if candidate not in taken:
                taken.add(candidate)
                ids[index] = candidate
            attempt += 1
    return ids


def encode_jpeg(image: NDArray[np.uint8]) -> bytes:
    """(H, W, 3) RGB as JPEG, with colour at full resolution so that small objects keep theirs."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="JPEG", quality=92, subsampling=0)
    return buffer.getvalue()


def write_frames(folder: Path, names: Sequence[str], frames: NDArray[np.uint8]) -> None:
    """(T, H, W, 3) RGB as JPEG files in a new folder."""
    folder.mkdir(parents=True)
    for name, image in zip(names, frames, strict=True):
        (folder / f"{name}.jpg").write_bytes(encode_jpeg(image))


def write_lines(path: Path, lines: Sequence[str], encoding: str = "utf-8") -> None:
    """Text with a newline after every line, on every system the same."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding=encoding, newline="\n")


def write_json(path: Path, content: object) -> None:
    """Compact JSON; the folder is made if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
