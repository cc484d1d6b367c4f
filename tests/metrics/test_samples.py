"""P@K, oIoU and mIoU by hand and against the reference evaluators."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from rvosbench.metrics.region import overlaps
from rvosbench.metrics.samples import THRESHOLDS, no_target_figures, sample_figures, sample_iou
from rvosbench.types import Rle

GOLDENS = Path(__file__).parents[1] / "goldens" / "metrics"


def figures(pairs: list[tuple[int, int]]) -> dict[str, float]:
    intersections, unions = np.array(pairs, np.int64).reshape(-1, 2).T
    return sample_figures(sample_iou(intersections, unions), intersections, unions)


def test_by_hand():
    found = figures([(30, 40), (10, 40), (0, 20), (0, 0)])
    assert found["oIoU"] == 40 / 100
    assert found["mIoU"] == pytest.approx((0.75 + 0.25 + 0 + 1) / 4, abs=1e-6)
    assert [found[f"P@{k}"] for k in THRESHOLDS] == [0.5, 0.5, 0.5, 0.25, 0.25]


def test_an_iou_on_the_threshold_counts_as_in_single_precision():
    """The reference's float32 puts 0.6 and 0.8 above the threshold, 0.5, 0.7 and 0.9 not."""
    for upper, above in ((50, False), (60, True), (70, False), (80, True), (90, False)):
        assert figures([(upper, 100)])[f"P@{upper / 100}"] == float(above)


def test_no_samples_have_no_figures():
    assert all(math.isnan(value) for value in figures([]).values())


def test_only_empty_masks_have_no_overall_iou_to_divide():
    assert figures([(0, 0)])["oIoU"] == 0.0
    assert figures([(0, 0)])["mIoU"] == 1.0


def test_no_target_by_hand():
    found = no_target_figures(
        np.array([0, 0, 50, 70, 0]),
        np.array([0, 30, 100, 100, 40]),
        np.array([True, True, False, False, False]),
        np.array([True, False, False, False, True]),
    )
    assert found["gIoU"] == (1 + 0 + 0.5 + 0.7 + 0) / 5
    assert found["cIoU"] == 120 / 270
    assert found["N-acc"] == 1 / 2
    assert found["T-acc"] == 2 / 3
    assert found["P@0.7"] == 1 / 3  # exactly 0.7 counts here
    assert found["P@0.8"] == 0


def test_no_target_without_samples_of_a_kind_is_not_a_number():
    one, no = np.array([10]), np.array([False])
    found = no_target_figures(one, one, no, no)
    assert math.isnan(found["N-acc"])
    assert (found["gIoU"], found["cIoU"], found["T-acc"]) == (1.0, 1.0, 1.0)


def test_no_target_equals_gres():
    golden = json.loads((GOLDENS / "refcoco" / "gres.json").read_text())
    samples, expected = golden["samples"], golden["expected"]
    found = no_target_figures(
        *overlaps(
            [Rle(*sample["size"], sample["pred"].encode()) for sample in samples],
            [Rle(*sample["size"], sample["gt"].encode()) for sample in samples],
        ),
        np.array([sample["gt_no_target"] for sample in samples]),
        np.array([sample["pred_no_target"] for sample in samples]),
    )
    assert 100 * found["gIoU"] == expected["gIoU"]
    assert 100 * found["cIoU"] == expected["cIoU"]
    assert (found["T-acc"], found["N-acc"]) == (expected["T_acc"], expected["N_acc"])
    for k in THRESHOLDS[2:]:
        assert 100 * found[f"P@{k}"] == expected[f"Pr@{k}"]


def test_equal_to_what_rela_said_about_expressions_without_target():
    folder = Path(__file__).parents[1] / "goldens" / "protocols"
    drawn = json.loads((folder / "gres.json").read_text())
    expected = json.loads((folder / "expected.json").read_text())["gres"]
    answers, truths = (
        [Rle(*row[key]["size"], row[key]["counts"].encode()) for row in drawn] for key in ("answer", "truth")
    )
    found = no_target_figures(
        *overlaps(answers, truths),
        np.array([row["nothing"] for row in drawn]),
        np.array([row["rejected"] for row in drawn]),
    )
    assert 100.0 * found["gIoU"] == expected["gIoU"]
    assert (found["T-acc"], found["N-acc"]) == (expected["T_acc"], expected["N_acc"])
    # It multiplies by 100 before it divides.
    assert 100.0 * found["cIoU"] == pytest.approx(expected["cIoU"], rel=1e-15)
    for k in (0.7, 0.8, 0.9):
        assert 100.0 * found[f"P@{k}"] == pytest.approx(expected[f"Pr@{k}"], rel=1e-15)
