"""The record of a metric refuses what nothing could be computed from; the table it sees is read-only."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from rvosbench.errors import InvalidDataError
from rvosbench.plugins.metric import Metric
from rvosbench.plugins.table import Table


def metric(**changes) -> Metric:
    known = {
        "name": "mine",
        "title": "Mine",
        "better": "higher",
        "over": "frame",
        "numerator": lambda table: table.frames.j,
        "source": "here",
    }
    return Metric(**known | changes)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"name": ""}, "is named ''; expected printable"),
        ({"name": "a\nb"}, "expected printable"),
        ({"name": "x" * 21}, "21 characters"),
        ({"better": "more"}, "better='more'; expected one of 'higher', 'lower'"),
        ({"over": "video"}, "over='video'; expected one of 'frame'"),
        ({"numerator": 3}, "numerator of type int"),
        ({"denominator": "j"}, "denominator of type str"),
        ({"over": "ranking", "denominator": len}, "over the ranking and has a denominator"),
    ],
)
def test_a_record_that_makes_no_metric_is_refused(change, complaint):
    with pytest.raises(InvalidDataError, match=complaint) as caught:
        metric(**change)
    assert "\n" not in str(caught.value)


def test_a_metric_cannot_change_what_the_next_one_sees():
    rows = pa.table({"j": [0.5, 1.0], "n_frames": [1, 1]})
    table = Table(rows, rows)
    with pytest.raises(ValueError, match="read-only"):
        table.frames.j[0] = 1
    with pytest.raises(ValueError, match="over='ranking'"):
        _ = table.matches


def test_a_figure_per_expression_sees_its_frames_in_time():
    table = Table(pa.table({"j": [1.0, 2.0, 3.0, 4.0]}), pa.table({"n_frames": [3, 1]}))
    assert table.per_expression(lambda series: series[0] - series[-1], table.frames.j).tolist() == [-2.0, 0.0]
    assert np.array_equal(table.per_expression(np.max, table.frames.j), [3.0, 4.0])
