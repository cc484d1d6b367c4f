"""Which rows of a leaderboard differ from one of them by more than chance would do.

Each row is tested against the chosen one as `rvos compare` does it: paired, by swapping the two runs' answers
in whole videos; the p values of all rows are adjusted by Holm's method, for each metric on its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rvosbench.analysis import bootstrap
from rvosbench.analysis.bootstrap import Comparison, holm
from rvosbench.errors import PluginError, RvosbenchError, UnknownNameError
from rvosbench.evaluation.terms import Terms
from rvosbench.plugins.metric import Metric
from rvosbench.plugins.registry import METRICS
from rvosbench.plugins.table import Table as Items
from rvosbench.reporting.alignment import (
    aligned_table,
    metric_items,
    pair_of,
    refuse_other_items,
    refuse_other_rules,
)
from rvosbench.reporting.compared import LEVEL
from rvosbench.reporting.rendering.grid import BETTER, WORSE, Footnote, Raw
from rvosbench.reporting.standings import Scored, Table
from rvosbench.runs.run import Run


@dataclass(frozen=True, slots=True)
class RowTest:
    """One metric of one row against the chosen one."""

    comparison: Comparison  # the row minus the chosen one
    p_holm: float  # adjusted over the rows, for this metric
    better: bool  # the row is, whatever direction that is

    @property
    def mark(self) -> str:
        """What stands beside the figure: nothing where chance may have made the difference."""
        if not self.p_holm < LEVEL:
            return ""
        return BETTER if self.better else WORSE


@dataclass(frozen=True, kw_only=True, slots=True)
class Significance:
    """The tests of a table's rows against one of them."""

    reference: Scored
    tests: Mapping[tuple[str, str], RowTest]  # (run folder, metric)
    rows: int  # how many were tested
    untested: Mapping[str, str] = field(default_factory=dict)  # a run's or metric's name -> why
    seed: int = 0

    def marks(self, row: Scored, metric: str) -> tuple[str, ...]:
        """What stands beside a figure."""
        test = self.tests.get((str(row.run.path), metric))
        return (test.mark,) if test is not None and test.mark else ()

    def raw(self, row: Scored, metric: str) -> dict[str, Raw]:
        """The p values of a figure, for files."""
        test = self.tests.get((str(row.run.path), metric))
        if test is None:
            return {"p": None, "p Holm": None}
        return {"p": test.comparison.p, "p Holm": test.p_holm}

    def of(self, row: Scored) -> dict[str, dict[str, Any]]:
        """The tests of a row by metric, as plain data."""
        return {
            metric: {
                "difference": test.comparison.difference,
                "p": test.comparison.p,
                "p_is_a_bound": test.comparison.p_is_a_bound,
                "p_holm": test.p_holm,
                "better": test.better,
            }
            for (path, metric), test in self.tests.items()
            if path == str(row.run.path)
        }

    def as_json(self) -> dict[str, Any]:
        """What was tested, as plain data."""
        return {
            "against": str(self.reference.run.path),
            "level": LEVEL,
            "test": "paired permutation test over videos, two-sided",
            "correction": "Holm, for each metric on its own",
            "n_comparisons": self.rows,
            "n_videos": self.reference.scores.n_videos,
            "seed": self.seed,
            "not_tested": dict(self.untested),
        }

    @property
    def footnotes(self) -> tuple[Footnote, ...]:
        """What the marks mean, and what has none for want of a test."""
        scores = self.reference.scores
        runs = f"{self.rows} run{'' if self.rows == 1 else 's'}"
        units = f"{scores.n_expressions} {scores.unit}{'' if scores.n_expressions == 1 else 's'}"
        videos = f"{scores.n_videos} video{'' if scores.n_videos == 1 else 's'}"
        said = (
            f"better ({WORSE}: worse) than {self.reference.name} with p < {LEVEL}: two-sided permutation "
            f"test, the two runs' answers swapped in whole videos (n = {units} in {videos}); p adjusted by "
            f"Holm's method for {runs}, for each metric on its own."
        )
        why = "; ".join(f"{name} ({reason})" for name, reason in self.untested.items())
        return (
            *([Footnote(text=said, mark=BETTER)] if self.rows else []),
            *([Footnote(text=f"Not tested against {self.reference.name}: {why}.")] if why else []),
        )


def tested(table: Table, reference: Run, *, seed: int = 0) -> Table:
    """The table with tests of its rows against one of them; as it is where that has no row.

    Args:
        table: runs that may be compared.
        reference: the run to test against.
        seed: of the permutations.
    """
    chosen = next((row for row in table.rows if row.run.path.resolve() == reference.path.resolve()), None)
    if chosen is None:
        return table
    items = aligned_table(chosen)
    metrics, untested = _metrics(table)
    mine = {metric.name: metric_items(metric, items, chosen) for metric in metrics if _has(chosen, metric)}
    pairs: list[tuple[Scored, Metric, bootstrap.Pair]] = []
    rows = 0
    for row in table.rows:
        if row is chosen:
            continue
        try:
            theirs = _items(chosen, items, row, [metric for metric in metrics if metric.name in mine])
        except RvosbenchError as error:
            untested[row.name] = _reason(row, chosen, error)
            continue
        rows += 1
        pairs += [(row, METRICS[name], pair_of(mine[name], terms)) for name, terms in theirs.items()]
    comparisons = bootstrap.comparisons([pair for *_, pair in pairs], seed)
    tests: dict[tuple[str, str], RowTest] = {}
    for metric in metrics:
        of_metric = [
            (row, comparison)
            for (row, its, _), comparison in zip(pairs, comparisons, strict=True)
            if its.name == metric.name
        ]
        adjusted = holm([comparison.p for _, comparison in of_metric])
        for (row, comparison), p_holm in zip(of_metric, adjusted, strict=True):
            gain = comparison.difference if metric.better == "higher" else -comparison.difference
            tests[str(row.run.path), metric.name] = RowTest(comparison, p_holm, gain > 0)
    significance = Significance(reference=chosen, tests=tests, rows=rows, untested=untested, seed=seed)
    return replace(table, significance=significance)


def _metrics(table: Table) -> tuple[list[Metric], dict[str, str]]:
    """The metrics that can be tested; and why others cannot be."""
    metrics, untested = [], {}
    for name in table.metric_names:
        try:
            metric = METRICS[name]
        except (UnknownNameError, PluginError):
            untested[name] = "no installed package brings it"
            continue
        if metric.over == "ranking":
            untested[name] = "neither a mean nor a ratio of sums"
        else:
            metrics.append(metric)
    return metrics, untested


def _items(chosen: Scored, its: Items, row: Scored, metrics: list[Metric]) -> dict[str, Terms]:
    """The items of a row's metrics, the same ones as the chosen row's.

    Raises:
        RvosbenchError: they are not, or the tables are gone or damaged.
    """
    refuse_other_rules(chosen, row)
    items = aligned_table(row)
    refuse_other_items(chosen, its, row, items)
    return {metric.name: metric_items(metric, items, row) for metric in metrics if _has(row, metric)}


def _has(row: Scored, metric: Metric) -> bool:
    return metric.name in row.scores.metrics


def _reason(row: Scored, chosen: Scored, error: RvosbenchError) -> str:
    """In a few words where it is plain; else what the error says."""
    if row.scores.n_expressions != chosen.scores.n_expressions:
        return "scored on other expressions"
    return str(error)
