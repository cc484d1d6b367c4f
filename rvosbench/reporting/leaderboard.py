"""Scored runs side by side: for the terminal, as Markdown and as JSON.

Numbers are comparable only when dataset, split, store and protocol are the same, so each combination
gets a table of its own. A run is listed without a rank when its number means something else: an oracle
that reads the ground truth, expressions that were swapped on purpose, or fewer expressions than the others.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rvosbench.errors import FormatError, MissingPathError
from rvosbench.evaluation.score_tables import SCORES
from rvosbench.files.text import strip_control
from rvosbench.reporting.files import write_text
from rvosbench.runs.record import write_json

if TYPE_CHECKING:
    from rich.table import Table as RichTable

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """One metric of one run, as `scores.json` has it."""

    value: float  # a fraction; NaN where it cannot be computed
    low: float | None  # 95 % interval over videos
    high: float | None
    n: int  # how many units the mean is taken over
    unit: str  # what `n` counts


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One scored run."""

    run: Path
    name: str  # of the run's folder
    model: str
    dataset: str
    split: str
    store_fingerprint: str
    protocol: str
    unit: str  # what the protocol's mean is taken over
    main_metric: str
    metrics: Mapping[str, Value]
    n_expressions: int
    n_videos: int
    is_oracle: bool
    swapped: bool

    @property
    def main(self) -> Value:
        """The metric that decides the rank."""
        return self.metrics[self.main_metric]


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Runs that may be compared, from best to worst."""

    dataset: str
    split: str
    store_fingerprint: str
    protocol: str
    unit: str
    main_metric: str
    n_expressions: int
    n_videos: int
    rows: tuple[Row, ...]
    ranks: tuple[int | None, ...]  # one per row; equal values share a rank
    notes: tuple[str, ...]  # one per row; why it has no rank, in a word or two

    @property
    def metric_names(self) -> tuple[str, ...]:
        """All metrics of the rows, the main one first."""
        names = dict.fromkeys(name for row in self.rows for name in row.metrics)
        return (self.main_metric, *(name for name in names if name != self.main_metric))

    @property
    def title(self) -> str:
        """What was scored, in one line."""
        return f"{self.dataset} / {self.split}, protocol {self.protocol}: {self.size}"

    @property
    def size(self) -> str:
        """How many expressions (or objects) of how many videos."""
        thing = "object" if self.unit == "object" else "expression"
        videos = "1 video" if self.n_videos == 1 else f"{self.n_videos} videos"
        return f"{self.n_expressions} {thing}{'' if self.n_expressions == 1 else 's'} in {videos}"

    @property
    def footnotes(self) -> tuple[str, ...]:
        """What the intervals and the notes mean."""
        meanings = ["In brackets: 95 % intervals, by bootstrap over videos."]
        if "oracle" in self.notes:
            meanings.append("oracle: reads the ground truth, so it has no rank.")
        if "swapped" in self.notes:
            meanings.append("swapped: was asked with expressions about other objects.")
        if any(" of " in note for note in self.notes):
            meanings.append(f"k of {self.n_expressions}: was scored on k expressions only.")
        return tuple(meanings)


def collect(runs: Iterable[Path]) -> tuple[Row, ...]:
    """Read the scores of finished runs.

    Args:
        runs: run folders that `rvos evaluate` has scored.

    Raises:
        MissingPathError: a folder is no scored run.
        FormatError: its `scores.json` is damaged.
    """
    return tuple(read_row(run) for run in runs)


def read_row(run: Path) -> Row:
    """The scores of one run; see `collect`."""
    scores = read_scores(run)
    try:
        metrics = {str(name): _value(metric) for name, metric in scores["metrics"].items()}
        protocol = scores["protocol"]
        metrics[protocol["main_metric"]]  # without it there is nothing to rank by
        return Row(
            run=run,
            name=run.resolve().name,
            model=str(scores["model"]),
            dataset=str(scores["dataset"]),
            split=str(scores["split"]),
            store_fingerprint=str(scores["store_fingerprint"]),
            protocol=str(protocol["name"]),
            unit=str(protocol["unit"]),
            main_metric=str(protocol["main_metric"]),
            metrics=metrics,
            n_expressions=int(scores["n_expressions"]),
            n_videos=int(scores["n_videos"]),
            is_oracle=bool(scores["is_oracle"]),
            swapped=bool(scores["swapped_sentences"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(
            f"{run / SCORES} is not what rvos evaluate writes ({type(error).__name__}: {error}); score the "
            "run again"
        ) from error


def read_scores(run: Path) -> dict[str, Any]:
    """scores.json of a run.

    Raises:
        MissingPathError: the run was not scored.
        FormatError: it is not a JSON object.
    """
    path = run / SCORES
    try:
        scores = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise MissingPathError(
            f"{run} has no {SCORES}; expected a run that was scored, do it with: rvos evaluate {run}"
        ) from None
    except ValueError as error:
        raise FormatError(f"{path} is not JSON ({error}); score the run again") from error
    if not isinstance(scores, dict):
        raise FormatError(f"{path} holds a {type(scores).__name__}, expected an object; score the run again")
    return scores


def tables(rows: Iterable[Row]) -> tuple[Table, ...]:
    """Group runs that may be compared, and rank them."""
    ordered = sorted(rows, key=_group)
    return tuple(_table(list(members)) for _, members in groupby(ordered, key=_group))


def as_markdown(found: Sequence[Table]) -> str:
    """All tables as GitHub-flavoured Markdown, intervals included."""
    parts = []
    for table in found:
        names = table.metric_names
        lines = [f"### {_cell(table.title)}", ""]
        lines.append("| # | run | model | " + " | ".join(_cell(name) for name in names) + " | |")
        lines.append("|--:|:--|:--|" + "--:|" * len(names) + ":--|")
        for row, rank, note in zip(table.rows, table.ranks, table.notes, strict=True):
            cells = [str(rank or "-"), _cell(row.name), _cell(row.model)]
            cells += [show(row.metrics.get(name)) for name in names]
            lines.append("| " + " | ".join([*cells, note]) + " |")
        parts.append("\n".join([*lines, "", " ".join(table.footnotes), ""]))
    return "\n".join(parts)


def as_json(found: Sequence[Table]) -> dict[str, Any]:
    """All tables as plain data; `schema_version` changes when a key changes its meaning."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tables": [
            {
                "dataset": table.dataset,
                "split": table.split,
                "store_fingerprint": table.store_fingerprint,
                "protocol": table.protocol,
                "main_metric": table.main_metric,
                "n_expressions": table.n_expressions,
                "n_videos": table.n_videos,
                "rows": [
                    {
                        "rank": rank,
                        "note": note,
                        "run": str(row.run),
                        "name": row.name,
                        "model": row.model,
                        "is_oracle": row.is_oracle,
                        "swapped_sentences": row.swapped,
                        "n_expressions": row.n_expressions,
                        "n_videos": row.n_videos,
                        "metrics": {
                            name: {
                                "value": _json(v.value),
                                "low": v.low,
                                "high": v.high,
                                "n": v.n,
                                "unit": v.unit,
                            }
                            for name, v in row.metrics.items()
                        },
                    }
                    for row, rank, note in zip(table.rows, table.ranks, table.notes, strict=True)
                ],
            }
            for table in found
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
        drawn.add_column(Text(name), justify="right", no_wrap=True)
    if any(table.notes):
        drawn.add_column("", no_wrap=True, style="dim")
    for row, rank, note in zip(table.rows, table.ranks, table.notes, strict=True):
        cells = [Text(str(rank or "-")), Text(strip_control(row.name))]
        cells.append(Text(show(row.main), style="bold" if rank == 1 else ""))
        cells += [Text(show(row.metrics.get(name), interval=False)) for name in names[1:]]
        drawn.add_row(*cells, *([Text(note)] if any(table.notes) else []))
    return drawn


def write(found: Sequence[Table], folder: Path) -> tuple[Path, Path]:
    """Write `leaderboard.md` and `leaderboard.json` into a folder, replacing older ones.

    Raises:
        OutputError: the folder cannot be written.
    """
    markdown, data = folder / "leaderboard.md", folder / "leaderboard.json"
    write_text(markdown, as_markdown(found))
    write_json(data, as_json(found))
    return markdown, data


def show(value: Value | None, *, interval: bool = True) -> str:
    """A fraction as percent, `66.3 [61.2, 70.9]`; a dash where there is none."""
    if value is None or not math.isfinite(value.value):
        return "-"
    text = _percent(value.value)
    if interval and value.low is not None and value.high is not None:
        text += f" [{_percent(value.low)}, {_percent(value.high)}]"
    return text


def _percent(fraction: float) -> str:
    return f"{round(100 * fraction, 1) + 0.0:.1f}"  # adding 0 turns -0.0 into 0.0


def _json(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _group(row: Row) -> tuple[str, str, str, str]:
    return row.dataset, row.split, row.protocol, row.store_fingerprint


def _table(rows: list[Row]) -> Table:
    rows.sort(key=lambda row: (-_finite(row.main.value), row.name))
    # The whole split is what most expressions were scored on, however many runs looked at a part of it.
    whole = max(rows, key=lambda row: (row.n_expressions, row.n_videos))
    notes = [_note(row, whole.n_expressions) for row in rows]
    ranked = [row.main.value for row, note in zip(rows, notes, strict=True) if not note]
    return Table(
        dataset=whole.dataset,
        split=whole.split,
        store_fingerprint=whole.store_fingerprint,
        protocol=whole.protocol,
        unit=whole.unit,
        main_metric=whole.main_metric,
        n_expressions=whole.n_expressions,
        n_videos=whole.n_videos,
        rows=tuple(rows),
        ranks=tuple(
            None if note else 1 + sum(other > row.main.value for other in ranked)
            for row, note in zip(rows, notes, strict=True)
        ),
        notes=tuple(notes),
    )


def _note(row: Row, whole: int) -> str:
    if row.swapped:
        return "swapped"
    if row.n_expressions != whole:
        return f"{row.n_expressions} of {whole}"
    return "oracle" if row.is_oracle else ""


def _finite(value: float) -> float:
    return value if math.isfinite(value) else -math.inf


def _value(metric: Mapping[str, Any]) -> Value:
    low, high, value = metric["low"], metric["high"], metric["value"]
    return Value(
        value=math.nan if value is None else float(value),
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        n=int(metric["n"]),
        unit=str(metric["unit"]),
    )


def _cell(text: str) -> str:
    """Text that cannot break out of a Markdown table cell."""
    escaped = strip_control(text).replace("\\", "\\\\").replace("|", "\\|").replace("`", "\\`")
    escaped = re.sub(r"&(?=#?\w+;)", "&amp;", escaped).replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("[", "\\[").replace("]", "\\]").replace("*", "\\*").replace("_", "\\_")
