"""What a run folder may hold and still be overwritten."""

from __future__ import annotations

from pathlib import Path

from rvosbench.files.places import Content
from rvosbench.runs.record import NAME

# Scores and pages can be made again from predictions. A run of training holds more, and never gives way.
_OURS = frozenset({NAME, "predictions", "scores", "report"})
_EARLIER = frozenset({"scores.json", "frame_scores.parquet", "expression_scores.parquet"})


def _holds_answers(folder: Path) -> bool:
    names = {item.name for item in folder.iterdir()}
    return {NAME, "predictions"} <= names <= _OURS | _EARLIER


ANSWERS = Content("a run of predictions", _holds_answers)
"""Predictions, with scores and a page or without."""
