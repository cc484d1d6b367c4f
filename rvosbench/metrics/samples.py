"""Figures over frame samples, one expression and one frame each: P@K, overall IoU, mean IoU.

Source: the evaluators of MTTR, SOC and ReferFormer for A2D-Sentences, JHMDB-Sentences and RefCOCO, which
agree; and the no-target rules of GRES (Liu et al., CVPR 2023). tests/metrics/test_average_precision.py and
tests/metrics/test_samples.py compare with both.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)

_EPSILON = np.float32(1e-6)


def sample_iou(intersections: NDArray[np.int64], unions: NDArray[np.int64]) -> NDArray[np.float64]:
    """IoU of each sample as the reference evaluators compute it: in single precision, with an epsilon.

    The precision decides ties: an IoU of exactly 0.6 or 0.8 comes out above the threshold, one of exactly
    0.5, 0.7 or 0.9 does not. Two empty masks have IoU 1; one empty mask about 1e-8.

    Args:
        intersections: (n,) px.
        unions: (n,) px.

    Returns:
        (n,) float64 that hold float32 values.
    """
    upper = np.asarray(intersections).astype(np.float32) + _EPSILON
    lower = np.asarray(unions).astype(np.float32) + _EPSILON
    return (upper / lower).astype(np.float64)


def sample_figures(
    iou: NDArray[np.float64], intersections: NDArray[np.int64], unions: NDArray[np.int64]
) -> dict[str, float]:
    """P@0.5 to P@0.9, oIoU and mIoU of n samples.

    Args:
        iou: (n,) from `sample_iou`, in the order of the samples (it decides the last bit of the mean).
        intersections: (n,) px.
        unions: (n,) px.

    Returns:
        "P@K": the share of samples strictly above K; "oIoU" (elsewhere also cIoU): the sum of all
        intersections over the sum of all unions, 0 when every mask is empty; "mIoU" (also gIoU): the mean.
        All NaN without samples.
    """
    if not len(iou):
        return dict.fromkeys([*(f"P@{k}" for k in THRESHOLDS), "oIoU", "mIoU"], float("nan"))
    figures = {f"P@{k}": int(np.count_nonzero(iou > k)) / len(iou) for k in THRESHOLDS}
    total = int(np.sum(unions))
    figures["oIoU"] = int(np.sum(intersections)) / total if total else 0.0
    figures["mIoU"] = float(np.mean(iou))
    return figures


def no_target_figures(
    intersections: NDArray[np.int64],
    unions: NDArray[np.int64],
    truth_has_no_target: NDArray[np.bool_],
    prediction_has_no_target: NDArray[np.bool_],
) -> Mapping[str, float]:
    """The figures of generalised referring segmentation, where an expression may mean nothing.

    A no-target sample scores 1 when the prediction says so too and 0 otherwise, its false pixels then count
    for cIoU; a missed target scores 0, its pixels count as missed. The IoU here is exact, without epsilon,
    and P@K takes an IoU of exactly K.

    Args:
        intersections: (n,) px.
        unions: (n,) px.
        truth_has_no_target: (n,) bool.
        prediction_has_no_target: (n,) bool.

    Returns:
        "gIoU", "cIoU"; "N-acc": no-target samples that were recognised; "T-acc": samples with a target that
        were answered; "P@0.7" to "P@0.9" over the samples with a target. NaN where there are none.
    """
    rejected, absent = np.asarray(prediction_has_no_target), np.asarray(truth_has_no_target)
    overlap = np.where(rejected | absent, 0, intersections)
    counted = np.where(rejected & absent, 0, unions)
    iou = np.divide(overlap, counted, out=np.zeros(len(overlap)), where=counted > 0)
    iou[rejected & absent] = 1.0
    total = int(counted.sum())
    figures = {
        # Added up one after the other, as the reference does: it decides the last bit. The built-in `sum`
        # does so no more: since Python 3.12 it makes up for rounding.
        "gIoU": float(np.cumsum(iou)[-1]) / len(iou) if len(iou) else float("nan"),
        "cIoU": int(overlap.sum()) / total if total else float("nan"),
        "N-acc": _share(rejected[absent]),
        "T-acc": _share(~rejected[~absent]),
    }
    return figures | {f"P@{k}": _share(iou[~absent] >= k) for k in THRESHOLDS[2:]}


def _share(values: NDArray[np.float64] | NDArray[np.bool_]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
