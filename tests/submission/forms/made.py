"""Answers to the tiny store's video `pair`, in memory and in files of every form."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from rvosbench import masks
from rvosbench.runs.predictions import Prediction
from rvosbench.runs.tolerance import STRICT, Tolerance
from rvosbench.store import Store
from rvosbench.submission import PredictionSource, open_predictions
from tests.tiny_store import square, two_squares

VIDEO = two_squares()
FRAMES = [frame.name for frame in VIDEO.frames]
IDS = [expression.expression_id for expression in VIDEO.expressions]


def arrays() -> dict[str, np.ndarray]:
    """Expression -> (T, H, W) bool; no two masks are equal, and expression 3 is empty in frame 2."""
    made = {key: np.stack([square(2 * t + int(key), int(key)) for t in range(len(FRAMES))]) for key in IDS}
    made["3"][2] = False
    return made


def rle(mask: np.ndarray) -> dict[str, Any]:
    return masks.as_json(masks.encode(mask))


def tracks() -> dict[str, list[Any]]:
    """Expression -> run lengths, null where nothing is predicted."""
    return {key: [rle(m) if m.any() else None for m in value] for key, value in arrays().items()}


def rows() -> list[tuple[str, int, int, float, bytes]]:
    """What every form must read as."""
    made = arrays()
    return [(key, t, 0, 1.0, masks.encode(m).counts) for key in IDS for t, m in enumerate(made[key])]


def plain(read: list[Prediction]) -> list[tuple[str, int, int, float, bytes]]:
    assert all(row.video_id == "pair" for row in read)
    return [(r.expression_id, r.frame_index, r.candidate, r.score, r.mask.counts) for r in read]


def npz(compressed: bool = True, **members: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **members)
    return buffer.getvalue()


def put(path: Path, content: object) -> Path:
    """Write bytes as they are, text as UTF-8, anything else as JSON; packed if the name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(content, bytes):
        content = (content if isinstance(content, str) else json.dumps(content)).encode()
        content = gzip.compress(content) if path.suffix == ".gz" else content
    path.write_bytes(content)
    return path


def opened(
    path: Path,
    store: Store,
    tolerance: Tolerance = STRICT,
    unit: str = "expression",
    split: str | None = None,
) -> PredictionSource:
    return open_predictions(path, unit, store=store, tolerance=tolerance, split=split)


def read(path: Path, store: Store, tolerance: Tolerance = STRICT, **options: Any) -> list[Any]:
    """The rows of `pair`."""
    return plain(opened(path, store, tolerance, **options).read(VIDEO).rows)
