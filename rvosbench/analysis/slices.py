"""Scores per kind of expression, video or whatever a column says."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from rvosbench.analysis.bootstrap import interval
from rvosbench.errors import UnknownNameError
from rvosbench.plugins.registry import unknown

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Slice:
    """The expressions of one kind."""

    kind: str
    n: int  # expressions
    n_videos: int
    mean: float
    low: float  # 95 % interval over videos; NaN with fewer than two
    high: float


def by_slice(
    expression_scores: pa.Table,
    key: str | Callable[[Row], Hashable | None],
    *,
    metric: str = "j_and_f",
    seed: int = 0,
    replicates: int = 2_000,
) -> list[Slice]:
    """The mean score of every kind of expression.

    Args:
        expression_scores: as in a run's expression_scores.parquet.
        key: a column, or a function of a row; rows where it is None belong to no slice.
        metric: the column to average.
        seed: of the bootstrap.
        replicates: of the bootstrap.

    Returns:
        One slice per kind, best first.

    Raises:
        UnknownNameError: there is no such column.
    """
    columns = expression_scores.column_names
    for name in [metric] + ([key] if isinstance(key, str) else []):
        if name not in columns:
            raise UnknownNameError(unknown("column", name, columns))
    kinds: dict[str, tuple[list[float], list[str]]] = {}
    for row in expression_scores.to_pylist():
        kind = row[key] if isinstance(key, str) else key(row)
        if kind is not None and row[metric] is not None:
            values, videos = kinds.setdefault(str(kind), ([], []))
            values.append(row[metric])
            videos.append(row["video_id"])
    slices = []
    for kind, (values, videos) in kinds.items():
        low, high = interval(values, videos, seed, replicates)
        slices.append(Slice(kind, len(values), len(set(videos)), float(np.mean(values)), low, high))
    return sorted(slices, key=lambda item: (-item.mean, item.kind))
