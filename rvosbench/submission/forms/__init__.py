"""Predictions in other forms than pictures: run lengths as JSON, arrays as npz."""

from __future__ import annotations

from collections.abc import Sequence

from rvosbench.errors import ScoreError
from rvosbench.runs.tolerance import Tolerance
from rvosbench.store import Store
from rvosbench.submission.files import Unit
from rvosbench.submission.sources import PredictionSource
from rvosbench.submission.trees import Name, Tree

SUFFIXES = (".json", ".json.gz", ".npz")


def open_form(
    tree: Tree,
    names: Sequence[Name],
    root: str,
    unit: Unit,
    tolerance: Tolerance,
    store: Store | None,
) -> PredictionSource:
    """Open predictions in one of these forms.

    Args:
        tree: a folder, an archive, or a single file.
        names: its files that end in one of `SUFFIXES`, sorted, at least one. There is no PNG.
        root: what messages call the whole.
        unit: what is answered.
        tolerance: what is let pass.
        store: with the ground truth, where it is known.

    Raises:
        ScoreError: it is none of these forms.
        FormatError: a file cannot be read.
    """
    raise ScoreError(f"{root} holds no PNG file; expected predictions as PNG folders, a zip or Parquet")
