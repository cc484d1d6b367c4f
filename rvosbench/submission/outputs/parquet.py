"""Predictions as `rvos predict` writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rvosbench.runs.predictions import Prediction, PredictionsWriter
from rvosbench.submission.outputs.output import Lost, Output
from rvosbench.types import Video


class ParquetOutput(Output):
    """A folder of Parquet; it holds everything."""

    def __init__(self, out: Path) -> None:
        """Reserve the place; errors as `PredictionsWriter`."""
        self.lost = Lost()
        self._writer = PredictionsWriter(out)

    def add(self, video: Video, rows: Sequence[Prediction]) -> None:
        """See `Output`."""
        self._writer.add(rows)

    def finish(self) -> None:
        """See `Output`."""
        self._writer.finish()

    def abandon(self) -> None:
        """See `Output`."""
        self._writer.abandon()
