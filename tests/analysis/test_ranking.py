"""The interval of mAP: a replicate equals scoring the drawn samples anew."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.analysis.ranking import (
    average_precision_interval,
    average_precision_intervals,
    resampled_average_precision,
)
from rvosbench.errors import ShapeError
from rvosbench.metrics.average_precision import match_samples, score_coco

SAMPLES, SIZE = 12, (20, 30)


def drawn_samples(seed: int):
    """A square per sample, and up to five shifted squares that look for it: (truth, [(score, mask)])."""
    rng = np.random.default_rng(seed)
    samples = []
    for _ in range(SAMPLES):
        top, left = rng.integers(0, 8, 2)
        truth = np.zeros(SIZE, np.bool_)
        truth[top : top + 10, left : left + 12] = True
        found = [
            (float(score), np.roll(truth, tuple(rng.integers(-3, 4, 2)), (0, 1)))
            for score in rng.permutation(100)[: rng.integers(0, 6)] / 100 + rng.random()
        ]
        samples.append((truth, found))
    return samples


def ranked_hits(samples):
    """The ranking and the first match of every sample at the ten COCO thresholds, with plain loops."""
    order = sorted(
        (-score, sample, place)
        for sample, (_, found) in enumerate(samples)
        for place, (score, _) in enumerate(found)
    )
    thresholds = np.linspace(0.5, 0.95, 10)
    hits = np.zeros((len(order), 10), np.bool_)
    taken = set()
    for row, (_, sample, place) in enumerate(order):
        truth, found = samples[sample]
        mask = found[place][1]
        iou = (mask & truth).sum() / (mask | truth).sum()
        for k, threshold in enumerate(thresholds):
            if iou >= threshold and (sample, k) not in taken:
                taken.add((sample, k))
                hits[row, k] = True
    return np.array([sample for _, sample, _ in order]), hits


def coco_with_copies(samples, copies):
    """The mAP of a data set that really holds every sample that often."""
    return score_coco(*coco_format(samples, copies))["mAP"]


def coco_format(samples, copies):
    images, annotations, predictions = [], [], []
    for sample, (truth, found) in enumerate(samples):
        for copy in range(int(copies[sample])):
            name = f"{sample:02d}_{copy}"
            images.append({"id": name, "height": SIZE[0], "width": SIZE[1]})
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": name,
                    "category_id": 1,
                    "iscrowd": 0,
                    "area": int(truth.sum()),
                    "bbox": [0, 0, 1, 1],
                    "segmentation": segmentation(truth),
                }
            )
            predictions += [
                {"image_id": name, "category_id": 1, "score": score, "segmentation": segmentation(mask)}
                for score, mask in found
            ]
    truths = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "object"}]}
    return truths, predictions


def segmentation(mask):
    rle = masks.encode(mask)
    return {"size": [rle.height, rle.width], "counts": rle.counts}


@pytest.mark.parametrize("seed", range(6))
def test_counting_a_sample_k_times_equals_a_data_set_that_holds_it_k_times(seed):
    samples = drawn_samples(seed)
    ranked, hits = ranked_hits(samples)
    drawn = np.random.default_rng(seed).multinomial(SAMPLES, [1 / SAMPLES] * SAMPLES, 2)
    for copies in (np.ones(SAMPLES), *drawn):
        rows = [np.flatnonzero(hit) for hit in hits.T]
        found = resampled_average_precision(ranked, rows, copies.astype(np.float64), np.ones(SAMPLES))
        assert found == pytest.approx(coco_with_copies(samples, copies), abs=1e-12)


def test_the_interval_is_that_of_scoring_every_replicate_anew():
    samples = drawn_samples(7)
    ranked, hits = ranked_hits(samples)
    videos = [f"v{sample // 3}" for sample in range(SAMPLES)]
    figures = []
    for drawn in np.random.default_rng(5).integers(0, 4, (40, 4)):
        figures.append(coco_with_copies(samples, np.repeat(np.bincount(drawn, minlength=4), 3)))
    expected = np.quantile(figures, [0.025, 0.975])
    assert average_precision_interval(ranked, hits, videos, 5, 40) == pytest.approx(
        tuple(expected), abs=1e-12
    )


def test_several_metrics_over_one_ranking_have_the_intervals_that_each_has_alone():
    ranked, hits = ranked_hits(drawn_samples(3))
    videos = [f"v{sample // 3}" for sample in range(SAMPLES)]
    several = [hits, hits[:, :1], hits[:, 5:6], np.zeros_like(hits[:, :2])]
    together = average_precision_intervals(ranked, several, videos, 5, 40)
    assert together == [average_precision_interval(ranked, part, videos, 5, 40) for part in several]
    assert len(set(together)) == 4


@pytest.mark.parametrize("seed", range(3))
def test_the_evaluations_own_matches_say_the_same(seed):
    """Drawn once each, they give the mAP of the run; so an interval costs no second matching."""
    samples = drawn_samples(seed)
    truths, predictions = coco_format(samples, np.ones(SAMPLES))
    matches = match_samples(truths, predictions)
    rows = [np.flatnonzero(hit) for hit in matches.hit.T]
    found = resampled_average_precision(matches.sample, rows, np.ones(SAMPLES), np.ones(SAMPLES))
    assert found == pytest.approx(score_coco(truths, predictions)["mAP"], abs=1e-12)


def test_one_video_says_nothing_and_lengths_must_agree():
    ranked, hits = ranked_hits(drawn_samples(0))
    assert all(math.isnan(end) for end in average_precision_interval(ranked, hits, ["v"] * SAMPLES))
    with pytest.raises(ShapeError, match="rows of hits"):
        average_precision_interval(ranked, hits[1:], range(SAMPLES))
