"""Scored runs side by side: for the terminal, for papers, as Markdown, CSV and JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rvosbench.errors import InvalidDataError
from rvosbench.files.atomic import write_json, write_text
from rvosbench.files.text import strip_control
from rvosbench.reporting.board import board_grid
from rvosbench.reporting.rendering import csv_text, latex, markdown
from rvosbench.reporting.rendering.grid import heading
from rvosbench.reporting.rendering.terminal import Drawn
from rvosbench.reporting.significance import tested
from rvosbench.reporting.standings import Scored, Table, better, collect, tables
from rvosbench.runs.run import Run, open_run
from rvosbench.runs.scores import MetricValue

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Leaderboard",
    "Scored",
    "Table",
    "as_csv",
    "as_json",
    "as_latex",
    "as_markdown",
    "as_rich",
    "better",
    "collect",
    "leaderboard",
    "show",
    "tables",
    "write",
]

SCHEMA_VERSION = 2


@dataclass(frozen=True, slots=True, repr=False)
class Leaderboard:
    """All tables of some runs: one for each dataset, split, store and protocol."""

    tables: tuple[Table, ...]

    def __iter__(self) -> Iterator[Table]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)

    def __repr__(self) -> str:
        return as_markdown(self.tables)

    def _repr_html_(self) -> str:
        return "".join(map(_html, self.tables))

    def as_json(self) -> dict[str, Any]:
        """Plain data, see `as_json`."""
        return as_json(self.tables)

    def as_csv(self) -> str:
        """All tables in one, see `as_csv`."""
        return as_csv(self.tables)

    def as_latex(self) -> str:
        """For papers, see `as_latex`."""
        return as_latex(self.tables)

    def to_pandas(self) -> pd.DataFrame:
        """A row per run and table; the metrics' columns are fractions."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "dataset": table.dataset,
                    "split": table.split,
                    "protocol": table.protocol,
                    "rank": rank,
                    "run": row.name,
                    "model": row.scores.model,
                    "note": note,
                    "marks": "; ".join(row.scores.marks),
                }
                | {name: metric.value for name, metric in row.scores.metrics.items()}
                for table in self.tables
                for row, rank, note in zip(table.rows, table.ranks, table.notes, strict=True)
            ]
        )


def leaderboard(
    runs: Iterable[str | Path | Run],
    protocol: str | None = None,
    *,
    against: str | Path | Run | None = None,
) -> Leaderboard:
    """Rank scored runs.

    Args:
        runs: run folders that `rvos evaluate` has scored. What was not scored (under this protocol), or is
            damaged, is left out with a warning.
        protocol: only the scores under this one. Without it there is a table for each that any run was
            scored under.
        against: a run that all others are tested against; it is listed too. See
            `rvosbench.reporting.significance`.

    Raises:
        MissingPathError: none of the runs was scored.
        InvalidDataError: `against` has no scores that could be listed.
    """
    listed = list(runs)
    if against is None:
        return Leaderboard(tables(collect(listed, protocol)))
    reference = open_run(against)
    opened = [open_run(run) for run in listed]
    if reference.path.resolve() not in {run.path.resolve() for run in opened}:
        opened.append(reference)
    ranked = tuple(tested(table, reference) for table in tables(collect(opened, protocol)))
    if all(table.significance is None for table in ranked):
        raise InvalidDataError(
            f"{reference.path} stands in no table, so nothing can be tested against it; name a scored run"
        )
    return Leaderboard(ranked)


def as_markdown(shown: Sequence[Table], *, metrics: Sequence[str] = (), second: bool = False) -> str:
    """All tables as GitHub-flavoured Markdown, intervals included.

    Args:
        shown: the tables.
        metrics: these alone; by default all.
        second: underline the second best of each metric.
    """
    return markdown.as_markdown([board_grid(table, metrics) for table in shown], second=second)


def as_latex(
    shown: Sequence[Table],
    *,
    metrics: Sequence[str] = (),
    intervals: bool = False,
    second: bool = False,
) -> str:
    r"""A LaTeX `table` for each, in percent, the best in bold; needs `\\usepackage{booktabs}`.

    Args:
        shown: the tables.
        metrics: these alone; by default all.
        intervals: with the 95 % intervals.
        second: underline the second best of each metric.
    """
    grids = [board_grid(table, metrics, to_read=True) for table in shown]
    return latex.as_latex(grids, intervals=intervals, second=second)


def as_csv(shown: Sequence[Table], *, metrics: Sequence[str] = ()) -> str:
    """All tables as one CSV table in percent, with the ends of the intervals in columns of their own."""
    return csv_text.as_csv([board_grid(table, metrics) for table in shown])


def as_json(shown: Sequence[Table]) -> dict[str, Any]:
    """All tables as plain data; `schema_version` changes when a key changes its meaning."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tables": [
            {
                "dataset": table.dataset,
                "split": table.split,
                "store_fingerprint": table.whole.store_fingerprint,
                "protocol": table.protocol,
                "main_metric": table.main_metric,
                "n_expressions": table.whole.n_expressions,
                "n_videos": table.whole.n_videos,
                "significance": None if table.significance is None else table.significance.as_json(),
                "rows": [
                    {
                        "rank": rank,
                        "note": note,
                        "marks": list(row.scores.marks),
                        "run": str(row.run.path),
                        "name": row.name,
                        "model": row.scores.model,
                        "is_oracle": row.scores.is_oracle,
                        "mismatched_expressions": row.scores.mismatched_expressions,
                        "n_expressions": row.scores.n_expressions,
                        "n_videos": row.scores.n_videos,
                        "metrics": {name: metric.as_json() for name, metric in row.scores.metrics.items()},
                        "tests": {} if table.significance is None else table.significance.of(row),
                    }
                    for row, rank, note in zip(table.rows, table.ranks, table.notes, strict=True)
                ],
            }
            for table in shown
        ],
    }


def as_rich(
    table: Table,
    *,
    metrics: Sequence[str] = (),
    everything: bool = False,
    intervals: bool = False,
    second: bool = False,
) -> Drawn:
    """One table for the terminal, as wide as that is; columns that do not fit are named.

    Args:
        table: what to show.
        metrics: these alone; by default all.
        everything: what does not fit follows below.
        intervals: of all metrics; by default of the one that decides the rank.
        second: underline the second best of each metric.
    """
    grid = board_grid(table, metrics, intervals="all" if intervals else "main", to_read=True)
    return Drawn(
        grid=grid,
        everything=everything,
        second=second,
        how_to_see="See them with --all, or choose with --metric.",
    )


def write(shown: Sequence[Table], folder: Path) -> tuple[Path, ...]:
    """Write `leaderboard.md`, `.json`, `.csv` and `.tex` into a folder, replacing older ones.

    Raises:
        OutputError: the folder cannot be written.
    """
    paths = tuple(folder / f"leaderboard.{kind}" for kind in ("md", "json", "csv", "tex"))
    write_text(paths[0], as_markdown(shown))
    write_json(paths[1], as_json(shown))
    write_text(paths[2], as_csv(shown))
    write_text(paths[3], as_latex(shown))
    return paths


def show(value: MetricValue | None, *, interval: bool = True) -> str:
    """A fraction as percent, `66.3 [61.2, 70.9]`; a dash where there is none."""
    return "-" if value is None else value.text(interval=interval)


def _html(table: Table) -> str:
    grid = board_grid(table).for_people()
    head = "".join(f"<th>{escape(strip_control(heading(column)))}</th>" for column in grid.columns)
    lines = []
    for row in grid.rows:
        cells = []
        for cell in row:
            text = escape(strip_control(f"{cell.text} {cell.interval}".strip()))
            marks = "".join(f"<sup>{escape(mark)}</sup>" for mark in cell.marks)
            cells.append(f"<td>{f'<b>{text}</b>' if cell.best else text}{marks}</td>")
        lines.append("".join(cells))
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    notes = " ".join(
        (f"<sup>{escape(note.mark)}</sup> " if note.mark else "") + escape(strip_control(note.text))
        for note in grid.footnotes
    )
    return (
        f"<table><caption>{escape(strip_control(grid.title))}</caption><tr>{head}</tr>{body}</table>"
        f"<p>{notes}</p>"
    )
