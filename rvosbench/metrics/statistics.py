"""Mean, recall and decay of a series of per-frame scores, as DAVIS reports them.

Source: davis2017-evaluation, `db_statistics` in davis2017/utils.py; tests/metrics/test_statistics.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_BINS = 4


def mean(values: Sequence[float] | NDArray[np.float64]) -> float:
    """The mean of the frames that have a score; NaN when none has."""
    known = np.asarray(values, np.float64)
    if not len(known):
        return float("nan")
    plain = float(known.sum() / len(known))
    if not math.isnan(plain):
        return plain  # what nanmean gives to the bit, at a tenth of its calls
    # nanmean, not the mean of the rest: the order of the additions decides the last bit.
    return float(np.nanmean(known)) if (~np.isnan(known)).any() else plain


def recall(values: Sequence[float] | NDArray[np.float64], threshold: float = 0.5) -> float:
    """The share of frames strictly above the threshold; a frame without a score (NaN) is not above it."""
    series = np.asarray(values, np.float64)
    return float(np.mean(series > threshold)) if len(series) else float("nan")


def decay(values: Sequence[float] | NDArray[np.float64], *, compat: bool = False) -> float:
    """The mean of the first quarter of the frames minus the mean of the last quarter.

    Neighbouring quarters share a frame, as in the original.

    Args:
        values: one score per frame, in time.
        compat: count frames in 8 bits as the original does: for 256 frames and more its answer is NaN or
            belongs to other frames.

    Returns:
        In [-1, 1] for scores in [0, 1]; positive when the track gets worse; NaN without scores.
    """
    series = np.asarray(values, np.float64)
    if not len(series):
        return float("nan")
    cuts = [int(cut) for cut in np.round(np.linspace(1, len(series), _BINS + 1) + 1e-10) - 1]
    ends = [cut + 1 for cut in cuts]
    if compat:
        cuts = [cut % 256 for cut in cuts]
        ends = [(cut + 1) % 256 for cut in cuts]
    return mean(series[cuts[0] : ends[1]]) - mean(series[cuts[_BINS - 1] : ends[_BINS]])
