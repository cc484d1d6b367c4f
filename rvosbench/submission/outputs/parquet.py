"""Predictions as `rvos predict` writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rvosbench.runs.predictions import Prediction, PredictionsWriter
from rvosbench.submission.outputs.output import Lost, Output
from rvosbench.submission.outputs.places import ROWS
from rvosbench.types import Video


class ParquetOutput(Output):
    """A folder of Parquet; it holds everything."""

    def __init__(self, out: Path, *, overwrite: bool = False) -> None:
        """Reserve the place.

        Args:
            out: the folder.
            overwrite: it may hold Parquet predictions.

        Raises:
            OutputError: it is taken, or cannot be written.
        """
        self.lost = Lost()
        self._writer = PredictionsWriter(out, overwrite=overwrite, content=ROWS)

    def add(self, video: Video, rows: Sequence[Prediction]) -> None:
        """See `Output`."""
        self._writer.add(rows)

    def finish(self) -> None:
        """See `Output`."""
        self._writer.finish()

    def abandon(self) -> None:
        """See `Output`."""
        self._writer.abandon()
