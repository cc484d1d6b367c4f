"""Is the difference real? Scored runs against a first one, metric by metric, over the same items.

Works for every metric that is a mean or a ratio of two sums, whoever brought it. A metric over the ranking,
such as mAP, is neither: it ranks all samples together by scores that two models give on scales of their own,
so swapping the models in one video would change the rank of the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from rvosbench.reporting.board import letter
from rvosbench.reporting.rendering import csv_text, latex, markdown
from rvosbench.reporting.rendering.grid import Cell, Column, Footnote, Grid, Raw
from rvosbench.reporting.rendering.terminal import Drawn
from rvosbench.reporting.standings import Scored, tables
from rvosbench.runs.run import Run, open_run
from rvosbench.runs.scores import percent

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 2
LEVEL = 0.05
"""A p value below it is called significant."""


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


def contrast_grid(compared: Compared, contrast: Contrast) -> Grid:
    """One run against the first, as a table."""
    several = len(compared.others) > 1
    first, other = compared.first, contrast.row
    phrases = list(dict.fromkeys([*first.scores.marks, *other.scores.marks]))
    letters = {phrase: letter(number) for number, phrase in enumerate(phrases)}

    def run_column(row: Scored) -> Column:
        marks = tuple(letters[phrase] for phrase in row.scores.marks)
        return Column(name=row.name, numeric=True, needed=True, marks=marks)

    columns = [Column(name="metric", needed=True), run_column(first), run_column(other)]
    columns += [Column(name=name, numeric=True, needed=True) for name in ("difference", "p")]
    columns += [Column(name="p Holm", numeric=True, needed=True)] if several else []
    rows = []
    for entry in contrast.differences:
        cells = [
            Cell(text=_heading(entry)),
            Cell(text=percent(entry.first)),
            Cell(text=percent(entry.value), best=_is_a_gain(entry)),
            _points(entry.comparison),
            Cell(text=_p(entry)),
        ]
        rows.append((*cells, *([Cell(text=_p(entry, holm=True))] if several else [])))
    notes = [Footnote(text=line) for line in _explained(compared)]
    notes += [Footnote(text=f"{phrase}.", mark=mark) for phrase, mark in letters.items()]
    return Grid(
        title=f"{other.name} against {first.name}: {tables([first])[0].title}",
        columns=tuple(columns),
        rows=tuple(rows),
        footnotes=tuple(notes),
    )


def as_rich(compared: Compared, contrast: Contrast) -> Drawn:
    """One run against the first for the terminal, without a title and footnotes."""
    grid = contrast_grid(compared, contrast)
    return Drawn(grid=replace(grid, title="", footnotes=()))


def as_markdown(compared: Compared) -> str:
    """A table for each run, as GitHub-flavoured Markdown."""
    return markdown.as_markdown([contrast_grid(compared, contrast) for contrast in compared.others])


def as_latex(compared: Compared) -> str:
    r"""A LaTeX `table` for each run; needs `\usepackage{booktabs}`. Significant gains are bold."""
    grids = [contrast_grid(compared, contrast) for contrast in compared.others]
    return latex.as_latex(grids, intervals=True)


def as_csv(compared: Compared) -> str:
    """A row for each run and metric, figures in percent, differences in points."""
    first = compared.first
    rows = []
    for contrast in compared.others:
        for entry in contrast.differences:
            found = entry.comparison
            figures: dict[str, Raw] = {
                "first": _percent(entry.first),
                "value": _percent(entry.value),
                "difference": _percent(found.difference),
                "low": _percent(found.low),
                "high": _percent(found.high),
                "p": found.p,
                "p is a bound": found.p_is_a_bound,
                "p Holm": entry.p_holm,
            }
            texts: dict[str, Raw] = {
                "run": contrast.row.name,
                "marks": "; ".join(contrast.row.scores.marks),
                "first run": first.name,
                "first run's marks": "; ".join(first.scores.marks),
                "metric": entry.metric,
                "better": entry.better,
            }
            rows.append((Cell(raw=texts | figures),))
    scores = first.scores
    context = {"dataset": scores.dataset, "split": scores.split, "protocol": scores.protocol.name}
    return csv_text.as_csv([Grid(title="", columns=(Column(name=""),), rows=tuple(rows), context=context)])


def footnotes(compared: Compared) -> tuple[str, ...]:
    """What the columns mean, and what was imperfect about a run's predictions."""
    rows = (compared.first, *(contrast.row for contrast in compared.others))
    marked = tuple(f"{row.name}: {phrase}." for row in rows for phrase in row.scores.marks)
    return _explained(compared) + marked


def _explained(compared: Compared) -> tuple[str, ...]:
    lines = [
        f"Difference to {compared.first.name} in points; in brackets its 95 % interval, by "
        "paired bootstrap over videos.",
        "p: two-sided, by swapping the two runs' answers in whole videos.",
    ]
    differences = [entry for contrast in compared.others for entry in contrast.differences]
    if any(entry.comparison.p_is_a_bound for entry in differences):
        lines.append("<=: none of the random swaps made a difference as large.")
    if any(entry.better == "lower" for entry in differences):
        lines.append("\N{DOWNWARDS ARROW}: lower is better.")
    if any(map(_is_a_gain, differences)):
        lines.append(f"Bold: better, with {'p Holm' if len(compared.others) > 1 else 'p'} < {LEVEL}.")
    if len(compared.others) > 1:
        lines.append(f"p Holm: adjusted for {len(compared.others)} runs, for each metric on its own.")
    lines += [f"Not compared: {name}, {reason}." for name, reason in compared.left_out.items()]
    return tuple(lines)


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


def _expression_keys(table: Table) -> list[tuple[str, str]]:
    rows = table.expressions
    return list(zip(rows.video_id.tolist(), rows.expression_id.tolist(), strict=True))


def _keys(table: Table) -> list[tuple[str, str, int]]:
    rows = table.frames
    return list(
        zip(rows.video_id.tolist(), rows.expression_id.tolist(), rows.frame_index.tolist(), strict=True)
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


def _named(row: Scored) -> dict[str, Any]:
    return {
        "run": str(row.run.path),
        "name": row.name,
        "model": row.scores.model,
        "is_oracle": row.scores.is_oracle,
        "mismatched_expressions": row.scores.mismatched_expressions,
        "marks": list(row.scores.marks),
    }


def _signed(comparison: Comparison) -> str:
    """`+3.2 [+1.0, +5.4]` in points; a dash where it cannot be computed."""
    cell = _points(comparison)
    return f"{cell.text} {cell.interval}".strip()


def _is_a_gain(entry: Difference) -> bool:
    return entry.gain > 0 and entry.p_holm < LEVEL


def _points(comparison: Comparison) -> Cell:
    if not math.isfinite(comparison.difference):
        return Cell(text="-")
    interval = ""
    if math.isfinite(comparison.low):
        interval = f"[{100 * comparison.low:+.1f}, {100 * comparison.high:+.1f}]"
    return Cell(text=f"{100 * comparison.difference:+.1f}", interval=interval)


def _percent(fraction: float) -> float:
    return round(100 * float(fraction), 10) + 0.0


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
    notes = escape(strip_control(" ".join(footnotes(compared))))
    return f"<table><tr>{head}</tr>{body}</table><p>{notes}</p>"
