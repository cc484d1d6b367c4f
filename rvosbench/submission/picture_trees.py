"""A tree of pictures -> predictions: where in it they begin, and which layout they have."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rvosbench.errors import ScoreError
from rvosbench.files.text import some
from rvosbench.plugins.protocol import ANNOTATORS
from rvosbench.runs.tolerance import Tolerance
from rvosbench.store import Store
from rvosbench.submission.files import ANNOTATOR, LAYOUTS, Files, Unit, by_video, path_of, video_of
from rvosbench.submission.pictures import AnnotatorMaps, MaskFolders, ObjectMaps
from rvosbench.submission.roots import find_root, is_below, of_split, unexpected
from rvosbench.submission.sources import refuse_slips
from rvosbench.submission.trees import Name, Tree

_USUAL: tuple[Name, ...] = ((), ("Annotations",))  # where results begin by the layouts, without a guess


def open_pictures(
    tree: Tree,
    pictures: Sequence[Name],
    unit: Unit,
    *,
    tolerance: Tolerance,
    store: Store | None,
    split: str | None,
    shown: str,
    beside: Sequence[Name] = (),
    jpegs: Sequence[Name] = (),
) -> MaskFolders | ObjectMaps | AnnotatorMaps:
    """Predictions as pictures.

    Args:
        tree: where they are.
        pictures: their names, at least one.
        unit: what is answered.
        tolerance: what is let pass.
        store: with the ground truth, where it is known: results begin where folders have its videos' ids.
        split: of the store.
        shown: what messages call the whole.
        beside: files of other forms in the tree.
        jpegs: pictures that are JPEG; those that lie and are called as frames of the others are refused.

    Raises:
        ScoreError: they have another layout, several results are there, or two files are of one frame.
    """
    known: set[str] = set()
    notes: list[str] = []
    if store is not None:
        known = {video_id for name in store.splits for video_id in store.video_ids(name)}
    if store is not None and split is not None:
        pictures, left = of_split(pictures, unit, known, store.video_ids(split))
        notes += [f"{tree.shown}: the folder {path_of(other) or '.'} is of another split" for other in left]
    root = find_root(pictures, unit, known, shown, beside=beside)
    if root not in _USUAL:
        notes.append(f"{tree.shown}: the results are in the folder {path_of(root)}")
    below = [name for name in pictures if is_below(name, root, unit)]
    strays = len(pictures) - len(below)
    if strays and tolerance.surplus == "error":
        raise unexpected(next(n for n in pictures if not is_below(n, root, unit)), unit, shown)
    if pictures[0] not in jpegs:
        _refuse_mixed(below, jpegs, root, unit, known, shown)
    files = by_video(below, root, shown, unit)
    if beside:
        names = some(map(path_of, beside))
        notes.append(f"{shown}: the PNGs are read, and not what {names} may hold")
    if unit == "object" and any(len(key) == 2 for of_video in files.values() for key in of_video):
        notes.append(f"{shown}: a mask per object is read, <sequence>/<object>/<frame>.png")
    if unit == "annotator" and known.isdisjoint(files) and not any(map(ANNOTATOR.fullmatch, files)):
        inner = {key[0] for of_video in files.values() for key in of_video}
        if inner & known:  # the masks of a video lie in other folders than those of annotators
            raise ScoreError(
                f"{shown} holds the videos in the folders {some(files, 4)}, expected the folders "
                f"{', '.join(ANNOTATORS)} around them, of label maps, or none around masks of expressions"
            )
    source = _kind(files, unit, shown)(tree, files, tolerance, tuple(notes), strays)
    if known:
        refuse_slips(source.video_ids(), known, "video", tolerance)
    return source


def _refuse_mixed(
    pngs: Sequence[Name], jpegs: Sequence[Name], root: Name, unit: Unit, known: Collection[str], shown: str
) -> None:
    """Refuse JPEGs that are masks of the same results: unread, their frames would be missing or doubled.

    Raises:
        ScoreError: naming one. Pictures of other names or places, such as overlays, are nobody's masks.
    """
    frames = {_frame_of(name) for name in pngs}
    whole = {(name[:-1], _frame_of(name)) for name in pngs}
    for name in jpegs:
        if not is_below(name, root, unit) or _frame_of(name) not in frames:
            continue
        if known and video_of(name[len(root) :], unit) not in known:
            continue
        if (name[:-1], _frame_of(name)) in whole:
            raise ScoreError(
                f"{shown} holds {path_of(name)} beside a PNG of the same name, two files of one frame; "
                "remove the one that is wrong, or move the pictures to a folder of their own"
            )
        raise ScoreError(
            f"{shown} holds {path_of(name)} among masks as PNG; JPEG changes the values of masks: write all "
            "of them as PNG"
        )


def _frame_of(name: Name) -> str:
    return name[-1].rpartition(".")[0]


def _kind(files: Files, unit: Unit, shown: str) -> type[MaskFolders | ObjectMaps | AnnotatorMaps]:
    """What reads a layout.

    Raises:
        ScoreError: label maps of annotators where they cannot be scored, or not of all of them.
    """
    if unit == "object":
        return ObjectMaps
    annotators = {video_id for video_id in files if ANNOTATOR.fullmatch(video_id)}
    if not annotators:
        return MaskFolders
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
    return AnnotatorMaps
