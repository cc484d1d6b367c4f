"""A table of the leaderboard as a grid: cells, marks, footnotes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from string import ascii_lowercase
from typing import Literal

from rvosbench.errors import UnknownNameError
from rvosbench.plugins.registry import unknown
from rvosbench.reporting.rendering.grid import Cell, Column, Footnote, Grid, Raw, heading
from rvosbench.reporting.standings import Scored, Table, better
from rvosbench.runs.scores import MetricValue

_FINGERPRINT = 12  # characters that tell two stores apart
_DIGITS = 10  # after the point, in percent: more is noise of the conversion


def board_grid(
    table: Table,
    metrics: Sequence[str] = (),
    *,
    intervals: Literal["all", "main"] = "all",
    to_read: bool = False,
) -> Grid:
    """What a table of runs shows, to whoever draws it.

    Args:
        table: runs that may be compared.
        metrics: these alone, in this order; by default all, the main one first.
        intervals: of all metrics, or of the first.
        to_read: leave out what says nothing: models that have the names of their runs, notes where none is.

    Raises:
        UnknownNameError: no run has such a metric.
    """
    names = table.metric_names
    for name in metrics:
        if name not in names:
            raise UnknownNameError(unknown(f"metric of {table.title}", name, list(names)))
    chosen = tuple(dict.fromkeys(metrics)) or names
    letters = _letters(table)
    columns = [Column(name="#", numeric=True, needed=True), Column(name="run", needed=True)]
    per_row = [
        [
            Cell(text=str(rank or "-"), raw={"": rank}),
            Cell(
                text=row.name,
                marks=tuple(letters[phrase] for phrase in row.scores.marks),
                raw={"": row.name},
            ),
        ]
        for row, rank in zip(table.rows, table.ranks, strict=True)
    ]

    def add(column: Column, cells: Sequence[Cell]) -> None:
        columns.append(column)
        for row, cell in zip(per_row, cells, strict=True):
            row.append(cell)

    if not to_read or any(row.scores.model != row.name for row in table.rows):
        add(Column(name="model", expendable=True), [Cell(text=row.scores.model) for row in table.rows])
    for number, name in enumerate(chosen):
        add(
            Column(
                name=name, numeric=True, lower_is_better=better(table, name) == "lower", needed=number == 0
            ),
            _figures(table, name, interval=intervals == "all" or number == 0),
        )
    if any(table.notes) or not to_read:
        add(
            Column(name="", needed=any(table.notes)),
            [Cell(text=note, raw={"note": note}) for note in table.notes],
        )
    add(
        Column(name="marks", file_only=True),
        [Cell(raw={"": "; ".join(row.scores.marks)}) for row in table.rows],
    )
    return Grid(
        title=table.title,
        columns=tuple(columns),
        rows=tuple(map(tuple, per_row)),
        footnotes=_footnotes(table, chosen, letters),
        context={
            "dataset": table.dataset,
            "split": table.split,
            "protocol": table.protocol,
            "store": table.whole.store_fingerprint[:_FINGERPRINT],
        },
    )


def _figures(table: Table, name: str, *, interval: bool) -> list[Cell]:
    values = [row.scores.metrics.get(name) for row in table.rows]
    best, second = _best(table, name)
    return [
        Cell(
            text="-" if value is None else value.text(interval=False),
            interval=_interval(value) if interval else "",
            best=_shown(value) == best and rank is not None,
            second=_shown(value) == second and rank is not None,
            marks=() if table.significance is None else table.significance.marks(row, name),
            raw=_raw(value) | ({} if table.significance is None else table.significance.raw(row, name)),
        )
        for row, rank, value in zip(table.rows, table.ranks, values, strict=True)
    ]


def _best(table: Table, name: str) -> tuple[float, float]:
    """The best and the second best figure as shown, of the runs that have a rank; NaN where there is none.

    As shown: of two runs that both read 66.3, both are the best.
    """
    values = [
        row.scores.metrics.get(name)
        for row, rank in zip(table.rows, table.ranks, strict=True)
        if rank is not None
    ]
    known = [figure for figure in map(_shown, values) if not math.isnan(figure)]
    if len(known) < 2:
        return math.nan, math.nan
    ordered = sorted(set(known), reverse=better(table, name) == "higher")
    return ordered[0], ordered[1] if len(ordered) > 1 else math.nan


def _shown(value: MetricValue | None) -> float:
    text = "-" if value is None else value.text(interval=False)
    return math.nan if text == "-" else float(text)


def _interval(value: MetricValue | None) -> str:
    return "" if value is None else value.text().partition(" ")[2]


def _raw(value: MetricValue | None) -> dict[str, Raw]:
    if value is None:
        return {"": None, "low": None, "high": None}
    return {"": _percent(value.value), "low": _percent(value.low), "high": _percent(value.high)}


def _percent(fraction: float) -> float:
    return round(100 * float(fraction), _DIGITS) + 0.0


def _letters(table: Table) -> dict[str, str]:
    """What was imperfect about some runs' predictions -> the letter of its footnote."""
    phrases = dict.fromkeys(phrase for row in table.rows for phrase in row.scores.marks)
    return {phrase: letter(number) for number, phrase in enumerate(phrases)}


def letter(number: int) -> str:
    """A to z, then aa, ab ...

    Example:
        >>> letter(0), letter(25), letter(26)
        ('a', 'z', 'aa')
    """
    before = "" if number < len(ascii_lowercase) else letter(number // len(ascii_lowercase) - 1)
    return before + ascii_lowercase[number % len(ascii_lowercase)]


def _footnotes(table: Table, names: Sequence[str], letters: dict[str, str]) -> tuple[Footnote, ...]:
    """What the intervals, the notes and the marks mean."""
    notes = [Footnote(text=text, of_intervals=number == 0) for number, text in enumerate(table.footnotes)]
    if not any(better(table, name) == "lower" for name in names):
        notes = [note for note in notes if "lower is better" not in note.text]
    if table.main_metric not in names:
        notes.append(Footnote(text=f"Ranked by {table.main_metric}."))
    notes += [Footnote(text=f"{phrase}.", mark=mark) for phrase, mark in letters.items()]
    return (*notes, *(() if table.significance is None else table.significance.footnotes))


def marks_of(table: Table, row: Scored) -> tuple[str, ...]:
    """The letters of a row's footnotes, for who draws the rows anew."""
    letters = _letters(table)
    return tuple(letters[phrase] for phrase in row.scores.marks)


def heading_of(table: Table, metric: str) -> str:
    """A metric at the head of a column, marked where lower is better."""
    return heading(Column(name=metric, lower_is_better=better(table, metric) == "lower"))
