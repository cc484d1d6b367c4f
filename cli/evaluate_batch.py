"""Several runs scored one after the other: one that fails is named, the others are done all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rvosbench.errors import RvosbenchError

from .console import note, print_json, stdout_console, warn

if TYPE_CHECKING:
    from rvosbench.runs.scores import Scores


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One run to score."""

    name: str  # as messages call it
    score: Callable[[], tuple[Path, Scores]]  # predicts first where it must; returns the run, and its scores


class Batch:
    """What became of several jobs.

    Attributes:
        scored: the runs, each with the protocol that it was scored under.
        failed: name -> why.
    """

    def __init__(self) -> None:
        self.scored: list[tuple[Path, str]] = []
        self.failed: dict[str, str] = {}

    def run(self, jobs: Iterable[Job]) -> None:
        """Do them all."""
        for job in jobs:
            try:
                path, scores = job.score()
            # A model may run out of memory where the next one does not.
            except (RvosbenchError, OSError, RuntimeError, MemoryError) as error:
                said = str(error) if isinstance(error, RvosbenchError) else f"{type(error).__name__}: {error}"
                self.fail(job.name, said)
                continue
            if scores.reused:
                note(f"{job.name} was scored already, with the same predictions and settings; see --force.")
            self.scored.append((path, scores.protocol.name))

    def fail(self, name: str, why: str) -> None:
        """Name one that is not scored."""
        self.failed[name] = why
        warn(f"{name} is not scored: {why}")


def show(
    runs: Sequence[Path],
    *,
    only: Sequence[tuple[Path, str]] | None,
    failed: Mapping[str, str],
    as_json: bool,
) -> None:
    """The leaderboard of scored runs.

    Args:
        runs: their folders.
        only: show these runs, each under this protocol; None: all scores that they have.
        failed: what was not scored, and why.
        as_json: print one JSON object.
    """
    from rvosbench.reporting import leaderboard

    rows = leaderboard.collect(runs) if runs else ()
    if only is not None:
        rows = tuple(row for row in rows if (row.run.path, row.scores.protocol.name) in only)
    ranked = leaderboard.tables(rows)
    if as_json:
        print_json({**leaderboard.as_json(ranked), "failed": failed})
        return
    console = stdout_console()
    for table in ranked:
        console.print(leaderboard.as_rich(table))
    if not ranked:
        note("No run has scores.")
