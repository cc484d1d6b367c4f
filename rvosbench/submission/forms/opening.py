"""Which of the forms a folder, an archive or a file is in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rvosbench.errors import ScoreError
from rvosbench.files.text import some
from rvosbench.runs.tolerance import STRICT, Tolerance
from rvosbench.store import Store
from rvosbench.submission.files import Tree, Unit
from rvosbench.submission.forms.json_source import JsonSource
from rvosbench.submission.forms.names import Names
from rvosbench.submission.forms.npz import NpzSource
from rvosbench.submission.sources import PredictionSource

_JSON = (".json", ".json.gz", ".jsonl", ".jsonl.gz")
_ARRAYS = (".npz",)


def is_form(name: str) -> bool:
    """Whether a file's name is one of those that are read here."""
    return name.lower().endswith((*_JSON, *_ARRAYS))


def open_form(
    tree: Tree,
    names: Iterable[tuple[str, ...]],
    root: Path,
    unit: Unit,
    tolerance: Tolerance = STRICT,
    store: Store | str | Path | None = None,
    split: str | None = None,
) -> PredictionSource:
    """Predictions in JSON or `.npz`.

    Args:
        tree: the files.
        names: the path parts of those that may be predictions, without the folders around them.
        root: what to call them in an error.
        unit: what is answered.
        tolerance: what may be wrong with them.
        store: the store, or its folder: it says what keys and numbers mean.
        split: of the store. None: any.

    Raises:
        FormatError: a file is damaged, or too large.
        ScoreError: the files hold no predictions, or predictions that belong to nothing in the store.
    """
    every = [name for name in names if is_form(name[-1]) and not name[-1].startswith("._")]
    arrays = [name for name in every if name[-1].lower().endswith(_ARRAYS)]
    texts = [name for name in every if name not in set(arrays)]
    if not every:
        raise ScoreError(
            f"{root} holds neither PNG files nor JSON nor .npz; expected predictions as PNG folders, a zip, "
            "JSON with run lengths, .npz or Parquet"
        )
    if store is None:
        raise ScoreError(
            f"{root} holds {some('/'.join(name) for name in every)}, whose keys have a meaning only beside a "
            "store; name the store with the ground truth"
        )
    opened = store if isinstance(store, Store) else Store.open(store)
    known = Names(opened, split, unit)
    if arrays:
        return NpzSource(tree, arrays, str(root), known, tolerance)
    return JsonSource(tree, texts, str(root), known, tolerance)
