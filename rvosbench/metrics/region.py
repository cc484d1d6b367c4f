"""Region similarity J, the Jaccard index of two masks, and the figures that are made of intersections.

Source: Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation",
CVPR 2016. Numbers equal those of davis2017-evaluation (`db_eval_iou`); tests/metrics/test_pairs.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

from rvosbench.errors import MaskSizeError, ScoreError
from rvosbench.masks import as_coco
from rvosbench.masks.run_lengths import foreground_areas
from rvosbench.types import BoolMask, Rle


def region_similarity(prediction: BoolMask, truth: BoolMask, void: BoolMask | None = None) -> float:
    """Jaccard index J of two masks of one frame.

    Args:
        prediction: (H, W) bool.
        truth: (H, W) bool, of the same size.
        void: (H, W) bool, True on pixels that count for nothing.

    Returns:
        Intersection over union, in [0, 1]; 1.0 when both masks are empty, as in DAVIS 2017.

    Raises:
        MaskSizeError: the sizes differ. Masks are never resized to fit.
        ScoreError: a mask is not bool; compare floats with a threshold, 0/255 masks with 0.

    Example:
        >>> truth = np.array([[True, True, False]])
        >>> region_similarity(np.array([[True, False, False]]), truth)
        0.5
    """
    check_masks(prediction, truth, void)
    if void is not None:
        prediction, truth = prediction & ~void, truth & ~void
    union = np.count_nonzero(prediction | truth)
    return float(np.count_nonzero(prediction & truth) / union) if union else 1.0


def check_masks(prediction: BoolMask, truth: BoolMask, void: BoolMask | None) -> None:
    """Refuse what is not two or three (H, W) bool masks of one size."""
    masks = {"prediction": prediction, "ground truth": truth} | ({} if void is None else {"void": void})
    for name, mask in masks.items():
        kind = getattr(mask, "dtype", type(mask).__name__)
        if kind != np.bool_:
            raise ScoreError(
                f"the {name} is {kind}, expected bool; compare scores with a threshold, 0/255 with > 0"
            )
        if mask.ndim != 2 or mask.shape != prediction.shape or not mask.size:
            raise MaskSizeError(
                f"the {name} is {mask.shape}, the prediction {prediction.shape}; expected two masks of one "
                "(height, width); masks are never resized to fit"
            )


def overlaps(
    predictions: Sequence[Rle], truths: Sequence[Rle]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Intersection and union of each pair of masks, straight from checked run lengths.

    Returns:
        (n,) int64 intersections and (n,) int64 unions, px.
    """
    both = [
        coco.merge([as_coco(prediction), as_coco(truth)], intersect=True)
        for prediction, truth in zip(predictions, truths, strict=True)
    ]
    intersections = foreground_areas([Rle(mask["size"][0], mask["size"][1], mask["counts"]) for mask in both])
    return intersections, foreground_areas(predictions) + foreground_areas(truths) - intersections
