"""Average precision of frame samples, by the COCO rules as A2D-Sentences and its successors use them.

`pycocotools` computes it: segmentation IoU, one category, at most 1, 10 or 100 detections per sample.
All candidates of a sample take part, not only the best, as in the published numbers.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from rvosbench.errors import ScoreError, ShapeError
from rvosbench.metrics.region import overlaps
from rvosbench.metrics.samples import sample_figures, sample_iou
from rvosbench.run_lengths import foreground_runs
from rvosbench.types import Rle

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


def score_coco(ground_truth: dict[str, Any], predictions: list[dict[str, Any]]) -> dict[str, Any]:
    """All figures of A2D-Sentences and JHMDB-Sentences from COCO-format data.

    Args:
        ground_truth: `images` (id, height, width), `annotations` (id, image_id, category_id, segmentation as
            compressed run lengths, area, iscrowd) and `categories`; one annotation per image. Ids may be
            text; images with equal scores are ranked by the order of their ids.
        predictions: image_id, category_id, segmentation, score; any number per image. Neither is changed.

    Returns:
        The twelve COCO figures under the names in `COCO_FIGURES` (-1 where no sample is of that size);
        "thresholds", "AP per threshold", "AR per threshold": lists of ten; and, for the best prediction of
        every sample (of equal scores the last in the list), "P@0.5" to "P@0.9", "oIoU", "mIoU". A sample
        without prediction counts as IoU 0 in all of them. "n": the samples.

    Raises:
        ScoreError: a sample twice, a prediction for an unknown sample, a score that is not finite, or
            broken run lengths.
        ShapeError: a prediction has another size than its sample.
    """
    truths = _truths(ground_truth)
    masks = _masks(truths, predictions)
    figures = _coco_figures(ground_truth, predictions)

    best: dict[Any, int] = {}
    for index, prediction in enumerate(predictions):
        image_id = prediction["image_id"]
        if image_id not in best or prediction["score"] >= predictions[best[image_id]]["score"]:
            best[image_id] = index
    n = len(truths)
    intersections, unions, iou = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n)
    answered = [place for place, image_id in enumerate(truths) if image_id in best]
    truth_masks = list(truths.values())
    both = overlaps(
        [masks[best[image_id]] for image_id in truths if image_id in best],
        [truth_masks[place] for place in answered],
    )
    intersections[answered], unions[answered] = both
    iou[answered] = sample_iou(*both)
    missed = sorted(set(range(n)) - set(answered))
    missed_masks = [truth_masks[place] for place in missed]
    unions[missed] = overlaps(missed_masks, missed_masks)[1]
    return figures | sample_figures(iou, intersections, unions) | {"n": n}


def _truths(ground_truth: Mapping[str, Any]) -> dict[Any, Rle]:
    """Image id -> mask, in the order of `images`."""
    masks: dict[Any, Rle] = {}
    for annotation in ground_truth["annotations"]:
        image_id = annotation["image_id"]
        if image_id in masks:
            raise ScoreError(f"the sample {image_id} has two annotations; expected one object per sample")
        masks[image_id] = _rle(annotation["segmentation"], f"the ground truth of {image_id}")
    ids = [image["id"] for image in ground_truth["images"]]
    if len(set(ids)) != len(ids) or set(ids) != set(masks):
        odd = sorted(map(str, set(ids) ^ set(masks)))[:3]
        raise ScoreError(
            f"{len(ids)} samples and {len(masks)} annotations do not pair up (such as "
            f"{', '.join(odd) or ids[0]}); expected one annotation for each image"
        )
    foreground_runs([masks[image_id] for image_id in ids], lambda index: f"the ground truth of {ids[index]}")
    return {image_id: masks[image_id] for image_id in ids}


def _masks(truths: Mapping[Any, Rle], predictions: Sequence[Mapping[str, Any]]) -> list[Rle]:
    """The checked masks of all predictions."""

    def name(index: int) -> str:
        return f"prediction {index} (sample {predictions[index]['image_id']})"

    masks = []
    for index, prediction in enumerate(predictions):
        truth = truths.get(prediction["image_id"])
        if truth is None:
            raise ScoreError(f"{name(index)} is of a sample that the ground truth does not have")
        if not np.isfinite(prediction["score"]):
            raise ScoreError(f"{name(index)} has the score {prediction['score']}; expected a finite number")
        rle = _rle(prediction["segmentation"], name(index))
        if (rle.height, rle.width) != (truth.height, truth.width):
            raise ShapeError(
                f"{name(index)} is {rle.height}x{rle.width} px (height x width), its sample {truth.height}x"
                f"{truth.width}; masks are never resized to fit"
            )
        masks.append(rle)
    foreground_runs(masks, name)
    return masks


def _rle(segmentation: Any, name: str) -> Rle:
    try:
        (height, width), counts = segmentation["size"], segmentation["counts"]
        return Rle(int(height), int(width), counts.encode() if isinstance(counts, str) else bytes(counts))
    except (TypeError, KeyError, ValueError) as error:
        raise ScoreError(
            f"{name} is not in compressed run lengths ({error!r}); expected size [height, width] and counts"
        ) from error


def _coco_figures(ground_truth: dict[str, Any], predictions: list[dict[str, Any]]) -> dict[str, Any]:
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress
        truth = COCO()
        truth.dataset = {name: [dict(item) for item in items] for name, items in ground_truth.items()}
        truth.createIndex()
        if predictions:
            found = truth.loadRes([dict(prediction) for prediction in predictions])
        else:
            found = COCO()
            found.dataset = truth.dataset | {"annotations": []}
            found.createIndex()
        evaluation = COCOeval(truth, found, "segm")
        evaluation.params.useCats = 0
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    figures: dict[str, Any] = dict(zip(COCO_FIGURES, map(float, evaluation.stats), strict=True))
    precision, recall = evaluation.eval["precision"], evaluation.eval["recall"]
    figures["thresholds"] = evaluation.params.iouThrs.tolist()
    figures["AP per threshold"] = [_mean_of_known(curve[:, 0, 0, 2]) for curve in precision]
    figures["AR per threshold"] = [_mean_of_known(row[:1, 0, 2]) for row in recall]
    return figures


def _mean_of_known(values: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    known = values[values > -1]
    return float(np.mean(known)) if len(known) else -1.0
