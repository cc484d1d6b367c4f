"""Which of the forms a folder, an archive or a file is in."""

from __future__ import annotations

from collections.abc import Sequence

from rvosbench.errors import ScoreError
from rvosbench.files.text import some
from rvosbench.runs.tolerance import STRICT, Tolerance
from rvosbench.store import Store
from rvosbench.submission.files import Unit
from rvosbench.submission.forms.json_source import JsonSource
from rvosbench.submission.forms.names import Names
from rvosbench.submission.forms.npz import NpzSource
from rvosbench.submission.sources import PredictionSource
from rvosbench.submission.trees import Name, Tree, suffix_of

SUFFIXES = (".json", ".json.gz", ".jsonl", ".jsonl.gz", ".npz")


def open_form(
    tree: Tree,
    names: Sequence[Name],
    root: str,
    unit: Unit,
    tolerance: Tolerance = STRICT,
    store: Store | None = None,
    split: str | None = None,
) -> PredictionSource:
    """Open predictions in one of these forms.

    Args:
        tree: a folder, an archive, or a single file.
        names: its files that end in one of `SUFFIXES`, at least one.
        root: what messages call the whole.
        unit: what is answered.
        tolerance: what is let pass.
        store: with the ground truth: it says what keys and numbers mean.
        split: of the store. None: any.

    Raises:
        FormatError: a file is damaged, or too large.
        ScoreError: the files hold no predictions, or predictions that belong to nothing in the store.
    """
    if store is None:
        raise ScoreError(
            f"{root} holds {some('/'.join(name) for name in names)}, whose keys have a meaning only beside a "
            "store; name the store with the ground truth"
        )
    known = Names(store, split, unit)
    arrays = [name for name in names if suffix_of(name) == ".npz"]
    if not arrays:
        return JsonSource(tree, names, root, known, tolerance)
    others = len(names) - len(arrays)
    source = NpzSource(tree, arrays, root, known, tolerance)
    if others:
        source.notes = (f"{root}: {others} JSON files beside the arrays are no source of predictions",)
    return source
