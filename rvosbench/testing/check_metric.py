"""Whether a metric keeps to the contract: for the pytest of whoever writes one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from rvosbench.evaluation.compute import figure
from rvosbench.evaluation.terms import hits, terms
from rvosbench.metrics.coco_figures import mean_average_precision
from rvosbench.plugins.metric import Metric
from rvosbench.plugins.registry import METRICS
from rvosbench.plugins.table import Table
from rvosbench.testing.failure import CheckFailed, claim, expect
from rvosbench.testing.tiny_table import tiny_table

_TABLES = ("noisy", "right", "lost", "nothing to find")
_ORDER = (3, 0, 4, 2, 1)


def check_metric(metric: str | Metric) -> tuple[str, ...]:
    """Try everything that a metric promises, on tables of five expressions.

    Args:
        metric: a name in the registry, or a record that need not be registered.

    Returns:
        What was found to hold, one line each.

    Raises:
        CheckFailed: the first promise that the metric breaks, in one line.
        UnknownNameError: no metric is registered under that name.

    Example:
        >>> check_metric("J&F")[0]
        'its record is valid'
    """
    record = METRICS[metric] if isinstance(metric, str) else metric
    subject = f"the metric '{record.name}'" if isinstance(record, Metric) else "the metric"
    done = []
    for text, check in _CLAIMS:
        with claim(subject, text):
            check(_Tried(record))
        done.append(text)
    return tuple(done)


@dataclass(frozen=True, slots=True)
class _Tried:
    """What the checks look at."""

    metric: Metric

    def value(self, table: Table) -> float:
        """The number of a table."""
        if self.metric.over == "ranking":
            value = mean_average_precision(replace(table.matches, hit=hits(self.metric, table)))
            return 0.0 if value < 0 else value
        return figure(terms(self.metric, table))


def _record(tried: _Tried) -> None:
    expect(
        isinstance(tried.metric, Metric),
        f"it is an instance of {type(tried.metric).__name__}, expected rvosbench.plugins.metric.Metric",
    )


def _explained(tried: _Tried) -> None:
    for key in ("title", "source"):
        text = getattr(tried.metric, key)
        expect(
            isinstance(text, str) and text.strip() and "\n" not in text,
            f"its {key} is {text!r}, expected one line",
        )


def _numbers(tried: _Tried) -> None:
    for answers in _TABLES:
        tried.value(tiny_table(answers))  # type: ignore[arg-type]


def _range(tried: _Tried) -> None:
    for answers in _TABLES:
        for seed in range(5):
            value = tried.value(tiny_table(answers, seed=seed))  # type: ignore[arg-type]
            expect(
                -1 <= value <= 1,
                f"its value for answers that are {answers} is {value:.4g}, expected -1 to 1: figures are "
                "fractions and shown in percent",
            )


def _same_twice(tried: _Tried) -> None:
    table = tiny_table()
    first, again = tried.value(table), tried.value(tiny_table())
    expect(first == tried.value(table) == again, f"the same table gave {first} and {again}")


def _order(tried: _Tried) -> None:
    if tried.metric.over == "ranking":
        return
    before, after = terms(tried.metric, tiny_table()), terms(tried.metric, tiny_table(order=_ORDER))
    expect(
        np.allclose(np.sort(before.per_item), np.sort(after.per_item), atol=1e-12),
        "the items changed when the expressions came in another order",
    )
    one, other = figure(before), figure(after)
    expect(abs(one - other) < 1e-9, f"{one} became {other} when the expressions came in another order")


def _better(tried: _Tried) -> None:
    right, lost = tried.value(tiny_table("right")), tried.value(tiny_table("lost"))
    gain = right - lost if tried.metric.better == "higher" else lost - right
    expect(
        gain >= -1e-12,
        f"right answers have {right:.4g}, answers that end in the middle of the clip {lost:.4g}, and "
        f"{tried.metric.better} is said to be better",
    )


_CLAIMS: tuple[tuple[str, Callable[[_Tried], None]], ...] = (
    ("its record is valid", _record),
    ("its title and source are one line each", _explained),
    ("gives a finite number for each item, and denominators of 0 or more", _numbers),
    ("stays between -1 and 1", _range),
    ("gives the same number for the same table", _same_twice),
    ("does not depend on the order of the expressions", _order),
    ("is right about which values are better", _better),
)

__all__ = ["CheckFailed", "check_metric"]
