"""What every writer of predictions can do, and what it says it could not."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from rvosbench.files.scoped import WholeOrNothing
from rvosbench.runs.predictions import Prediction
from rvosbench.types import Video


@dataclass(slots=True)
class Lost:
    """What a form could not hold."""

    scores: int = 0  # masks whose score is not 1
    candidates: int = 0  # masks that are not the answer

    def lines(self) -> tuple[str, ...]:
        """One sentence for each kind."""
        said = []
        if self.candidates:
            said.append(f"{self.candidates:,} masks of further candidates are left out")
        if self.scores:
            said.append(f"{self.scores:,} scores are left out; they read as 1 again")
        return tuple(said)


class Output(WholeOrNothing):
    """Takes the rows of one video after the other; whole or not at all."""

    lost: Lost

    @abstractmethod
    def add(self, video: Video, rows: Sequence[Prediction]) -> None:
        """Write all rows of a video, sorted by expression, frame and candidate."""


def answers(rows: Sequence[Prediction], lost: Lost) -> list[Prediction]:
    """The rows that are answers; the others, and scores, are counted as lost."""
    kept = [row for row in rows if row.candidate == 0]
    lost.candidates += len(rows) - len(kept)
    lost.scores += sum(row.score != 1.0 for row in kept)
    return kept
