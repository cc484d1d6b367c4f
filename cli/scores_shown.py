"""The scores of a run in the terminal, and the leaderboard that it belongs to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa
    from rich.table import Table

    from rvosbench.runs.scores import MetricValue, Scores

_MOST_ROWS = 20  # of the table per object; a longer one is left to the Parquet files


def print_scores(scores: Scores) -> None:
    """What was scored, the metrics in percent, and what a reader must know about them."""
    from rich.table import Table
    from rich.text import Text

    from rvosbench.files.text import counted, strip_control

    from .console import note, stdout_console

    protocol = scores.protocol
    console = stdout_console()
    console.print(
        f"{scores.dataset}/{scores.split}, protocol {protocol.name}: {protocol.title}", markup=False
    )
    console.print(
        f"{strip_control(scores.model)}: {counted(scores.n_expressions, scores.unit)}, "
        f"{counted(scores.n_videos, 'video')}, {counted(scores.n_frames, 'frame')}"
        + (", an oracle" if scores.is_oracle else "")
        + (", mismatched expressions" if scores.mismatched_expressions else ""),
        markup=False,
    )
    table = Table(box=None, pad_edge=False)
    table.add_column("metric")
    table.add_column("percent", justify="right")
    table.add_column("95 % interval", justify="right")
    for name, metric in scores.metrics.items():
        table.add_row(Text(name), *_cells(metric))
    console.print(table)
    for mark in scores.marks:
        console.print(f"* {mark}", markup=False, highlight=False)
    if scores.by_annotator:
        console.print()
        console.print(_per_annotator(scores))
    rows = scores.expressions
    if scores.unit == "object" and rows is not None and rows.num_rows <= _MOST_ROWS:
        console.print()
        console.print(_per_object(rows))
    if protocol.unverified:
        note(f"Note: {protocol.unverified}")


def _per_annotator(scores: Scores) -> Table:
    from rich.table import Table
    from rich.text import Text

    from rvosbench.files.text import strip_control
    from rvosbench.runs.scores import percent

    names = scores.annotator_metrics
    table = Table(box=None, pad_edge=False)
    table.add_column("annotator")
    for name in names:
        table.add_column(name, justify="right")
    for annotator, values in scores.by_annotator.items():
        cells = (percent(values.get(name, math.nan)) for name in names)
        table.add_row(Text(strip_control(annotator)), *cells)
    return table


def _per_object(expressions: pa.Table) -> Table:
    from rich.table import Table
    from rich.text import Text

    from rvosbench.files.text import strip_control
    from rvosbench.runs.scores import percent

    table = Table(box=None, pad_edge=False)
    for name in ("video", "object"):
        table.add_column(name)
    for name in ("J", "F", "J&F"):
        table.add_column(name, justify="right")
    for row in expressions.sort_by([("video_id", "ascending"), ("expression_id", "ascending")]).to_pylist():
        names = (Text(strip_control(row[key])) for key in ("video_id", "expression_id"))
        table.add_row(*names, *(percent(row[key]) for key in ("j", "f", "j_and_f")))
    return table


def _cells(metric: MetricValue) -> tuple[str, str]:
    """The value and its interval, in percent."""
    value, _, interval = metric.text().partition(" ")
    return value, interval or "-"


def print_leaderboard(run: Path, scores: Scores) -> None:
    """The table with the scores' row: the run beside the others of its folder."""
    from rvosbench.reporting.leaderboard import as_rich
    from rvosbench.reporting.leaderboard import leaderboard as rank
    from rvosbench.runs.run import Run

    from .console import stdout_console

    console = stdout_console()
    beside = sorted(path for path in run.resolve().parent.iterdir() if not path.name.startswith("."))
    for table in rank(path for path in beside if Run(path).scores_folders):
        same = (table.dataset, table.split, table.protocol, table.whole.store_fingerprint)
        if same == (scores.dataset, scores.split, scores.protocol.name, scores.store_fingerprint):
            console.print()
            console.print(as_rich(table))
