"""Whether a threshold has emptied masks that needed none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rvosbench import masks
from rvosbench.errors import RvosbenchError
from rvosbench.runs.tolerance import Tolerance
from rvosbench.store import Store
from rvosbench.submission import PredictionSource

GENERAL = "were scores saved instead of masks, the threshold set too high, the weights not loaded?"
"""Of masks that nobody cut."""


def why_empty(
    open_again: Callable[[Tolerance], PredictionSource], store: Store, split: str, tolerance: Tolerance
) -> str:
    """Why all masks may have come out empty, as a clause of an error.

    Masks of 0 and 1 are all below a threshold of 128. They are known by being masks without it.

    Args:
        open_again: opens the predictions, with what is let pass.
        store: the ground truth.
        split: of the store.
        tolerance: what was let pass.
    """
    if tolerance.threshold is None or not _are_masks(open_again, store, split, tolerance):
        return GENERAL
    return (
        f"without --threshold {tolerance.threshold} they are not: they are masks already (of 0 and 1, or "
        "another small value) and need none; leave it out."
    )


def _are_masks(
    open_again: Callable[[Tolerance], PredictionSource], store: Store, split: str, tolerance: Tolerance
) -> bool:
    """Whether the first video with an object in it is read without a threshold."""
    known = set(store.video_ids(split))
    try:
        source = open_again(replace(tolerance, threshold=None))
        for video_id in source.video_ids():
            if video_id in known:
                rows = source.read(store.video(split, video_id)).rows
                if any(masks.area(row.mask) for row in rows):
                    return True
    except RvosbenchError:  # they are grey
        pass
    return False
