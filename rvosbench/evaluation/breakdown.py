"""What stands behind the numbers of a run: each annotator's share, and the statistics of each expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from rvosbench.evaluation.compute import figure
from rvosbench.evaluation.terms import Terms, terms
from rvosbench.plugins.metric import Metric
from rvosbench.plugins.table import Table
from rvosbench.runs.tables import STATISTICS


def by_annotator(
    metrics: Mapping[str, Metric], table: Table, authors: Sequence[str | None]
) -> dict[str, dict[str, float]]:
    """The metrics of each annotator's expressions alone; nothing where fewer than two are known.

    Args:
        metrics: name -> record; those over the ranking of all samples are left out.
        table: everything that was scored.
        authors: (E,) who wrote each expression.

    Returns:
        Annotator, by name -> metric -> value.

    Example:
        The four `davis-official` numbers of a run are those of four runs of the official evaluator.
    """
    known = sorted({author for author in authors if author is not None})
    if len(known) < 2:
        return {}
    of_expression = np.array([author or "" for author in authors], np.object_)
    of_frame = np.repeat(of_expression, table.expressions.n_frames)
    by_author: dict[str, dict[str, float]] = {author: {} for author in known}
    for name, metric in metrics.items():
        if metric.over == "ranking":
            continue
        items = terms(metric, table)
        owner = of_expression if metric.over == "expression" else of_frame
        for author in known:
            mine = owner == author
            lower = None if items.lower is None else items.lower[mine]
            by_author[author][name] = figure(Terms(items.upper[mine], lower, items.videos[mine]))
    return by_author


def with_statistics(expressions: pa.Table, table: Table, metrics: Mapping[str, Metric]) -> pa.Table:
    """The rows of the expressions with recall and decay of each, as far as the metrics ask for them.

    Args:
        expressions: `rvosbench.runs.tables.EXPRESSION_SCHEMA`.
        table: the same rows.
        metrics: name -> record.
    """
    for name, column in STATISTICS.items():
        if name in metrics:
            # A part of the videos may have nothing to score.
            empty = np.zeros(0)
            values = terms(metrics[name], table).upper[:, 0] if expressions.num_rows else empty
            expressions = expressions.append_column(
                pa.field(column, pa.float64()), pa.array(values, pa.float64())
            )
    return expressions
