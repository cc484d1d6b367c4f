"""What a metric is made of: one number per item and, for a ratio, its denominator; all checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvosbench.errors import PluginError, ScoreError
from rvosbench.files.text import one_line
from rvosbench.plugins.metric import Metric
from rvosbench.plugins.registry import METRICS, OURS
from rvosbench.plugins.table import Table, Texts


@dataclass(frozen=True, slots=True)
class Terms:
    """The items of one metric: `n` of them, in `k` columns."""

    upper: NDArray[Any]  # (n, k) numbers
    lower: NDArray[Any] | None  # (n,) numbers from 0 on; None: a mean
    videos: Texts  # (n,) the video of each item

    @property
    def per_item(self) -> NDArray[np.float64]:
        """(n,) the numerator of every item, its columns averaged."""
        return np.asarray(self.upper.mean(axis=1), np.float64)

    @property
    def total(self) -> float:
        """The sum of all numerators; of whole numbers in one column, exact."""
        if self.upper.shape[1] == 1:
            return float(self.upper.sum().item())
        return float(self.per_item.sum())


def terms(metric: Metric, table: Table) -> Terms:
    """Ask a metric about its items.

    Args:
        metric: over frames, samples or expressions.
        table: of a scored run.

    Raises:
        PluginError: the metric fails, or gives something else than finite numbers, one per item.
    """
    rows = table.expressions if metric.over == "expression" else table.frames
    upper = _asked(metric, "numerator", metric.numerator, table)
    if upper.ndim not in (1, 2) or len(upper) != len(rows) or not upper.size:
        raise _wrong(
            metric, f"gives a numerator of shape {upper.shape}", f"({len(rows)},), one per {_item(metric)}"
        )
    lower = None
    if metric.denominator is not None:
        lower = _asked(metric, "denominator", metric.denominator, table)
        if lower.shape != (len(rows),):
            raise _wrong(
                metric,
                f"gives a denominator of shape {lower.shape}",
                f"({len(rows)},), one per {_item(metric)}",
            )
        if (lower < 0).any():
            raise _wrong(metric, f"gives the denominator {lower.min()}", "0 or more")
    return Terms(upper.reshape(len(rows), -1), lower, rows.video_id)


def hits(metric: Metric, table: Table) -> NDArray[np.bool_]:
    """Ask a metric over the ranking which detections match.

    Returns:
        (D, K) bool.

    Raises:
        PluginError: the metric fails, or gives something else.
    """
    given = _asked(metric, "numerator", metric.numerator, table)
    count = len(table.matches.sample)
    if given.dtype != np.bool_ or given.ndim != 2 or len(given) != count or not given.shape[1]:
        raise _wrong(
            metric, f"gives a numerator of shape {given.shape} {given.dtype}", f"({count}, thresholds) bool"
        )
    return given


def _asked(
    metric: Metric, part: str, function: Callable[[Table], NDArray[Any]], table: Table
) -> NDArray[Any]:
    try:
        values = np.asarray(function(table))
    except ScoreError:
        raise  # the metric is right, and says why it has no value here
    except Exception as error:  # a plugin's code may raise anything
        detail = one_line(error)
        raise PluginError(
            f"{_named(metric)} failed in its {part} ({type(error).__name__}: {detail}); update or uninstall "
            "that package, or leave the metric out"
        ) from error
    if values.dtype.kind not in "biuf":
        raise _wrong(metric, f"gives a {part} of {values.dtype}", "numbers")
    if not np.isfinite(values).all():
        raise _wrong(
            metric,
            f"gives a {part} with {np.count_nonzero(~np.isfinite(values))} numbers that are not finite",
            "finite numbers; give an item that does not count the denominator 0",
        )
    return values


def _wrong(metric: Metric, given: str, expected: str) -> PluginError:
    return PluginError(f"{_named(metric)} {given}; expected {expected}")


def _named(metric: Metric) -> str:
    entry = METRICS.entries().get(metric.name)
    if entry is None or entry.distribution == OURS:
        return f"the metric '{metric.name}'"
    return f"the metric '{metric.name}' of {entry.distribution}"


def _item(metric: Metric) -> str:
    return metric.over if metric.over == "expression" else "frame"
