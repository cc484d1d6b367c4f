"""Average precision of frame samples, by the COCO rules as A2D-Sentences and its successors use them.

Segmentation IoU, one category, at most 1, 10 or 100 detections per sample. All candidates of a sample take
part, not only the best, as in the published numbers. What `pycocotools` computes for such data is computed
here to the last bit in less time; the overlaps themselves are its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

from rvosbench.errors import MaskSizeError, ScoreError
from rvosbench.masks import as_coco
from rvosbench.masks.run_lengths import foreground_areas
from rvosbench.metrics.coco_figures import (
    COCO_FIGURES,
    MOST_DETECTIONS,
    coco_figures,
    first_hits,
)
from rvosbench.metrics.region import overlaps
from rvosbench.metrics.samples import sample_figures, sample_iou
from rvosbench.plugins.table import Matches
from rvosbench.types import Rle

__all__ = ["COCO_FIGURES", "match_samples", "score_coco"]


def score_coco(ground_truth: dict[str, Any], predictions: list[dict[str, Any]]) -> dict[str, Any]:
    """All figures of A2D-Sentences and JHMDB-Sentences from COCO-format data.

    Args:
        ground_truth: `images` (id, height, width), `annotations` (id, image_id, category_id, segmentation as
            compressed run lengths, area, iscrowd) and `categories`; one annotation per image. Ids may be
            text; images with equal scores are ranked by the order of their ids.
        predictions: image_id, category_id, segmentation, score; any number per image. Neither is changed.
            When the first has a `bbox` (x, y, width, height), the boxes' areas decide which prediction is
            small, medium or large, as in `COCO.loadRes`; otherwise the masks' do.

    Returns:
        The twelve COCO figures under the names in `COCO_FIGURES` (-1 where no sample is of that size);
        "thresholds", "AP per threshold", "AR per threshold": lists of ten; and, for the best prediction of
        every sample (of equal scores the last in the list), "P@0.5" to "P@0.9", "oIoU", "mIoU". A sample
        without prediction counts as IoU 0 in all of them, where the reference evaluators crash. "n": the
        samples.

    Raises:
        ScoreError: the ground truth is not in COCO format or has a sample twice; a prediction is for an
            unknown sample or category, has a score that is not finite or broken run lengths. It is named.
        MaskSizeError: a prediction has another size than its sample.
    """
    samples = _samples(ground_truth)
    masks = _masks(samples, predictions)
    figures: dict[str, Any] = dict(coco_figures(_matches(samples, predictions, masks)))

    best: dict[Any, int] = {}
    for index, prediction in enumerate(predictions):
        image_id = prediction["image_id"]
        if image_id not in best or prediction["score"] >= predictions[best[image_id]]["score"]:
            best[image_id] = index
    n = len(samples.masks)
    intersections, iou = np.zeros(n, np.int64), np.zeros(n)
    unions = foreground_areas(samples.masks)
    answered = [position for image_id, position in samples.position.items() if image_id in best]
    both = overlaps(
        [masks[best[image_id]] for image_id in samples.position if image_id in best],
        [samples.masks[position] for position in answered],
    )
    intersections[answered], unions[answered] = both
    iou[answered] = sample_iou(*both)
    return figures | sample_figures(iou, intersections, unions) | {"n": n}


def match_samples(ground_truth: dict[str, Any], predictions: list[dict[str, Any]]) -> Matches:
    """Which predictions COCO takes for right; the arguments and errors of `score_coco`."""
    samples = _samples(ground_truth)
    return _matches(samples, predictions, _masks(samples, predictions))


@dataclass(frozen=True, slots=True)
class _Samples:
    """The ground truth, in the order of `images`."""

    position: Mapping[Any, int]  # image id -> position in the lists
    masks: Sequence[Rle]
    area: NDArray[np.float64]  # (S,) px, as annotated: it decides what is small, medium or large
    crowd: NDArray[np.bool_]  # (S,)
    categories: Mapping[Any, int]  # id -> rank


def _samples(ground_truth: Mapping[str, Any]) -> _Samples:
    known: dict[Any, Rle] = {}
    area, crowd = {}, {}
    try:
        categories = sorted(category["id"] for category in ground_truth["categories"])
        for annotation in ground_truth["annotations"]:
            image_id = annotation["image_id"]
            if image_id in known:
                raise ScoreError(f"the sample {image_id} has two annotations; expected one object per sample")
            known[image_id] = _rle(annotation["segmentation"], f"the ground truth of {image_id}")
            area[image_id], crowd[image_id] = float(annotation["area"]), bool(annotation.get("iscrowd", 0))
        ids = [image["id"] for image in ground_truth["images"]]
        sorted(ids)  # equal scores are ranked by it
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        if isinstance(error, ScoreError):
            raise
        raise ScoreError(
            f"the ground truth is not in COCO format ({error!r}); expected images, annotations and categories"
        ) from error
    if len(set(ids)) != len(ids) or set(ids) != set(known):
        odd = sorted(map(str, set(ids) ^ set(known)))[:3]
        raise ScoreError(
            f"{len(ids)} samples and {len(known)} annotations do not pair up (such as "
            f"{', '.join(odd) or ids[0]}); expected one annotation for each image"
        )
    masks = [known[image_id] for image_id in ids]
    foreground_areas(masks, lambda index: f"the ground truth of {ids[index]}")
    return _Samples(
        {image_id: position for position, image_id in enumerate(ids)},
        masks,
        np.array([area[image_id] for image_id in ids], np.float64),
        np.array([crowd[image_id] for image_id in ids], np.bool_),
        {category: rank for rank, category in enumerate(categories)},
    )


def _masks(samples: _Samples, predictions: Sequence[Mapping[str, Any]]) -> list[Rle]:
    """The masks of all predictions; all but the run lengths is checked."""
    masks = []
    for index, row in enumerate(predictions):
        position = samples.position.get(row.get("image_id"))
        if position is None:
            raise ScoreError(f"{_name(index, row)} is of a sample that the ground truth does not have")
        if row.get("category_id") not in samples.categories:
            raise ScoreError(
                f"{_name(index, row)} has the category {row.get('category_id')!r}; expected one of the "
                f"ground truth's: {', '.join(map(str, samples.categories)) or 'none'}"
            )
        score = row.get("score")
        if isinstance(score, str) or score is None or not math.isfinite(score):
            raise ScoreError(f"{_name(index, row)} has the score {score!r}; expected a finite number")
        rle, truth = _rle(row.get("segmentation"), _name(index, row)), samples.masks[position]
        if (rle.height, rle.width) != (truth.height, truth.width):
            raise MaskSizeError(
                f"{_name(index, row)} is {rle.height}x{rle.width} px (height x width), its sample "
                f"{truth.height}x{truth.width}; masks are never resized to fit"
            )
        masks.append(rle)
    return masks


def _rle(segmentation: Any, name: str) -> Rle:
    try:
        (height, width), counts = segmentation["size"], segmentation["counts"]
        return Rle(int(height), int(width), counts.encode() if isinstance(counts, str) else bytes(counts))
    except (TypeError, KeyError, ValueError) as error:
        raise ScoreError(
            f"{name} is not in compressed run lengths ({error!r}); expected size [height, width] and counts"
        ) from error


def _matches(samples: _Samples, predictions: Sequence[Mapping[str, Any]], masks: Sequence[Rle]) -> Matches:
    """Detections in COCO's order, each with what it matches."""
    area = _areas(predictions, masks)
    turn = np.zeros(len(samples.position), np.int64)
    turn[[samples.position[image_id] for image_id in sorted(samples.position)]] = np.arange(len(turn))
    sample = np.array([samples.position[row["image_id"]] for row in predictions], np.int64)
    score = np.array([row["score"] for row in predictions], np.float64)
    category = np.array([samples.categories[row["category_id"]] for row in predictions], np.int64)
    # Sample by sample, the best score first; equal ones by category, then in the order of the list.
    order = np.lexsort((category, -score, turn[sample]))
    starts = np.diff(sample[order], prepend=-1) != 0
    positions = np.arange(len(order))
    rank = positions - np.maximum.accumulate(np.where(starts, positions, 0))
    kept = rank < MOST_DETECTIONS
    order, rank, starts = order[kept], rank[kept], starts[kept]

    iou = np.zeros(len(order))
    bounds = [*np.flatnonzero(starts).tolist(), len(order)]
    for first, last in pairwise(bounds):
        position = int(sample[order[first]])
        detected, truth = [as_coco(masks[index]) for index in order[first:last]], samples.masks[position]
        iou[first:last] = coco.iou(detected, [as_coco(truth)], [int(samples.crowd[position])])[:, 0]
    hit = first_hits(iou, starts, samples.crowd[sample[order]])
    best_first = np.argsort(-score[order], kind="stable")
    order = order[best_first]
    return Matches(
        sample[order],
        score[order],
        rank[best_first],
        area[order],
        hit[best_first],
        samples.area,
        samples.crowd,
    )


def _areas(predictions: Sequence[Mapping[str, Any]], masks: Sequence[Rle]) -> NDArray[np.float64]:
    """The areas that decide which size a prediction has, px; the masks are checked in any case."""
    areas = foreground_areas(masks, lambda index: _name(index, predictions[index])).astype(np.float64)
    if not predictions or not len(predictions[0].get("bbox", ())):
        return areas
    for index, row in enumerate(predictions):
        try:
            areas[index] = row["bbox"][2] * row["bbox"][3]
        except (TypeError, KeyError, IndexError, ValueError) as error:
            raise ScoreError(
                f"{_name(index, row)} has no box of four numbers ({error!r}), the first prediction has one; "
                "expected boxes in all predictions or in none"
            ) from error
    return areas


def _name(index: int, prediction: Mapping[str, Any]) -> str:
    return f"prediction {index} (sample {prediction.get('image_id')})"
