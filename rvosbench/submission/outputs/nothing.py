"""A dry run: rows are counted, and nothing is written."""

from __future__ import annotations

from collections.abc import Sequence

from rvosbench.runs.predictions import Prediction
from rvosbench.submission.outputs.output import Lost, Output, answers
from rvosbench.types import Video


class NoOutput(Output):
    """Says what would be lost."""

    def __init__(self, *, keeps_candidates: bool) -> None:
        """Count.

        Args:
            keeps_candidates: whether the form holds candidates and scores.
        """
        self.lost = Lost()
        self._keeps = keeps_candidates

    def add(self, video: Video, rows: Sequence[Prediction]) -> None:
        """See `Output`."""
        if not self._keeps:
            answers(rows, self.lost)

    def finish(self) -> None:
        """See `Output`."""

    def abandon(self) -> None:
        """See `Output`."""
