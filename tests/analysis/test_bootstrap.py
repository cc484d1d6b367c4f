"""Intervals hold what they promise, and comparisons do not cry wolf."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rvosbench.analysis.bootstrap import (
    Figure,
    Pair,
    compare,
    comparisons,
    holm,
    interval,
    intervals,
)
from rvosbench.errors import ShapeError


def test_the_seed_decides_everything():
    rng = np.random.default_rng(0)
    values, videos = rng.random(60), [f"v{number % 20}" for number in range(60)]
    assert interval(values, videos, 1, 500) == interval(values, videos, 1, 500)
    assert interval(values, videos, 1, 500) != interval(values, videos, 2, 500)


def test_equal_to_drawing_whole_videos_one_after_the_other():
    """The same figure with plain loops: every replicate joins the expressions of the drawn videos."""
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


def test_repeating_an_expression_does_not_make_us_surer():
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
        centres = np.repeat(rng.normal(0.5, 0.1, 60), 4)  # 60 videos with 4 expressions each
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
    """All signs equal: 2 of the 8 flips are as large. They are all tried, so the p value is exact."""
    found = compare([0.3, 0.4, 0.5], [0.1, 0.1, 0.1], ["a", "b", "c"])
    assert found.p == 2 / 8
    drawn = compare([0.3, 0.4, 0.5], [0.1, 0.1, 0.1], ["a", "b", "c"], replicates=7)
    assert drawn.p in {count / 8 for count in range(1, 9)}  # 7 random flips and the observed one


@pytest.mark.parametrize("ratio", [False, True], ids=["mean", "ratio"])
def test_p_equals_swapping_the_models_in_every_set_of_videos(ratio):
    """With plain loops over all 2^6 sets; expressions of a video change sides together."""
    rng = np.random.default_rng(11)
    videos = [0, 0, 1, 2, 2, 2, 3, 4, 5, 5]
    upper = rng.random((2, 10))
    lower = rng.random((2, 10)) + 1 if ratio else np.ones((2, 10))

    def difference(swapped):
        sides = np.array([video in swapped for video in videos]).astype(int)
        places = range(10)
        figures = []
        for model in (0, 1):
            top = sum(upper[model ^ sides[place], place] for place in places)
            figures.append(top / sum(lower[model ^ sides[place], place] for place in places))
        return figures[0] - figures[1]

    sets = [{video for video in range(6) if code >> video & 1} for code in range(64)]
    observed = difference(set())
    as_large = [abs(difference(each)) >= abs(observed) - 1e-12 for each in sets]
    found = compare(upper[0], upper[1], videos, weights=(lower[0], lower[1]) if ratio else None)
    assert found.difference == pytest.approx(observed, abs=1e-15)
    assert found.p == np.mean(as_large)
    assert 2 / 64 < found.p < 1  # neither end, or the loop would say nothing


def test_the_interval_of_two_ratios_draws_videos_once_for_both_models():
    """With plain loops over the same draws; every numerator keeps its denominator, in both models."""
    rng = np.random.default_rng(12)
    videos = sorted(rng.integers(0, 9, 30).tolist())
    names = list(dict.fromkeys(videos))
    lower = rng.integers(50, 900, (2, 30))
    upper = (lower * rng.random((2, 30))).astype(int)
    differences = []
    for drawn in np.random.default_rng(4).integers(0, len(names), (300, len(names))):
        joined = [place for pick in drawn for place in range(30) if videos[place] == names[pick]]
        ratios = [upper[model, joined].sum() / lower[model, joined].sum() for model in (0, 1)]
        differences.append(ratios[0] - ratios[1])
    found = compare(upper[0], upper[1], videos, 4, 300, weights=(lower[0], lower[1]))
    assert (found.low, found.high) == pytest.approx(
        tuple(np.quantile(differences, [0.025, 0.975])), abs=1e-12
    )


def test_pairing_is_what_makes_the_interval_narrow():
    """Both models find the same videos hard; the difference is the same everywhere."""
    rng = np.random.default_rng(13)
    hard = rng.random(50)
    found = compare(hard + 0.01, hard, range(50), replicates=500)
    assert (found.low, found.high) == pytest.approx((0.01, 0.01), abs=1e-12)
    low, high = interval(hard, range(50), replicates=500)
    assert high - low > 0.1


def test_95_of_100_intervals_of_a_difference_of_ratios_hold_the_truth():
    """A drawn population: numerators 0.6 and 0.5 of their denominators on average, correlated by video."""
    held, false_alarms = 0, 0
    for seed in range(200):
        rng = np.random.default_rng([14, seed])
        videos = np.repeat(np.arange(50), 3)
        size = np.repeat(rng.gamma(4, 100, 50), 3)
        ease = np.repeat(rng.normal(0, 0.08, 50), 3)
        ratio = np.stack([0.6 + ease, 0.5 + ease]) + rng.normal(0, 0.05, (2, 150))
        lower = size * rng.uniform(0.8, 1.2, (2, 150))
        first, second = ratio * lower
        found = compare(first, second, videos.tolist(), seed, 400, weights=(lower[0], lower[1]))
        held += found.low <= 0.1 <= found.high
        equal = ratio - np.array([[0.1], [0.0]])
        null = compare(*(equal * lower), videos.tolist(), seed, 400, weights=(lower[0], lower[1]))
        false_alarms += null.p <= 0.1
    assert 182 <= held <= 198
    assert 8 <= false_alarms <= 34


def test_a_ratio_of_nothing_is_unknown_and_no_warning():
    assert all(math.isnan(end) for end in interval([0, 0], ["a", "b"], weights=[0, 0]))
    found = compare([0, 0], [0, 0], ["a", "b"], weights=([0, 0], [0, 0]))
    assert math.isnan(found.difference) and math.isnan(found.low) and found.p == 1.0


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == [0.03, 0.06, 0.06]
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_unequal_lengths_are_refused():
    with pytest.raises(ShapeError, match="2 values, 2 weights and 1 cluster labels"):
        interval([0.1, 0.2], ["v"])
    with pytest.raises(ShapeError, match="expected the same items"):
        compare([0.1], [0.1, 0.2], ["v"])


def test_a_p_value_at_its_floor_is_known_to_be_a_bound():
    """30 videos that all improve: none of the random swaps does as much, so p is only known to be small."""
    clear = compare(np.ones(30), np.zeros(30), range(30), replicates=500)
    assert (clear.p, clear.swaps, clear.p_is_a_bound) == (1 / 501, 500, True)
    exact = compare(np.ones(5), np.zeros(5), range(5), replicates=500)
    assert (exact.p, exact.swaps, exact.p_is_a_bound) == (2 / 32, None, False)
    same = compare(np.ones(30), np.ones(30), range(30), replicates=500)
    assert same.p == 1.0 and not same.p_is_a_bound


def figures(rng):
    """Means and ratios over 40 and over 7 clusters; the labels in the order in which they come, and mixed."""
    forty = [f"v{number // 3}" for number in range(120)]
    seven = np.array([f"w{number}" for number in rng.integers(0, 7, 120)], object)
    return [
        (rng.random(120), rng.random(120), labels, weights)
        for labels in (forty, seven, forty)
        for weights in (None, rng.random(120))
    ]


def test_one_set_of_draws_gives_each_figure_the_interval_that_it_has_alone():
    drawn = figures(np.random.default_rng(20))
    together = intervals([Figure(a, labels, weights) for a, _, labels, weights in drawn], 3, 400)
    alone = [interval(a, list(labels), 3, 400, weights=weights) for a, _, labels, weights in drawn]
    assert together == alone, "to the bit"
    assert len(set(together)) == 6


@pytest.mark.parametrize("replicates", [100, 400], ids=["swaps at random", "7 clusters swapped in every way"])
def test_one_set_of_swaps_gives_each_pair_the_comparison_that_it_has_alone(replicates):
    drawn = figures(np.random.default_rng(21))
    both = [None if weights is None else (weights, weights + 1) for *_, weights in drawn]
    pairs = [Pair(a, b, labels, w) for (a, b, labels, _), w in zip(drawn, both, strict=True)]
    alone = [
        compare(a, b, labels, 3, replicates, weights=w)
        for (a, b, labels, _), w in zip(drawn, both, strict=True)
    ]
    assert comparisons(pairs, 3, replicates) == alone, "to the bit"


def test_intervals_stay_those_of_the_version_that_drew_anew_for_every_metric():
    """Scores of old and new runs stand in one table. (The last bits depend on the processor.)"""
    rng = np.random.default_rng(22)
    values, videos = rng.random(90), [number // 3 for number in range(90)]
    near = {"abs": 1e-12}
    mean = (0.47906206983174304, 0.599478640275159)
    assert interval(values, videos, 0, 1000) == pytest.approx(mean, **near)
    ratio = (0.3238958517300055, 0.37479627742771676)
    assert interval(values, videos, 0, 1000, weights=values + 1) == pytest.approx(ratio, **near)
    found = compare(values, values**2, videos, 0, 1000)
    difference = (0.17479967601289892, 0.1620200687026735, 0.1872067748590945)
    assert (found.difference, found.low, found.high) == pytest.approx(difference, **near)
    assert found.p == 1 / 1001
