"""Tables of a scored run, drawn in code: what a metric sees, without a store or predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rvosbench.metrics import statistics
from rvosbench.plugins.table import Matches, Table
from rvosbench.runs.tables import EXPRESSION_SCHEMA, SAMPLE_SCHEMA

Answers = Literal["noisy", "right", "lost", "nothing to find"]
"""Overlaps of every size; every mask right; right at first, nothing from the middle of the clip on; no truth
and no answer anywhere."""

_LENGTHS = (6, 1, 4, 9, 3)  # frames of each expression
_VIDEOS = ("a", "a", "b", "c", "c")
_CANDIDATES = 3  # of each frame, where they are ranked
_THRESHOLDS = np.linspace(0.5, 0.95, 10)


def tiny_table(answers: Answers = "noisy", *, order: Sequence[int] | None = None, seed: int = 0) -> Table:
    """Five expressions in three videos, of 1 to 9 frames.

    Args:
        answers: how good they are.
        order: of the expressions; the same rows in another order.
        seed: of what is drawn.

    Example:
        >>> table = tiny_table("right")
        >>> len(table.frames), len(table.expressions), float(table.frames.j.min())
        (23, 5, 1.0)
    """
    rng = np.random.default_rng(seed)
    drawn = [_track(rng, length, answers) for length in _LENGTHS]
    chosen = list(range(len(_LENGTHS))) if order is None else list(order)
    tracks = [drawn[index] for index in chosen]
    counts = [len(track.j) for track in tracks]
    all_j, all_true = (
        np.concatenate(values) for values in zip(*((t.j, t.true) for t in tracks), strict=True)
    )
    frames = {
        "video_id": [_VIDEOS[index] for index in chosen for _ in range(_LENGTHS[index])],
        "expression_id": [str(index) for index in chosen for _ in range(_LENGTHS[index])],
        "frame_index": [frame for count in counts for frame in range(count)],
        "j": all_j,
        "f": np.concatenate([track.f for track in tracks]),
        "intersection": np.concatenate([track.intersection for track in tracks]),
        "union": np.concatenate([track.union for track in tracks]),
        "predicted_area": np.concatenate([track.predicted for track in tracks]),
        "true_area": all_true,
        "box_intersection": np.concatenate([track.intersection for track in tracks]),  # the masks are boxes
        "box_union": np.concatenate([track.union for track in tracks]),
    }
    j = [statistics.mean(track.j) for track in tracks]
    f = [statistics.mean(track.f) for track in tracks]
    expressions = {
        "video_id": [_VIDEOS[index] for index in chosen],
        "expression_id": [str(index) for index in chosen],
        "text": [f"the {index}. thing" for index in chosen],
        "j": j,
        "f": f,
        "j_and_f": [(one + other) / 2 for one, other in zip(j, f, strict=True)],
        "n_frames": counts,
    }
    return Table(
        pa.table(frames, schema=SAMPLE_SCHEMA),
        pa.table(expressions, schema=EXPRESSION_SCHEMA),
        _matches(all_j, all_true),
    )


@dataclass(frozen=True, slots=True)
class _Track:
    true: NDArray[np.int64]  # (T,) px, as the others
    predicted: NDArray[np.int64]
    intersection: NDArray[np.int64]
    f: NDArray[np.float64]

    @property
    def union(self) -> NDArray[np.int64]:
        return self.true + self.predicted - self.intersection

    @property
    def j(self) -> NDArray[np.float64]:
        ratio: NDArray[np.float64] = np.ones(len(self.true))
        return np.divide(self.intersection, self.union, out=ratio, where=self.union > 0)


def _track(rng: np.random.Generator, length: int, answers: Answers) -> _Track:
    true = rng.integers(40, 400, length)
    if answers == "nothing to find":
        true = np.zeros(length, np.int64)
    if answers != "noisy":
        predicted = true.copy()
        if answers == "lost":
            predicted[length // 2 :] = 0
        return _Track(true, predicted, predicted.copy(), (predicted == true).astype(np.float64))
    true[rng.random(length) < 0.1] = 0  # the object is absent
    predicted = np.round(true * rng.uniform(0, 1.5, length)).astype(np.int64)
    overlap = np.floor(np.minimum(true, predicted) * rng.random(length)).astype(np.int64)
    return _Track(true, predicted, overlap, np.where((true == 0) & (predicted == 0), 1.0, rng.random(length)))


def _matches(j: NDArray[np.float64], true: NDArray[np.int64]) -> Matches:
    """Three candidates of each frame; the best-scored one overlaps by J, the others not at all."""
    count = len(j)
    sample = np.tile(np.arange(count), _CANDIDATES)
    rank = np.repeat(np.arange(_CANDIDATES), count)
    # A frame with a better overlap is also surer, and no two scores are equal.
    score = 1.0 / (1 + rank) + 0.01 * np.tile(j, _CANDIDATES) - 1e-6 * np.arange(len(sample))
    hit = np.zeros((len(sample), len(_THRESHOLDS)), np.bool_)
    hit[:count] = (j[:, None] >= _THRESHOLDS) & (true > 0)[:, None]
    order = np.argsort(-score, kind="stable")
    return Matches(
        sample=sample[order],
        score=score[order],
        rank=rank[order],
        area=np.tile(true, _CANDIDATES).astype(np.float64)[order],
        hit=hit[order],
        truth_area=true.astype(np.float64),
        crowd=np.zeros(count, np.bool_),
    )
