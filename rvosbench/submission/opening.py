"""Which format predictions have, and where in it they begin; the ground truth itself is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rvosbench.errors import MissingPathError, ScoreError
from rvosbench.plugins.protocol import ANNOTATORS
from rvosbench.runs.predictions import Predictions
from rvosbench.runs.tolerance import STRICT, Tolerance
from rvosbench.store import Store, open_store
from rvosbench.submission import forms
from rvosbench.submission.files import ANNOTATOR, LAYOUTS, Files, Unit, by_video, path_of
from rvosbench.submission.jpeg import JPEG, no_jpeg
from rvosbench.submission.pictures import AnnotatorMaps, MaskFolders, ObjectMaps
from rvosbench.submission.roots import find_root, is_below, unexpected
from rvosbench.submission.sources import ParquetSource, PredictionSource, refuse_other_case
from rvosbench.submission.trees import Name, OneFile, Tree, open_tree, suffix_of
from rvosbench.submission.trees.folder import Folder
from rvosbench.submission.truth import GroundTruth

_USUAL: tuple[Name, ...] = ((), ("Annotations",))  # where results begin by the layouts, without a guess


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
        path: a folder, or a zip or tar archive, of PNG files, JSON or npz; a JSON or npz file; or a folder or
            file of Parquet. Folders around the results are entered, archives in archives opened.
        unit: what is answered; decides which layouts are expected. For annotators: label maps of each,
            or one mask per expression, which is then to be merged.
        release: the release that the ground truth came from; without it, the one that the store names.
        store: the store with the ground truth, or its folder. By its video ids the results are found below
            folders of any name.
        tolerance: what is let pass.
        split: of the store; decides what numbers in JSON mean. None: any.

    Raises:
        MissingPathError: nothing is there.
        FormatError: it is none of these formats, or cannot be read.
        ScoreError: it is the ground truth itself, holds the other layout, or several results.
    """
    if not path.exists():
        raise MissingPathError(f"{path} is not there; expected predictions as PNG folders, a zip or Parquet")
    store = None if store is None else open_store(store)
    truth = GroundTruth(release or (store.release if store else None), store)
    truth.refuse_store(path)
    truth.refuse(path, ())
    if path.suffix == ".parquet" or (path.is_dir() and any(path.glob("*.parquet"))):
        return ParquetSource(Predictions.open(path), tolerance)
    if not path.is_dir() and suffix_of((path.name,)) in forms.SUFFIXES:
        return forms.open_form(OneFile(path), [(path.name,)], str(path), unit, tolerance, store, split)
    tree, notes = open_tree(path, _holds_results)
    names = sorted(tree.names())
    pictures = [name for name in names if suffix_of(name) == ".png"]
    if not pictures:
        others = [name for name in names if suffix_of(name) in forms.SUFFIXES]
        if others:
            if isinstance(tree, Folder):
                truth.refuse(path, _with_folders(tree, others))
            source = forms.open_form(tree, others, str(path), unit, tolerance, store, split)
            source.notes = (*notes, *source.notes)
            return source
        pictures = _jpegs(names, str(path), tolerance)
    known = set() if store is None else {i for name in store.splits for i in store.video_ids(name)}
    root = find_root(pictures, unit, known, str(path))
    if root not in _USUAL:
        notes += (f"{tree.shown}: the results are in the folder {path_of(root)}",)
    below = [name for name in pictures if is_below(name, root, unit)]
    strays = len(pictures) - len(below)
    if strays and tolerance.surplus == "error":
        raise unexpected(next(n for n in pictures if not is_below(n, root, unit)), unit, str(path))
    if isinstance(tree, Folder):
        truth.refuse(path, _with_folders(tree, below))
    files = by_video(below, root, str(path), unit)
    source = _source(tree, files, unit, tolerance, notes, strays, str(path))
    if known:
        refuse_other_case(set(source.video_ids()) - known, known, "video")
    return source


def _holds_results(tree: Tree) -> bool:
    return any(suffix_of(name) in (".png", *forms.SUFFIXES) for name in tree.names())


def _jpegs(names: Sequence[Name], shown: str, tolerance: Tolerance) -> list[Name]:
    """Pictures where there is no PNG: JPEG, which holds a mask only roughly."""
    found = [name for name in names if suffix_of(name) in JPEG]
    if not found:
        raise ScoreError(
            f"{shown} holds no PNG file; expected predictions as PNG folders, a zip or tar archive of them, "
            "JSON, npz or Parquet"
        )
    if tolerance.threshold is None:
        raise no_jpeg(f"{shown}: {path_of(found[0])}")
    return found


def _with_folders(tree: Folder, names: Sequence[Name]) -> Iterator[Path]:
    """Where files lie: each folder once, and files that are links."""
    yield from {tree.path_of(name).parent: None for name in names}
    for name in names:
        if tree.path_of(name).is_symlink():
            yield tree.path_of(name)


def _source(
    tree: Tree,
    files: Files,
    unit: Unit,
    tolerance: Tolerance,
    notes: tuple[str, ...],
    strays: int,
    shown: str,
) -> PredictionSource:
    if unit == "object":
        if any(len(key) == 2 for of_video in files.values() for key in of_video):
            notes += (f"{shown}: a mask per object is read, <sequence>/<object>/<frame>.png",)
        return ObjectMaps(tree, files, tolerance, notes, strays)
    annotators = {video_id for video_id in files if ANNOTATOR.fullmatch(video_id)}
    if not annotators:
        return MaskFolders(tree, files, tolerance, notes, strays)
    if unit == "expression":
        raise ScoreError(
            f"{shown} holds label maps per annotator ({', '.join(sorted(annotators)[:4])}), expected "
            f"{LAYOUTS[unit]}; choose a protocol that merges expressions, such as davis-official"
        )
    if files.keys() != set(ANNOTATORS):
        raise ScoreError(
            f"{shown} holds {', '.join(sorted(files)[:5])}, expected the folders {', '.join(ANNOTATORS)} and "
            "no other: the mean is taken over all annotators"
        )
    return AnnotatorMaps(tree, files, tolerance, notes, strays)
