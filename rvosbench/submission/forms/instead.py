"""What files hold instead of masks, so that they are refused by what they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_POINTS = {"tracks", "points", "frame_trajectories"}
_FIGURES = {"J", "F", "J&F", "iou", "inter", "union"}


def instead_of_masks(record: Mapping[str, Any]) -> str:
    """What a record without masks seems to be for, as the end of a sentence; empty if that is not known.

    Example:
        >>> instead_of_masks({"vid": "a", "iou": 0.5})
        '; these are figures: name the masks that they were computed from'
    """
    if not _POINTS.isdisjoint(record):
        return "; these are points: let a model such as SAM 2 make masks of them, and write those"
    if not _FIGURES.isdisjoint(record):
        return "; these are figures: name the masks that they were computed from"
    return ""


def lacks_sizes(value: object) -> bool:
    """Whether run lengths as BURST writes them are somewhere in a value: a text, the size somewhere else."""
    inside = [value]
    while inside:
        value = inside.pop()
        if isinstance(value, dict):
            if isinstance(value.get("rle"), str):
                return True
            inside += value.values()
        elif isinstance(value, list):
            inside += value
    return False


def nothing_to_read(root: str, *, truth: bool, sizeless: bool) -> str:
    """Why files without any answer are refused.

    Args:
        root: what to call the files.
        truth: they hold annotations.
        sizeless: they hold run lengths without sizes.
    """
    if truth:
        return (
            f"{root} holds ground truth: annotations with iscrowd or an area and without a score; expected "
            "results, such as with video_id, category_id, score and segmentations"
        )
    if sizeless:
        return (
            f'{root} holds run lengths as a text under "rle", as for BURST, which say no size; expected '
            'run lengths, {"size": [height, width], "counts": ...}'
        )
    return (
        f"{root} holds no masks; expected results as run lengths, by video and expression or as a list with "
        "image_id or video_id"
    )
