"""The same items of two runs side by side, or why they cannot stand there."""

from __future__ import annotations

import numpy as np

from rvosbench.analysis import bootstrap
from rvosbench.errors import FormatError, ScoreError
from rvosbench.evaluation.compute import figure
from rvosbench.evaluation.terms import Terms, terms
from rvosbench.plugins.metric import Metric
from rvosbench.plugins.table import Table
from rvosbench.reporting.standings import Scored


def refuse_other_rules(first: Scored, other: Scored) -> None:
    """Refuse to compare numbers that mean different things.

    Raises:
        ScoreError: another protocol, dataset, split or store.
    """
    pair = first.scores, other.scores
    facts = [
        (scores.protocol.name, scores.dataset, scores.split, scores.store_fingerprint) for scores in pair
    ]
    for what, one, another in zip(("protocol", "dataset", "split", "store fingerprint"), *facts, strict=True):
        if one != another:
            raise ScoreError(
                f"{other.run.path} was scored with another {what} than {first.run.path} "
                f"({another!r}, {one!r}); score both alike, numbers under two protocols or of two splits are "
                "not comparable"
            )
    if first.scores.protocol != other.scores.protocol:
        raise ScoreError(
            f"{other.run.path} and {first.run.path} were scored under two definitions of the protocol "
            f"{first.scores.protocol.name!r}; score both again with one version of rvosbench"
        )


def aligned_table(row: Scored) -> Table:
    """The tables of a run in one order for all runs.

    Raises:
        MissingPathError: they are gone.
        FormatError: they are damaged.
    """
    protocol = row.scores.protocol.name
    names = ("video_id", "expression_id", "frame_index")
    frames = row.run.frames(protocol).sort_by([(name, "ascending") for name in names])
    expressions = row.run.expressions(protocol).sort_by([(name, "ascending") for name in names[:2]])
    table = Table(frames, expressions)
    counts = table.expressions.n_frames
    if sum(counts.tolist()) != len(table.frames) or any(
        np.repeat(getattr(table.expressions, name), counts).tolist() != getattr(table.frames, name).tolist()
        for name in names[:2]
    ):
        raise FormatError(f"the tables of {row.run.path} hold different expressions; score the run again")
    return table


def refuse_other_items(first: Scored, its: Table, other: Scored, others: Table) -> None:
    """Refuse to compare runs item by item that were not scored on the same items.

    Raises:
        ScoreError: an expression or frame is in one only.
    """
    for one, another in ((_expression_keys(its), _expression_keys(others)), (_keys(its), _keys(others))):
        odd = set(one) ^ set(another)
        if odd:
            shown = "/".join(map(str, min(odd)))
            raise ScoreError(
                f"{other.run.path} and {first.run.path} were not scored on the same items: {len(odd)} are in "
                f"one only, such as {shown}; predict and score both on the whole split"
            )


def metric_items(metric: Metric, table: Table, row: Scored) -> Terms:
    """The items of a metric.

    Raises:
        FormatError: the tables are not those that the run's totals were made from.
    """
    items = terms(metric, table)
    value, stated = figure(items), row.scores.metrics[metric.name].value
    if abs(value - stated) > 1e-9:
        raise FormatError(
            f"the tables of {row.run.path} give {metric.name} {value:.6f}, its scores.json says "
            f"{stated:.6f}; score the run again"
        )
    return items


def pair_of(first: Terms, other: Terms) -> bootstrap.Pair:
    """The other run's items beside the first's, for the bootstrap."""
    weights = None if first.lower is None or other.lower is None else (other.lower, first.lower)
    return bootstrap.Pair(other.per_item, first.per_item, first.videos, weights)


def _expression_keys(table: Table) -> list[tuple[str, str]]:
    rows = table.expressions
    return list(zip(rows.video_id.tolist(), rows.expression_id.tolist(), strict=True))


def _keys(table: Table) -> list[tuple[str, str, int]]:
    rows = table.frames
    return list(
        zip(rows.video_id.tolist(), rows.expression_id.tolist(), rows.frame_index.tolist(), strict=True)
    )
