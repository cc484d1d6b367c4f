"""The twelve figures of COCO from matched detections, where every sample has one true object.

With one object per image the evaluation of `pycocotools` (`COCOeval`, segmentation) comes down to this: at
each threshold, the first detection by score that overlaps enough is the match, all others are false alarms.
The arithmetic is that of `COCOeval.accumulate` and `summarize`, so the figures are equal to the last bit
(tests/metrics/test_coco_figures.py compares with both).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rvosbench.plugins.table import Matches

COCO_FIGURES = (
    "mAP",
    "AP@0.5",
    "AP@0.75",
    "mAP small",
    "mAP medium",
    "mAP large",
    "AR@1",
    "AR@10",
    "AR@100",
    "AR small",
    "AR medium",
    "AR large",
)

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""The ninth is 0.8999999999999999, as in COCO."""

MOST_DETECTIONS = 100
"""Per sample; those with lower scores do not take part."""

_RECALLS = np.linspace(0.0, 1.0, 101)
_SMALL, _LARGE, _ALL = 32.0**2, 96.0**2, 1e10  # px


def join_matches(parts: Sequence[Matches], ids: Sequence[str]) -> Matches:
    """The matches of all samples from those of some samples each, as if they had been found at once.

    Lets a caller match video by video: what is kept of a mask is a number or two.

    Args:
        parts: at least one; the samples of a part follow those of the part before it.
        ids: (S,) the ids of all samples, by which equal scores are ranked.
    """
    counts = [len(part.truth_area) for part in parts]
    offsets = np.cumsum(counts) - counts
    sample = np.concatenate([part.sample + offset for part, offset in zip(parts, offsets, strict=True)])
    score = np.concatenate([part.score for part in parts])
    rank = np.concatenate([part.rank for part in parts])
    turn = np.empty(len(ids), np.int64)
    turn[sorted(range(len(ids)), key=lambda index: ids[index])] = np.arange(len(ids))
    order = np.lexsort((rank, turn[sample], -score))
    return Matches(
        sample[order],
        score[order],
        rank[order],
        np.concatenate([part.area for part in parts])[order],
        np.concatenate([part.hit for part in parts])[order],
        np.concatenate([part.truth_area for part in parts]),
        np.concatenate([part.crowd for part in parts]),
    )


def first_hits(
    iou: NDArray[np.float64], starts: NDArray[np.bool_], crowd: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which detection matches its sample, at each threshold.

    Args:
        iou: (D,) with the true object, sample after sample, the best score of a sample first.
        starts: (D,) True on the first detection of a sample.
        crowd: (D,) True where the sample is a crowd, which any number of detections may match.

    Returns:
        (D, 10) bool.
    """
    enough = iou[:, None] >= np.minimum(IOU_THRESHOLDS, 1 - 1e-10)
    so_far = np.cumsum(enough, axis=0)
    before: NDArray[np.int64] = (so_far - enough)[starts][np.cumsum(starts) - 1]  # in the samples above
    hits: NDArray[np.bool_] = enough & ((so_far - before == 1) | crowd[:, None])
    return hits


def coco_figures(matches: Matches) -> dict[str, float | list[float]]:
    """The twelve figures under the names in `COCO_FIGURES`, and the two series per threshold.

    Returns:
        -1 for a figure that no sample is of the size for. "thresholds", "AP per threshold", "AR per
        threshold": lists of ten, over all sizes.
    """
    precision, recall = _curves(matches, 0.0, _ALL, MOST_DETECTIONS)
    small, medium, large = (
        _curves(matches, low, high, MOST_DETECTIONS)
        for low, high in ((0.0, _SMALL), (_SMALL, _LARGE), (_LARGE, _ALL))
    )
    values = (
        precision,
        precision[IOU_THRESHOLDS == 0.5],
        precision[IOU_THRESHOLDS == 0.75],
        small[0],
        medium[0],
        large[0],
        _curves(matches, 0.0, _ALL, 1)[1],
        _curves(matches, 0.0, _ALL, 10)[1],
        recall,
        small[1],
        medium[1],
        large[1],
    )
    figures: dict[str, float | list[float]] = {
        name: _mean(value) for name, value in zip(COCO_FIGURES, values, strict=True)
    }
    return figures | {
        "thresholds": IOU_THRESHOLDS.tolist(),
        "AP per threshold": [_mean(curve) for curve in precision],
        "AR per threshold": recall.tolist(),
    }


def mean_average_precision(matches: Matches) -> float:
    """The mAP over as many thresholds as `matches.hit` has columns; -1 without samples."""
    return _mean(_curves(matches, 0.0, _ALL, MOST_DETECTIONS)[0])


def _curves(
    matches: Matches, low: float, high: float, most: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(10, 101) precision at the recalls and (10,) largest recall, over samples of `low` to `high` px."""
    known = (matches.truth_area >= low) & (matches.truth_area <= high) & ~matches.crowd
    total = int(np.count_nonzero(known))
    if not total:
        return -np.ones((len(IOU_THRESHOLDS), len(_RECALLS))), -np.ones(len(IOU_THRESHOLDS))
    kept = matches.rank < most
    # A detection without a match counts as false only if it has the size that is asked for itself.
    right_size = (matches.area >= low) & (matches.area <= high) & kept
    of_known = known[matches.sample] & kept
    rows = list(_hits(matches.hit, of_known, right_size))
    recall = np.array([len(positions) / total for positions in rows])
    return np.stack([_precision(positions, total) for positions in rows]), recall


def _hits(
    hit: NDArray[np.bool_], of_known: NDArray[np.bool_], right_size: NDArray[np.bool_]
) -> Iterator[NDArray[np.int64]]:
    """For each threshold the places of the true detections among all that count, from 1 on."""
    for matched in hit.T:
        true = matched & of_known
        yield np.cumsum(true | (right_size & ~matched))[true]


def _precision(positions: NDArray[np.int64], total: int) -> NDArray[np.float64]:
    """(101,) the best precision at each recall or above it."""
    true_so_far = np.arange(1, len(positions) + 1)
    precision = true_so_far / (
        positions + np.spacing(1)
    )  # their epsilon: a precision of 1 is 1 - 2e-16 at first
    best = np.maximum.accumulate(precision[::-1])[::-1]
    where = np.searchsorted(true_so_far / total, _RECALLS)
    curve = np.zeros(len(_RECALLS))
    reached = where < len(positions)
    curve[reached] = best[where[reached]]
    return curve


def _mean(values: NDArray[np.float64]) -> float:
    known = values[values > -1]
    return float(np.mean(known)) if len(known) else -1.0
