"""Mean, recall and decay equal those of DAVIS, and decay can leave its 8-bit fault behind."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import numpy as np
import pytest

from rvosbench.metrics.statistics import decay, mean, recall

GOLDENS = Path(__file__).parents[1] / "goldens" / "metrics"


def same(found: float, expected: float) -> bool:
    return found == expected or (math.isnan(found) and math.isnan(expected))


def test_equal_to_davis_with_its_fault():
    path = GOLDENS / "davis" / "db_statistics.json.gz"
    series = json.loads(gzip.decompress(path.read_bytes()))
    assert len(series) == 75
    for case in series:
        values = case["values"]
        assert same(mean(values), case["M"]), case["n"]
        assert same(recall(values), case["R"]), case["n"]
        assert same(decay(values, compat=True), case["D"]), case["n"]
        if case["n"] < 256:
            assert same(decay(values), case["D"]), case["n"]


def test_by_hand():
    values = [1.0, 0.9, 0.5, 0.1, 0.0]
    assert mean(values) == 0.5
    assert recall(values) == 0.4  # strictly above one half
    assert decay(values) == pytest.approx(0.95 - 0.05)
    assert decay([0.3]) == 0.0


def test_frames_without_a_score_are_left_out_of_the_mean_and_count_against_recall():
    values = [1.0, math.nan, 0.0, math.nan]
    assert mean(values) == 0.5
    assert recall(values) == 0.25
    assert math.isnan(mean([math.nan]))


def test_an_empty_series_has_no_statistics():
    assert math.isnan(mean([]))
    assert math.isnan(recall([]))
    assert math.isnan(decay([]))


@pytest.mark.parametrize("frames", [256, 300, 511, 1000])
def test_long_tracks_decay_like_short_ones(frames):
    falling = np.linspace(1, 0, frames)
    assert decay(falling) == pytest.approx(0.75, abs=0.01)
    assert not same(decay(falling, compat=True), decay(falling))
