"""Where in a tree the results begin: below how many folders, told by the ids of the videos."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rvosbench.errors import ScoreError
from rvosbench.files.text import some
from rvosbench.submission.files import LAYOUTS, Unit, fits, path_of, video_of
from rvosbench.submission.trees import Name

_TOPS = ("Annotations", "valid")  # what servers and the inference scripts of the field call the first folder


def find_root(
    names: Sequence[Name], unit: Unit, known: Collection[str], shown: str, beside: Sequence[Name] = ()
) -> Name:
    """The folders around the results.

    Args:
        names: of all pictures, at least one.
        unit: what is answered.
        known: the ids of the videos that may be answered; may be empty, then the form of the names decides.
        shown: what messages call the whole.
        beside: files of other forms there, which the pictures may only belong to.

    Returns:
        The parts before the video (or annotator). Not every name need fit below it.

    Raises:
        ScoreError: no name has the form of the layout, there are several results, or it can be read in two
            ways.
    """
    roots = matching(names, unit, known) or _by_form(names, unit)
    whole = [root for root in roots if all(is_below(name, root, unit) for name in names)]
    chosen = whole or roots
    if not chosen:
        raise unexpected(names[0], unit, shown, beside)
    if len(chosen) == 1:
        return chosen[0]
    listed = some((path_of(root) or "." for root in chosen), 6)
    if whole:
        raise ScoreError(
            f"{shown} can be read in two ways, with the results in {listed}; name the folder that holds the "
            "folders of the videos"
        )
    raise ScoreError(
        f"{shown} holds several results: {listed}; name one of these folders (of an archive, unpack it first)"
    )


def of_split(
    names: Sequence[Name], unit: Unit, known: Collection[str], asked: Collection[str]
) -> tuple[list[Name], list[Name]]:
    """The pictures without those of results that are all of other splits.

    Args:
        names: of all pictures.
        unit: what is answered.
        known: the ids of the videos of all splits.
        asked: those of the split that is scored.

    Returns:
        The pictures that are left, and the folders around the results that were left out.
    """
    right = matching(names, unit, asked)
    wrong = [root for root in matching(names, unit, known) if root not in right]
    if len(right) != 1 or not wrong:
        return list(names), []
    kept = [
        name
        for name in names
        if is_below(name, right[0], unit) or not any(is_below(name, root, unit) for root in wrong)
    ]
    return kept, wrong if len(kept) < len(names) else []


def is_below(name: Name, root: Name, unit: Unit) -> bool:
    """Whether a picture belongs to the results that begin at `root`."""
    return name[: len(root)] == root and fits(name[len(root) :], unit)


def unexpected(name: Name, unit: Unit, shown: str, beside: Sequence[Name] = ()) -> ScoreError:
    """A picture that has no place in the layout."""
    file = f", or name {path_of(beside[0])} itself if that holds them" if beside else ""
    return ScoreError(
        f"{shown} holds {path_of(name)}, expected {LAYOUTS[unit]}; choose the protocol that fits "
        f"(rvos list protocols) or another folder{file}"
    )


def matching(names: Sequence[Name], unit: Unit, known: Collection[str]) -> list[Name]:
    """The places below which a video's folder has a video's id."""
    known = set(known)
    roots = dict.fromkeys(
        name[:start]
        for name in names
        for start in range(len(name) - 1)
        if fits(name[start:], unit) and video_of(name[start:], unit) in known
    )
    return list(roots)


def _by_form(names: Sequence[Name], unit: Unit) -> list[Name]:
    """The places from which all names have the form of the layout."""
    first = names[0]
    shared = min(map(len, names)) - 1
    for name in names:
        shared = next((i for i in range(shared) if name[i] != first[i]), shared)
    starts = [first[:start] for start in range(shared + 1) if all(fits(name[start:], unit) for name in names)]
    if unit != "object":
        return starts
    # Without ids nobody knows the objects of a video from the videos in a folder.
    return [
        root
        for root in starts
        if len(first) - len(root) == 2
        and (not root or root[-1] in _TOPS or not all(name[-2].isdecimal() for name in names))
    ]
