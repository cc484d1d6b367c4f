"""What a run folder holds: whether it may be overwritten, and where its weights are."""

from __future__ import annotations

from pathlib import Path

from rvosbench.files.places import Content
from rvosbench.runs.record import NAME

# Scores and pages are made from predictions again; weights are not, so a training is never one of these.
_OURS = frozenset({NAME, "predictions", "scores", "report"})
_EARLIER = frozenset({"scores.json", "frame_scores.parquet", "expression_scores.parquet"})


def _holds_answers(folder: Path) -> bool:
    names = {item.name for item in folder.iterdir()}
    return {NAME, "predictions"} <= names <= _OURS | _EARLIER


ANSWERS = Content("a run of predictions", _holds_answers)
"""Predictions, with scores and a page or without."""

CHECKPOINT = "checkpoint"
"""The folder of a training's weights in its run."""


def weights_of(path: Path) -> Path:
    """The weights that a path means: those of a training's run, else the path itself."""
    is_training = (path / NAME).is_file() and (path / CHECKPOINT).is_dir()
    return path / CHECKPOINT if is_training else path
