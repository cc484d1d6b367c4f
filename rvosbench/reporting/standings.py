"""Which scored runs may stand in one table, and their ranks.

Numbers are comparable only when dataset, split, store and protocol are the same, so each combination
gets a table of its own. A run is listed without a rank when its number means something else: an oracle
that reads the ground truth, expressions mismatched on purpose, or fewer expressions than the others.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rvosbench.errors import RvosbenchError
from rvosbench.plugins.defaults import default_protocol
from rvosbench.runs.run import Run, open_run
from rvosbench.runs.scores import MetricValue, Scores

if TYPE_CHECKING:
    from rvosbench.reporting.significance import Significance

_log = logging.getLogger(__name__)


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
    significance: Significance | None = None  # tests of the rows against one of them, where asked for

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


def collect(runs: Iterable[str | Path | Run], protocol: str | None = None) -> tuple[Scored, ...]:
    """Read the scores of runs; see `rvosbench.reporting.leaderboard.leaderboard`.

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


def better(table: Table, metric: str) -> Literal["higher", "lower"]:
    """Whether "higher" or "lower" values of a metric are better."""
    values = [row.scores.metrics[metric] for row in table.rows if metric in row.scores.metrics]
    return values[0].better if values else "higher"


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
