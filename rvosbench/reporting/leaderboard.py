"""Scored runs side by side: for the terminal, as Markdown and as JSON.

Numbers are comparable only when dataset, split, store and protocol are the same, so each combination
gets a table of its own. A run is listed without a rank when its number means something else: an oracle
that reads the ground truth, expressions mismatched on purpose, or fewer expressions than the others.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rvosbench.errors import RvosbenchError
from rvosbench.files.atomic import write_json, write_text
from rvosbench.files.text import strip_control
from rvosbench.plugins.defaults import default_protocol
from rvosbench.runs.run import Run, open_run
from rvosbench.runs.scores import MetricValue, Scores

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table as RichTable

_log = logging.getLogger(__name__)

SCHEMA_VERSION = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Scored:
    """A run and its scores under one protocol."""

    run: Run
    scores: Scores

    @property
    def name(self) -> str:
        """Of the run's folder."""
        return self.run.name


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Runs that may be compared, from best to worst."""

    whole: Scores
    """Of a row with the most expressions: the whole split, however many runs looked at a part of it."""
    rows: tuple[Scored, ...]
    ranks: tuple[int | None, ...]  # one per row; equal values share a rank
    notes: tuple[str, ...]  # one per row; why it has no rank, in a word or two

    @property
    def dataset(self) -> str:
        """What all rows were scored on."""
        return self.whole.dataset

    @property
    def split(self) -> str:
        """Of the dataset."""
        return self.whole.split

    @property
    def protocol(self) -> str:
        """The name of the protocol."""
        return self.whole.protocol.name

    @property
    def main_metric(self) -> str:
        """What decides the rank."""
        return self.whole.protocol.main_metric

    @property
    def metric_names(self) -> tuple[str, ...]:
        """All metrics of the rows, the main one first."""
        names = dict.fromkeys(name for row in self.rows for name in row.scores.metrics)
        return (self.main_metric, *(name for name in names if name != self.main_metric))

    @property
    def title(self) -> str:
        """What was scored, in one line."""
        return f"{self.dataset} / {self.split}, protocol {self.protocol}: {self.size}"

    @property
    def size(self) -> str:
        """How many expressions (or objects) of how many videos."""
        count, n_videos = self.whole.n_expressions, self.whole.n_videos
        videos = "1 video" if n_videos == 1 else f"{n_videos} videos"
        return f"{count} {self.whole.unit}{'' if count == 1 else 's'} in {videos}"

    @property
    def footnotes(self) -> tuple[str, ...]:
        """What the intervals and the notes mean."""
        meanings = ["In brackets: 95 % intervals, by bootstrap over videos."]
        if "oracle" in self.notes:
            meanings.append("oracle: reads the ground truth, so it has no rank.")
        if "mismatched" in self.notes:
            meanings.append("mismatched: was asked with expressions about other objects.")
        if any(" of " in note for note in self.notes):
            meanings.append(f"k of {self.whole.n_expressions}: was scored on k expressions only.")
        if any(better(self, name) == "lower" for name in self.metric_names):
            meanings.append("\N{DOWNWARDS ARROW}: lower is better.")
        return tuple(meanings)


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
                }
                | {name: metric.value for name, metric in row.scores.metrics.items()}
                for table in self.tables
                for row, rank, note in zip(table.rows, table.ranks, table.notes, strict=True)
            ]
        )


def leaderboard(runs: Iterable[str | Path | Run], protocol: str | None = None) -> Leaderboard:
    """Rank scored runs.

    Args:
        runs: run folders that `rvos evaluate` has scored. What was not scored (under this protocol), or is
            damaged, is left out with a warning.
        protocol: only the scores under this one. Without it there is a table for each that any run was
            scored under.

    Raises:
        MissingPathError: none of the runs was scored.
    """
    return Leaderboard(tables(collect(runs, protocol)))


def collect(runs: Iterable[str | Path | Run], protocol: str | None = None) -> tuple[Scored, ...]:
    """Read the scores of runs; see `leaderboard`.

    Raises:
        RvosbenchError: of the first run, where none has scores.
    """
    shown: list[Scored] = []
    failures: list[RvosbenchError] = []
    for given in runs:
        try:
            run = open_run(given)
            names = run.protocols if protocol is None else (protocol,)
            shown += [Scored(run=run, scores=run.whole_scores(name)) for name in names or (None,)]
        except RvosbenchError as error:
            failures.append(error)
    if failures and not shown:
        raise failures[0]
    for failure in failures:
        _log.warning("%s; it is left out", failure)
    return tuple(shown)


def tables(rows: Iterable[Scored]) -> tuple[Table, ...]:
    """Group scores that may be compared, and rank them; of a dataset its own protocol comes first."""
    ordered = sorted(rows, key=_group)
    return tuple(_table(list(members)) for _, members in groupby(ordered, key=_group))


def better(table: Table, metric: str) -> str:
    """Whether "higher" or "lower" values of a metric are better."""
    values = [row.scores.metrics[metric] for row in table.rows if metric in row.scores.metrics]
    return values[0].better if values else "higher"


def heading(table: Table, metric: str) -> str:
    """A metric's name, marked with an arrow where lower is better."""
    return f"{metric} \N{DOWNWARDS ARROW}" if better(table, metric) == "lower" else metric


def as_markdown(shown: Sequence[Table]) -> str:
    """All tables as GitHub-flavoured Markdown, intervals included."""
    parts = []
    for table in shown:
        names = table.metric_names
        lines = [f"### {_cell(table.title)}", ""]
        lines.append(
            "| # | run | model | " + " | ".join(_cell(heading(table, name)) for name in names) + " | |"
        )
        lines.append("|--:|:--|:--|" + "--:|" * len(names) + ":--|")
        for row, rank, note in zip(table.rows, table.ranks, table.notes, strict=True):
            cells = [str(rank or "-"), _cell(row.name), _cell(row.scores.model)]
            cells += [show(row.scores.metrics.get(name)) for name in names]
            lines.append("| " + " | ".join([*cells, note]) + " |")
        parts.append("\n".join([*lines, "", " ".join(table.footnotes), ""]))
    return "\n".join(parts)


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
                "rows": [
                    {
                        "rank": rank,
                        "note": note,
                        "run": str(row.run.path),
                        "name": row.name,
                        "model": row.scores.model,
                        "is_oracle": row.scores.is_oracle,
                        "mismatched_expressions": row.scores.mismatched_expressions,
                        "n_expressions": row.scores.n_expressions,
                        "n_videos": row.scores.n_videos,
                        "metrics": {name: metric.as_json() for name, metric in row.scores.metrics.items()},
                    }
                    for row, rank, note in zip(table.rows, table.ranks, table.notes, strict=True)
                ],
            }
            for table in shown
        ],
    }


def as_rich(table: Table) -> RichTable:
    """One table for the terminal; fits 80 columns."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    names = table.metric_names[:4]
    drawn = RichTable(
        title=Text(table.title, style="bold"),
        caption=Text("\n".join(table.footnotes), style="dim"),
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    drawn.add_column("#", justify="right", no_wrap=True)
    drawn.add_column("run", max_width=24, overflow="fold")
    for name in names:
        drawn.add_column(Text(heading(table, name)), justify="right", no_wrap=True)
    if any(table.notes):
        drawn.add_column("", no_wrap=True, style="dim")
    for row, rank, note in zip(table.rows, table.ranks, table.notes, strict=True):
        cells = [Text(str(rank or "-")), Text(strip_control(row.name))]
        cells.append(Text(show(row.scores.main), style="bold" if rank == 1 else ""))
        cells += [Text(show(row.scores.metrics.get(name), interval=False)) for name in names[1:]]
        drawn.add_row(*cells, *([Text(note)] if any(table.notes) else []))
    return drawn


def write(shown: Sequence[Table], folder: Path) -> tuple[Path, Path]:
    """Write `leaderboard.md` and `leaderboard.json` into a folder, replacing older ones.

    Raises:
        OutputError: the folder cannot be written.
    """
    markdown, data = folder / "leaderboard.md", folder / "leaderboard.json"
    write_text(markdown, as_markdown(shown))
    write_json(data, as_json(shown))
    return markdown, data


def show(value: MetricValue | None, *, interval: bool = True) -> str:
    """A fraction as percent, `66.3 [61.2, 70.9]`; a dash where there is none."""
    return "-" if value is None else value.text(interval=interval)


def _group(row: Scored) -> tuple[str, str, bool, str, str]:
    scores = row.scores
    foreign = scores.protocol.name != default_protocol(scores.dataset)
    return scores.dataset, scores.split, foreign, scores.protocol.name, scores.store_fingerprint


def _table(rows: list[Scored]) -> Table:
    rows.sort(key=lambda row: (-_rating(row.scores.main), row.name))
    whole = max((row.scores for row in rows), key=lambda scores: (scores.n_expressions, scores.n_videos))
    notes = [_note(row.scores, whole.n_expressions) for row in rows]
    ranked = [_rating(row.scores.main) for row, note in zip(rows, notes, strict=True) if not note]
    return Table(
        whole=whole,
        rows=tuple(rows),
        ranks=tuple(
            None if note else 1 + sum(other > _rating(row.scores.main) for other in ranked)
            for row, note in zip(rows, notes, strict=True)
        ),
        notes=tuple(notes),
    )


def _note(scores: Scores, whole: int) -> str:
    if scores.mismatched_expressions:
        return "mismatched"
    if scores.n_expressions != whole:
        return f"{scores.n_expressions} of {whole}"
    return "oracle" if scores.is_oracle else ""


def _rating(metric: MetricValue) -> float:
    """Higher is better, whatever the metric says; what is not known comes last."""
    if not math.isfinite(metric.value):
        return -math.inf
    return metric.value if metric.better == "higher" else -metric.value


def _html(table: Table) -> str:
    names = table.metric_names
    head = "<th>#</th><th>run</th><th>model</th>" + "".join(
        f"<th>{escape(heading(table, name))}</th>" for name in names
    )
    lines = []
    for row, rank, note in zip(table.rows, table.ranks, table.notes, strict=True):
        cells = [str(rank or "-"), row.name, row.scores.model]
        cells += [show(row.scores.metrics.get(name)) for name in names]
        lines.append("".join(f"<td>{escape(strip_control(cell))}</td>" for cell in [*cells, note]))
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return (
        f"<table><caption>{escape(strip_control(table.title))}</caption><tr>{head}<th></th></tr>{body}</table>"
        f"<p>{escape(' '.join(table.footnotes))}</p>"
    )


def _cell(text: str) -> str:
    """Text that cannot break out of a Markdown table cell."""
    escaped = strip_control(text).replace("\\", "\\\\").replace("|", "\\|").replace("`", "\\`")
    escaped = re.sub(r"&(?=#?\w+;)", "&amp;", escaped).replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("[", "\\[").replace("]", "\\]").replace("*", "\\*").replace("_", "\\_")
