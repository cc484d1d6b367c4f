"""Which format predictions have; the ground truth itself is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rvosbench.errors import MissingPathError, ScoreError
from rvosbench.files.text import some
from rvosbench.runs.predictions import Predictions
from rvosbench.runs.tolerance import STRICT, Tolerance
from rvosbench.store import Store, open_store
from rvosbench.submission import forms
from rvosbench.submission.files import Unit, path_of
from rvosbench.submission.jpeg import JPEG, no_jpeg
from rvosbench.submission.picture_trees import open_pictures
from rvosbench.submission.sources import ParquetSource, PredictionSource
from rvosbench.submission.tables import Against, in_a_run, open_run_in, open_tables, runs_among
from rvosbench.submission.trees import Name, OneFile, Tree, open_tree, suffix_of
from rvosbench.submission.trees.folder import Folder
from rvosbench.submission.trees.positioned import open_path
from rvosbench.submission.truth import GroundTruth


def open_predictions(
    path: Path,
    unit: Unit,
    *,
    release: Path | None = None,
    store: Store | Path | None = None,
    tolerance: Tolerance = STRICT,
    split: str | None = None,
) -> PredictionSource:
    """Predictions made by anything.

    Args:
        path: a folder, or a zip or tar archive, of PNG files, JSON, npz or Parquet, or an archive of a whole
            run; a JSON or npz file; or a file of Parquet. Folders around the results are entered, archives
            in archives opened.
        unit: what is answered; decides which layouts are expected. For annotators: label maps of each,
            or one mask per expression, which is then to be merged.
        release: the release that the ground truth came from; without it, the one that the store names.
        store: the store with the ground truth, or its folder. By its video ids the results are found below
            folders of any name.
        tolerance: what is let pass.
        split: of the store; decides which of several results are read, and what numbers in JSON mean. None:
            any.

    Raises:
        MissingPathError: nothing is there.
        FormatError: it is none of these formats, or cannot be read.
        ScoreError: it is the ground truth itself, holds the other layout, or several results.
    """
    if not path.exists():
        raise MissingPathError(
            f"{path} is not there; expected predictions as PNG folders, an archive, JSON, npz or Parquet"
        )
    store = None if store is None else open_store(store)
    truth = GroundTruth(release or (store.release if store else None), store)
    truth.refuse_store(path)
    truth.refuse(path, ())
    if path.suffix == ".parquet" or (path.is_dir() and any(path.glob("*.parquet"))):
        return ParquetSource(Predictions.open(path), tolerance)
    if not path.is_dir() and (suffix_of((path.name,)) in forms.SUFFIXES or _begins_as_json(path)):
        return forms.open_form(OneFile(path), [(path.name,)], str(path), unit, tolerance, store, split)
    tree, notes = open_tree(path, _holds_results)
    names = sorted(tree.names())
    runs = runs_among(names)
    results = [name for name in names if not in_a_run(name, runs)]
    pictures = [name for name in results if suffix_of(name) == ".png"]
    others = [name for name in results if suffix_of(name) in forms.SUFFIXES]
    if runs and not pictures and not others:
        tables = open_run_in(
            tree, sorted(runs), str(path), Against(unit=unit, store=store, split=split), tolerance
        )
        tables.notes = (*notes, *tables.notes)
        return tables
    if not pictures:
        if others:
            if isinstance(tree, Folder):
                truth.refuse(path, _with_folders(tree, others))
            source = forms.open_form(tree, others, str(path), unit, tolerance, store, split)
            source.notes = (*notes, *source.notes)
            return source
        if rows := [name for name in names if suffix_of(name) == ".parquet"]:
            tables = open_tables(tree, rows, str(path), tolerance)
            tables.notes = (*notes, *tables.notes)
            return tables
        pictures = _jpegs(names, str(path), tolerance)
    source = open_pictures(
        tree,
        pictures,
        unit,
        tolerance=tolerance,
        store=store,
        split=split,
        shown=str(path),
        beside=others,
        jpegs=[name for name in names if suffix_of(name) in JPEG],
    )
    if isinstance(tree, Folder):
        truth.refuse(path, _with_folders(tree, source.names()))
    source.notes = (*notes, *source.notes)
    return source


def _begins_as_json(path: Path) -> bool:
    """Whether a file of any name may be JSON."""
    head = open_path(path).bytes_at(0, 64).removeprefix(b"\xef\xbb\xbf").lstrip()
    return head[:1] in (b"{", b"[")


def _holds_results(tree: Tree) -> bool:
    return any(suffix_of(name) in (".png", ".parquet", *forms.SUFFIXES) for name in tree.names())


def _jpegs(names: Sequence[Name], shown: str, tolerance: Tolerance) -> list[Name]:
    """Pictures where there is no PNG: JPEG, which holds a mask only roughly."""
    photographs = [name for name in names if suffix_of(name) in JPEG]
    if not photographs:
        raise ScoreError(
            f"{shown} holds no PNG file; expected predictions as PNG folders, a zip or tar archive of them, "
            f"JSON, npz or Parquet{_what_else(names)}"
        )
    if tolerance.threshold is None:
        raise no_jpeg(f"{shown}: {path_of(photographs[0])}")
    return photographs


def _what_else(names: Sequence[Name]) -> str:
    """What there is in place of pictures, as the end of a sentence."""
    if any(name[-1] == "data.pkl" for name in names):
        return "; it was written by torch.save: take the masks out and write them in one of these forms"
    return f"; it holds {some(map(path_of, names)) if names else 'no file'}"


def _with_folders(tree: Folder, names: Iterable[Name]) -> Iterator[Path]:
    """Where files lie: each folder once, and files that are links."""
    paths = [tree.path_of(name) for name in names]
    yield from dict.fromkeys(path.parent for path in paths)
    yield from (path for path in paths if path.is_symlink())
