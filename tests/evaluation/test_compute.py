"""The interval of mAP in scores.json."""

from __future__ import annotations

import math

import numpy as np

from rvosbench.evaluation.evaluate import evaluate
from tests.reporting.runs import late, scored_run, store_of_pairs, truth
from tests.tiny_store import two_squares, write_store


def samples(folder, store, answer):
    run = scored_run(folder, store, answer)
    return evaluate(run, store=store, split="train", protocol="a2d-top1").metrics["mAP"]


def test_map_has_an_interval_over_videos(tmp_path):
    """All scores are equal, so a video's share of right samples decides, and they differ by video."""
    store = store_of_pairs(tmp_path / "store")

    def mixed(video, expression_id, frame):
        found = truth(video, expression_id, frame)
        return found if video.video_id == "a" else np.roll(found, 4 if video.video_id == "b" else 2, axis=1)

    found = samples(tmp_path / "mixed", store, mixed)
    assert found.low < found.value < found.high
    right = samples(tmp_path / "right", store, truth)
    # The samples of "the dog" have no pixels: two empty masks are no match for COCO.
    assert right.value < 1 and right.low <= right.value <= right.high


def test_one_video_has_none(tmp_path):
    store = write_store(tmp_path / "store", [two_squares("a")])
    found = samples(tmp_path / "run", store, late)
    assert math.isfinite(found.value) and math.isnan(found.low) and math.isnan(found.high)
