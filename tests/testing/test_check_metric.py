"""Every promise of a metric has an example here that breaks it, and the built-in metrics keep them all."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rvosbench.errors import UnknownNameError
from rvosbench.plugins.metric import Metric
from rvosbench.plugins.registry import METRICS, OURS
from rvosbench.testing import CheckFailed, check_metric, tiny_table

BUILT_IN = sorted(name for name, entry in METRICS.entries().items() if entry.distribution == OURS)
counter = itertools.count()


def metric(**changes) -> Metric:
    known = {
        "name": "silent",
        "title": "Frames in which nothing was predicted",
        "better": "lower",
        "over": "frame",
        "numerator": lambda table: table.frames.predicted_area == 0,
        "source": "here",
    }
    return Metric(**known | changes)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_metric_keeps_all_promises(name):
    assert len(check_metric(name)) == 7


def test_a_record_need_not_be_registered():
    assert len(check_metric(metric())) == 7
    ratio = metric(
        name="kept",
        better="higher",
        numerator=lambda table: table.frames.intersection,
        denominator=lambda table: table.frames.true_area,
    )
    assert len(check_metric(ratio)) == 7
    loose = metric(name="AP@0.5", over="ranking", better="higher", numerator=lambda t: t.matches.hit[:, :1])
    assert len(check_metric(loose)) == 7


@pytest.mark.parametrize(
    ("broken", "check", "complaint"),
    [
        ({"title": " "}, "title and source", "its title is ' ', expected one line"),
        ({"source": "a\nb"}, "title and source", "its source"),
        ({"numerator": lambda table: 1 / 0}, "finite number", "failed in its numerator .ZeroDivisionError"),
        ({"numerator": lambda table: table.frames.nope}, "finite number", "no attribute 'nope'"),
        (
            {"numerator": lambda table: table.expressions.j},
            "finite number",
            r"shape \(5,\); expected \(23,\)",
        ),
        ({"numerator": lambda table: 0.5}, "finite number", r"shape \(\)"),
        ({"numerator": lambda table: table.frames.video_id}, "finite number", "of object; expected numbers"),
        (
            {"numerator": lambda table: table.frames.j / np.where(table.frames.true_area, 1.0, np.nan)},
            "finite number",
            "not finite; expected finite numbers; give an item .* denominator 0",
        ),
        (
            {"denominator": lambda table: -table.frames.union},
            "finite number",
            "gives the denominator -[0-9]+; expected 0 or more",
        ),
        ({"denominator": lambda table: np.ones(3)}, "finite number", r"denominator of shape \(3,\)"),
        ({"over": "ranking", "numerator": lambda table: table.frames.j}, "finite number", "thresholds. bool"),
        ({"numerator": lambda table: table.frames.predicted_area}, "between -1 and 1", "shown in percent"),
        (
            {"numerator": lambda table: np.full(len(table.frames), 1 / (1 + next(counter)))},
            "same number",
            "the same table gave",
        ),
        (
            {"numerator": lambda table: np.arange(len(table.frames)) % 7 * table.frames.j / 9},
            "order of the expressions",
            "in another order",
        ),
        ({"better": "higher"}, "which values are better", "higher is said to be better"),
    ],
)
def test_a_broken_promise_is_one_line(broken, check, complaint):
    with pytest.raises(CheckFailed, match=complaint) as caught:
        check_metric(metric(**broken))
    assert check in str(caught.value) and "\n" not in str(caught.value)


def test_what_is_no_record_is_one_line_too():
    with pytest.raises(CheckFailed, match="its record is valid': it is an instance of function"):
        check_metric(lambda table: table.frames.j)  # type: ignore[arg-type]


def test_an_unknown_name_is_no_failed_check():
    with pytest.raises(UnknownNameError, match="did you mean 'J&F'"):
        check_metric("J&f")


def test_tables_are_what_they_say():
    assert (tiny_table("lost").frames.predicted_area == 0).any()
    assert not tiny_table("nothing to find").frames.union.any()
    noisy = tiny_table().frames
    assert ((noisy.intersection <= noisy.true_area) & (noisy.intersection <= noisy.predicted_area)).all()
