"""Arrays of masks from anybody -> bool, by the same rules in files and in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvosbench.errors import ScoreError
from rvosbench.types import BoolMask


def as_masks(
    array: NDArray[Any], where: str, threshold: int | None = None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Masks of some frames as bool.

    Args:
        array: (T, H, W) bool; whole numbers 0 and 1, or 0 and 255; or floats of these. With a threshold
            also whole numbers from 0 to 255, and probabilities from 0 to 1.
        where: what to call it in an error.
        threshold: of 255; a probability is on the object from threshold / 255 on. Whole numbers are levels
            then, also where they look like a mask: a soft mask that is nearly empty holds 0 and 1 alone.

    Returns:
        (T, H, W) bool, and (T,) bool: whether the threshold cut this mask.

    Raises:
        ScoreError: another shape or type, values that are no mask's, or grey ones without a threshold.
    """
    if array.ndim != 3 or array.dtype.kind not in "buif":
        raise ScoreError(
            f"{where} is {array.shape} {array.dtype}; expected (T, H, W) bool, one mask for each frame"
        )
    if array.dtype.kind == "b":
        return array.astype(np.bool_, copy=False), np.zeros(len(array), np.bool_)
    made = np.zeros(array.shape, np.bool_)
    cut = np.zeros(len(array), np.bool_)
    # 0 and 255 in one frame, 0 and 1 in the next: what 1 means is decided for all frames together.
    top = 255 if threshold is not None and array.dtype.kind in "ui" else _top(array)
    if top == 255 and array.dtype.kind == "f":
        threshold = None  # scores of any range may lie between: only 0 and 255 themselves are masks
    for index, frame in enumerate(array):
        made[index], cut[index] = _as_mask(frame, top, where, threshold)
    return made, cut


def _top(array: NDArray[Any]) -> int:
    if array.size == 0:
        return 1
    largest = array.max()
    if array.dtype.kind == "f":
        return 255 if largest == 255 else 1
    return 1 if largest <= 1 else 255


def _as_mask(frame: NDArray[Any], top: int, where: str, threshold: int | None) -> tuple[BoolMask, bool]:
    """One frame, and whether it was cut."""
    low, high = (frame.min(), frame.max()) if frame.size else (0, 0)
    if not (low >= 0 and high <= top):  # NaN is neither
        raise ScoreError(
            f"{where} holds {frame.dtype} values from {low} to {high}; expected bool masks, 0 and {top}: "
            "scores before the sigmoid (logits) must be turned into masks first"
        )
    mask = frame == top
    if not frame[~mask].any():
        return mask, False
    if threshold is None:
        raise ScoreError(
            f"{where} holds {frame.dtype} values between 0 and {top}, expected (T, H, W) bool masks; compare "
            "scores with a threshold, or add --threshold T (of 255), which every table will say"
        )
    return (frame >= threshold if top == 255 else frame.astype(np.float64) >= threshold / 255), True
