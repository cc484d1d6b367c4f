"""Intervals hold what they promise, and comparisons do not cry wolf."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rvosbench.analysis.bootstrap import compare, holm, interval
from rvosbench.errors import ShapeError


def test_the_seed_decides_everything():
    rng = np.random.default_rng(0)
    values, videos = rng.random(60), [f"v{number % 20}" for number in range(60)]
    assert interval(values, videos, 1, 500) == interval(values, videos, 1, 500)
    assert interval(values, videos, 1, 500) != interval(values, videos, 2, 500)


def test_equal_to_drawing_whole_videos_one_after_the_other():
    """The same figure with plain loops: every replicate joins the sentences of the drawn videos."""
    rng = np.random.default_rng(5)
    values, videos = rng.random(30), sorted(rng.integers(0, 7, 30).tolist())
    names = list(dict.fromkeys(videos))
    means = []
    for drawn in np.random.default_rng(9).integers(0, len(names), (300, len(names))):
        joined = [values[place] for pick in drawn for place in range(30) if videos[place] == names[pick]]
        means.append(np.mean(joined))
    expected = np.quantile(means, [0.025, 0.975])
    assert interval(values, videos, 9, 300) == pytest.approx(tuple(expected), abs=1e-12)


def test_a_ratio_draws_numerator_and_denominator_together():
    rng = np.random.default_rng(6)
    unions = rng.integers(10, 1000, 40)
    intersections = unions // 2  # every ratio is near one half, however unequal the unions
    low, high = interval(intersections, range(40), 0, 500, weights=unions)
    assert low == pytest.approx(0.5, abs=0.005)
    assert high == pytest.approx(0.5, abs=0.005)


def test_repeating_a_sentence_does_not_make_us_surer():
    rng = np.random.default_rng(1)
    values, videos = rng.random(50), list(range(50))
    once = interval(values, videos, 0, 2000)
    assert interval(np.tile(values, 10), videos * 10, 0, 2000) == pytest.approx(once, abs=1e-12)
    low, high = interval(np.tile(values, 10), range(500), 0, 2000)
    assert high - low < 0.5 * (once[1] - once[0])  # what treating them as independent would claim


def test_95_of_100_intervals_hold_the_truth():
    rng = np.random.default_rng(2)
    held = 0
    for seed in range(200):
        centres = np.repeat(rng.normal(0.5, 0.1, 60), 4)  # 60 videos with 4 sentences each
        low, high = interval(centres + rng.normal(0, 0.05, 240), np.repeat(range(60), 4).tolist(), seed, 400)
        held += low <= 0.5 <= high
    assert 180 <= held <= 198


def test_one_video_says_nothing_about_the_next():
    assert all(math.isnan(end) for end in interval([0.2, 0.4], ["v", "v"]))
    assert all(math.isnan(end) for end in interval([], []))


def test_a_clear_difference_is_found_and_none_is_not():
    rng = np.random.default_rng(3)
    base, videos = rng.random(200), [number // 4 for number in range(200)]
    better = compare(base + 0.05 + rng.normal(0, 0.02, 200), base, videos, replicates=2000)
    assert better.difference == pytest.approx(0.05, abs=0.01)
    assert 0 < better.low < better.difference < better.high
    assert better.p < 0.001
    same = compare(base, base, videos, replicates=200)
    assert (same.difference, same.low, same.high, same.p) == (0.0, 0.0, 0.0, 1.0)


def test_p_values_of_equal_models_are_spread_evenly():
    rng = np.random.default_rng(4)
    values = [
        compare(rng.random(40), rng.random(40), [n // 2 for n in range(40)], seed, 200).p
        for seed in range(200)
    ]
    assert 0.02 <= np.mean(np.array(values) <= 0.1) <= 0.18
    assert 0.4 <= np.mean(values) <= 0.6


def test_the_smallest_p_of_three_videos_that_all_improve():
    """All signs equal: 2 of the 8 flips are as large."""
    found = compare([0.3, 0.4, 0.5], [0.1, 0.1, 0.1], ["a", "b", "c"], replicates=8000)
    assert found.p == pytest.approx(2 / 8, abs=0.02)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == [0.03, 0.06, 0.06]
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_unequal_lengths_are_refused():
    with pytest.raises(ShapeError, match="2 values, 2 weights and 1 cluster labels"):
        interval([0.1, 0.2], ["v"])
    with pytest.raises(ShapeError, match="expected the same items"):
        compare([0.1], [0.1, 0.2], ["v"])
