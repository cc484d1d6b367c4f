"""The candidates of a video as detections: matched with its samples by the COCO rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rvosbench import masks
from rvosbench.evaluation.targets import Query
from rvosbench.metrics.average_precision import match_samples
from rvosbench.plugins.protocol import Protocol
from rvosbench.plugins.table import Matches
from rvosbench.runs.predictions import Prediction
from rvosbench.types import Video


def matched_detections(
    video: Video,
    asked: Sequence[Query],
    answers: Mapping[tuple[str, int], Sequence[Prediction]],
    rules: Protocol,
) -> tuple[Matches, list[str]]:
    """What was found of each sample, one expression in one frame.

    Args:
        video: the video.
        asked: its queries.
        answers: the candidates for each query and frame.
        rules: whether all candidates take part or the best-scored one.

    Returns:
        The matches, by query and frame; and the official id of each sample, by which equal scores are ranked.
    """
    images: list[dict[str, Any]] = []
    truths: list[dict[str, Any]] = []
    detections: list[dict[str, Any]] = []
    for query in asked:
        for frame, truth in zip(query.frames, query.truths, strict=True):
            image_id = sample_id(video, frame, query.expression_id, rules, alone=len(asked) == 1)
            images.append({"id": image_id, "height": truth.height, "width": truth.width})
            truths.append(
                {
                    "id": len(truths) + 1,
                    "image_id": image_id,
                    "category_id": 1,
                    "segmentation": masks.as_coco(truth),
                    "area": float(masks.area(truth)),
                    "bbox": list(masks.bounding_box(truth)),
                    "iscrowd": 0,
                }
            )
            rows = answers[query.expression_id, frame]
            if rules.candidates == "best":
                rows = [max(rows, key=lambda row: (row.score, row.candidate))]
            detections += [
                {
                    "image_id": image_id,
                    "category_id": 1,
                    "segmentation": masks.as_coco(row.mask),
                    "score": row.score,
                }
                for row in rows
            ]
    categories = [{"id": 1, "name": "object"}]
    ground_truth = {"images": images, "annotations": truths, "categories": categories}
    return match_samples(ground_truth, detections), [image["id"] for image in images]


def sample_id(video: Video, frame: int, expression_id: str, rules: Protocol, *, alone: bool) -> str:
    """What the official evaluator calls a sample: as text, it decides the order of samples of equal scores.

    Args:
        video: the video.
        frame: the position of the frame; the id has the number in its name.
        expression_id: in A2D-Sentences, the instance.
        rules: whether the id names the expression.
        alone: there is no other expression about this video. Where there are several, which JHMDB-Sentences
            never has, the expression is named all the same: an id stands for one sample.
    """
    name = video.frames[frame].name
    number = str(int(name)) if name.isdecimal() else name
    of_frame = f"v_{video.video_id}_f_{number}"
    return of_frame if rules.sample_ids == "frame" and alone else f"{of_frame}_i_{expression_id}"
