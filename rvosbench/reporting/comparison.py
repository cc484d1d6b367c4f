"""Is the difference real? Scored runs against a first one, metric by metric, over the same items.

Works for every metric that is a mean or a ratio of two sums, whoever brought it. A metric over the ranking,
such as mAP, is neither: it ranks all samples together by scores that two models give on scales of their own,
so swapping the models in one video would change the rank of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rvosbench.analysis import bootstrap
from rvosbench.analysis.bootstrap import Comparison, holm
from rvosbench.errors import InvalidDataError, PluginError, UnknownNameError
from rvosbench.plugins.metric import Metric
from rvosbench.plugins.registry import METRICS
from rvosbench.reporting.alignment import (
    aligned_table,
    metric_items,
    pair_of,
    refuse_other_items,
    refuse_other_rules,
)
from rvosbench.reporting.compared import Compared, Contrast, Difference
from rvosbench.reporting.standings import Scored
from rvosbench.runs.run import Run, open_run


def compare(
    first: str | Path | Run, *others: str | Path | Run, protocol: str | None = None, seed: int = 0
) -> Compared:
    """Compare scored runs with a first one: differences with 95 % intervals and p values.

    Args:
        first: what the others are compared with.
        others: one run or more, scored under the same protocol on the same split of the same store.
        protocol: whose scores to compare; see `rvosbench.runs.run.Run.scores`.
        seed: of the bootstrap and the permutations.

    Raises:
        MissingPathError: a folder is no scored run.
        ScoreError: the runs cannot be compared.
        InvalidDataError: there is no other run.
    """
    return compare_runs([first, *others], protocol=protocol, seed=seed)


def compare_runs(runs: Sequence[str | Path | Run], *, protocol: str | None = None, seed: int = 0) -> Compared:
    """Compare scored runs with the first of them.

    Args:
        runs: two or more run folders that `rvos evaluate` has scored.
        protocol: whose scores to compare; see `rvosbench.runs.run.Run.scores`.
        seed: of the bootstrap and the permutations; every metric sees the same draws.

    Raises:
        InvalidDataError: fewer than two runs.
        MissingPathError: a folder is no scored run.
        FormatError: its tables are damaged, or do not belong to its `scores.json`.
        ScoreError: the runs were scored under different protocols, on different stores or splits, or on
            different expressions.
    """
    if len(runs) < 2:
        raise InvalidDataError(f"{len(runs)} run was named; expected two or more to compare")
    opened = [open_run(run) for run in runs]
    name = opened[0].scores(protocol).protocol.name  # of several, the others' defaults may be different ones
    rows = [
        Scored(run=run, scores=run.whole_scores(name if name in run.protocols else None)) for run in opened
    ]
    for row in rows[1:]:
        refuse_other_rules(rows[0], row)
    aligned = [aligned_table(row) for row in rows]
    for row, table in zip(rows[1:], aligned[1:], strict=True):
        refuse_other_items(rows[0], aligned[0], row, table)
    metrics, left_out = _comparable(rows)
    items = {
        metric.name: [metric_items(metric, table, row) for table, row in zip(aligned, rows, strict=True)]
        for metric in metrics
    }
    pairs = [(name, pair_of(first, other)) for name, (first, *others) in items.items() for other in others]
    every = bootstrap.comparisons([pair for _, pair in pairs], seed)
    compared: dict[str, list[Comparison]] = {name: [] for name in items}
    for (name, _), comparison in zip(pairs, every, strict=True):
        compared[name].append(comparison)
    adjusted = {name: holm([entry.p for entry in comparisons]) for name, comparisons in compared.items()}
    return Compared(
        first=rows[0],
        others=tuple(
            Contrast(
                row=row,
                differences=tuple(
                    Difference(
                        metric=metric.name,
                        better=metric.better,
                        first=rows[0].scores.metrics[metric.name].value,
                        value=row.scores.metrics[metric.name].value,
                        comparison=compared[metric.name][index],
                        p_holm=adjusted[metric.name][index],
                    )
                    for metric in metrics
                ),
            )
            for index, row in enumerate(rows[1:])
        ),
        left_out=left_out,
        seed=seed,
    )


def _comparable(rows: Sequence[Scored]) -> tuple[list[Metric], dict[str, str]]:
    """The metrics to compare; and why others cannot be."""
    metrics, left_out = [], {}
    for name in dict.fromkeys(name for row in rows for name in row.scores.metrics):
        try:
            metric = METRICS[name]
        except (UnknownNameError, PluginError):
            left_out[name] = "which no installed package brings"
            continue
        if not all(name in row.scores.metrics for row in rows):
            left_out[name] = "which was not scored in every run"
        elif metric.over == "ranking":
            left_out[name] = "neither a mean nor a ratio of sums"
        else:
            metrics.append(metric)
    return metrics, left_out
