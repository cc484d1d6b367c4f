"""Compared runs as tables: terminal, Markdown, LaTeX, CSV, HTML."""

from __future__ import annotations

import math
from dataclasses import replace
from html import escape

from rvosbench.analysis.bootstrap import Comparison, p_text
from rvosbench.files.text import strip_control
from rvosbench.reporting.board import letter
from rvosbench.reporting.compared import LEVEL, Compared, Contrast, Difference
from rvosbench.reporting.rendering import csv_text, latex, markdown
from rvosbench.reporting.rendering.grid import Cell, Column, Footnote, Grid, Raw
from rvosbench.reporting.rendering.terminal import Drawn
from rvosbench.reporting.standings import Scored, tables
from rvosbench.runs.scores import percent


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
            Cell(text=p_of(entry)),
        ]
        rows.append((*cells, *([Cell(text=p_of(entry, holm=True))] if several else [])))
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
            difference = entry.comparison
            figures: dict[str, Raw] = {
                "first": _percent(entry.first),
                "value": _percent(entry.value),
                "difference": _percent(difference.difference),
                "low": _percent(difference.low),
                "high": _percent(difference.high),
                "p": difference.p,
                "p is a bound": difference.p_is_a_bound,
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


def as_html(compared: Compared, contrast: Contrast) -> str:
    """One run against the first, for notebooks."""
    names = ("metric", compared.first.name, contrast.row.name, "difference", "p", "p Holm")
    head = "".join(f"<th>{escape(strip_control(name))}</th>" for name in names)
    lines = []
    for entry in contrast.differences:
        cells = [_heading(entry), percent(entry.first), percent(entry.value), signed(entry.comparison)]
        cells += [p_of(entry), p_of(entry, holm=True)]
        lines.append("".join(f"<td>{escape(cell)}</td>" for cell in cells))
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    notes = escape(strip_control(" ".join(footnotes(compared))))
    return f"<table><tr>{head}</tr>{body}</table><p>{notes}</p>"


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


def signed(comparison: Comparison) -> str:
    """`+3.2 [+1.0, +5.4]` in points; a dash where it cannot be computed."""
    cell = _points(comparison)
    return f"{cell.text} {cell.interval}".strip()


def p_of(entry: Difference, *, holm: bool = False) -> str:
    """The p value as text; one that no random swap reached is a bound."""
    return p_text(entry.p_holm if holm else entry.comparison.p, is_a_bound=entry.comparison.p_is_a_bound)


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
