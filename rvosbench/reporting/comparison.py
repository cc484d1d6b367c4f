"""Is the difference real? Scored runs against a first one, metric by metric, over the same items.

Works for every metric that is a mean or a ratio of two sums, whoever brought it. A metric over the ranking,
such as mAP, is neither: it ranks all samples together by scores that two models give on scales of their own,
so swapping the models in one video would change the rank of the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rvosbench.analysis import bootstrap
from rvosbench.analysis.bootstrap import Comparison, holm, p_text
from rvosbench.errors import FormatError, InvalidDataError, PluginError, ScoreError, UnknownNameError
from rvosbench.evaluation.compute import figure
from rvosbench.evaluation.terms import Terms, terms
from rvosbench.files.text import strip_control
from rvosbench.plugins.metric import Metric
from rvosbench.plugins.registry import METRICS
from rvosbench.plugins.table import Table
from rvosbench.reporting.leaderboard import Scored
from rvosbench.runs.run import Run, open_run
from rvosbench.runs.scores import percent

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table as RichTable

SCHEMA_VERSION = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One metric of a run and of the first."""

    metric: str
    better: Literal["higher", "lower"]  # which values of the metric are
    first: float  # a fraction
    value: float  # of the other run
    comparison: Comparison  # other minus first, whatever is better
    p_holm: float  # adjusted over the runs that are compared, for this metric

    @property
    def gain(self) -> float:
        """How much better the other run is: the difference, with its sign turned where lower is better."""
        return self.comparison.difference if self.better == "higher" else -self.comparison.difference


@dataclass(frozen=True, kw_only=True, slots=True)
class Contrast:
    """A run against the first."""

    row: Scored
    differences: tuple[Difference, ...]


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Compared:
    """Several runs against one."""

    first: Scored
    others: tuple[Contrast, ...]
    left_out: Mapping[str, str]  # metric -> why it cannot be compared
    seed: int

    def __repr__(self) -> str:
        lines = [
            f"{contrast.row.name} minus {self.first.name}: "
            + ", ".join(
                f"{entry.metric} {_signed(entry.comparison)} (p {_p(entry)})"
                for entry in contrast.differences
            )
            for contrast in self.others
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return "".join(_html(self, contrast) for contrast in self.others)

    def as_json(self) -> dict[str, Any]:
        """Plain data, see `as_json`."""
        return as_json(self)

    def to_pandas(self) -> pd.DataFrame:
        """A row per run and metric; figures are fractions."""
        import pandas as pd

        return pd.DataFrame(
            [
                {"run": contrast.row.name, "metric": entry.metric, "first": entry.first, "value": entry.value}
                | {
                    "difference": entry.comparison.difference,
                    "low": entry.comparison.low,
                    "high": entry.comparison.high,
                    "p": entry.comparison.p,
                    "p_is_a_bound": entry.comparison.p_is_a_bound,
                    "p_holm": entry.p_holm,
                    "better": entry.better,
                }
                for contrast in self.others
                for entry in contrast.differences
            ]
        )


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
        _check_same(rows[0], row)
    tables = [_table(row) for row in rows]
    for row, table in zip(rows[1:], tables[1:], strict=True):
        _check_same_items(rows[0], tables[0], row, table)
    metrics, left_out = _comparable(rows)
    items = {
        metric.name: [_terms(metric, table, row) for table, row in zip(tables, rows, strict=True)]
        for metric in metrics
    }
    compared = {
        name: [_compared(first, other, seed) for other in others] for name, (first, *others) in items.items()
    }
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


def as_json(compared: Compared) -> dict[str, Any]:
    """Plain data; a number that could not be computed is null."""
    first = compared.first.scores
    return {
        "schema_version": SCHEMA_VERSION,
        "dataset": first.dataset,
        "split": first.split,
        "store_fingerprint": first.store_fingerprint,
        "protocol": first.protocol.name,
        "n_expressions": first.n_expressions,
        "n_videos": first.n_videos,
        "seed": compared.seed,
        "not_compared": dict(compared.left_out),
        "first": _named(compared.first),
        "others": [
            _named(contrast.row)
            | {
                "metrics": {
                    entry.metric: {
                        "first": _number(entry.first),
                        "value": _number(entry.value),
                        "difference": _number(entry.comparison.difference),
                        "low": _number(entry.comparison.low),
                        "high": _number(entry.comparison.high),
                        "p": entry.comparison.p,
                        "p_is_a_bound": entry.comparison.p_is_a_bound,
                        "p_holm": entry.p_holm,
                        "better": entry.better,
                    }
                    for entry in contrast.differences
                }
            }
            for contrast in compared.others
        ],
    }


def as_rich(compared: Compared, contrast: Contrast) -> RichTable:
    """One run against the first for the terminal; fits 80 columns."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    several = len(compared.others) > 1
    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    drawn.add_column("metric", no_wrap=True)
    for row in (compared.first, contrast.row):
        drawn.add_column(Text(strip_control(row.name)), justify="right", max_width=20, overflow="fold")
    for name in ("difference", "p", *(["p Holm"] if several else [])):
        drawn.add_column(name, justify="right", no_wrap=True)
    for entry in contrast.differences:
        cells = [_heading(entry), percent(entry.first), percent(entry.value), _signed(entry.comparison)]
        cells += [_p(entry), *([_p(entry, holm=True)] if several else [])]
        drawn.add_row(*map(Text, cells))
    return drawn


def footnotes(compared: Compared) -> tuple[str, ...]:
    """What the columns mean."""
    lines = [
        f"Difference to {strip_control(compared.first.name)} in points; in brackets its 95 % interval, by "
        "paired bootstrap over videos.",
        "p: two-sided, by swapping the two runs' answers in whole videos.",
    ]
    differences = [entry for contrast in compared.others for entry in contrast.differences]
    if any(entry.comparison.p_is_a_bound for entry in differences):
        lines.append("<=: none of the random swaps made a difference as large.")
    if any(entry.better == "lower" for entry in differences):
        lines.append("\N{DOWNWARDS ARROW}: lower is better.")
    if len(compared.others) > 1:
        lines.append(f"p Holm: adjusted for {len(compared.others)} runs, for each metric on its own.")
    lines += [f"Not compared: {name}, {reason}." for name, reason in compared.left_out.items()]
    return tuple(lines)


def _check_same(first: Scored, other: Scored) -> None:
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


def _table(row: Scored) -> Table:
    """The tables of a run in one order for all runs."""
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


def _check_same_items(first: Scored, its: Table, other: Scored, others: Table) -> None:
    for one, another in ((_expression_keys(its), _expression_keys(others)), (_keys(its), _keys(others))):
        odd = set(one) ^ set(another)
        if odd:
            shown = "/".join(map(str, min(odd)))
            raise ScoreError(
                f"{other.run.path} and {first.run.path} were not scored on the same items: {len(odd)} are in "
                f"one only, such as {shown}; predict and score both on the whole split"
            )


def _expression_keys(table: Table) -> list[tuple[str, str]]:
    rows = table.expressions
    return list(zip(rows.video_id.tolist(), rows.expression_id.tolist(), strict=True))


def _keys(table: Table) -> list[tuple[str, str, int]]:
    rows = table.frames
    return list(
        zip(rows.video_id.tolist(), rows.expression_id.tolist(), rows.frame_index.tolist(), strict=True)
    )


def _terms(metric: Metric, table: Table, row: Scored) -> Terms:
    """The items of a metric, checked: the tables must be those that the totals were made from."""
    items = terms(metric, table)
    value, stated = figure(items), row.scores.metrics[metric.name].value
    if abs(value - stated) > 1e-9:
        raise FormatError(
            f"the tables of {row.run.path} give {metric.name} {value:.6f}, its scores.json says "
            f"{stated:.6f}; score the run again"
        )
    return items


def _compared(first: Terms, other: Terms, seed: int) -> Comparison:
    weights = None if first.lower is None or other.lower is None else (other.lower, first.lower)
    return bootstrap.compare(other.per_item, first.per_item, first.videos.tolist(), seed, weights=weights)


def _named(row: Scored) -> dict[str, Any]:
    return {
        "run": str(row.run.path),
        "name": row.name,
        "model": row.scores.model,
        "is_oracle": row.scores.is_oracle,
        "mismatched_expressions": row.scores.mismatched_expressions,
    }


def _signed(comparison: Comparison) -> str:
    """`+3.2 [+1.0, +5.4]` in points; a dash where it cannot be computed."""
    if not math.isfinite(comparison.difference):
        return "-"
    text = f"{100 * comparison.difference:+.1f}"
    if math.isfinite(comparison.low):
        text += f" [{100 * comparison.low:+.1f}, {100 * comparison.high:+.1f}]"
    return text


def _heading(entry: Difference) -> str:
    return f"{entry.metric} \N{DOWNWARDS ARROW}" if entry.better == "lower" else entry.metric


def _p(entry: Difference, *, holm: bool = False) -> str:
    return p_text(entry.p_holm if holm else entry.comparison.p, is_a_bound=entry.comparison.p_is_a_bound)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _html(compared: Compared, contrast: Contrast) -> str:
    names = ("metric", compared.first.name, contrast.row.name, "difference", "p", "p Holm")
    head = "".join(f"<th>{escape(strip_control(name))}</th>" for name in names)
    lines = []
    for entry in contrast.differences:
        cells = [_heading(entry), percent(entry.first), percent(entry.value), _signed(entry.comparison)]
        cells += [_p(entry), _p(entry, holm=True)]
        lines.append("".join(f"<td>{escape(cell)}</td>" for cell in cells))
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><tr>{head}</tr>{body}</table><p>{escape(' '.join(footnotes(compared)))}</p>"
