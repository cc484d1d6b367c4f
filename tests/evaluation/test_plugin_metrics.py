"""A metric of another package is a column like any other: value, interval, rank, comparison."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from rvosbench.errors import PluginError, UnknownNameError
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.plugins.metric import Metric
from rvosbench.plugins.registry import METRICS, PROTOCOLS
from rvosbench.reporting.comparison import compare
from rvosbench.reporting.contrasts import footnotes
from rvosbench.reporting.leaderboard import as_markdown, leaderboard
from rvosbench.runs.run import open_run
from rvosbench.store import Store
from tests.fake_packages import install
from tests.reporting.runs import late, scored_run, store_of_pairs, truth

__all__ = ["install"]

SOURCE = """
import numpy as np
from rvosbench.plugins.metric import Metric
from rvosbench.plugins.protocol import Protocol

SILENT = Metric(
    name="silent",
    title="Share of the frames with an object in which nothing was predicted",
    better="lower",
    over="frame",
    numerator=lambda table: (table.frames.predicted_area == 0) & (table.frames.true_area > 0),
    denominator=lambda table: table.frames.true_area > 0,
    source="nowhere",
)
FAILS = Metric(name="fails", title="x", better="higher", over="frame", source="x",
               numerator=lambda table: table.frames.j / 0 * table.nope)
SHORT = Metric(name="short", title="x", better="higher", over="sample", source="x",
               numerator=lambda table: table.expressions.j)
PROTOCOL = Protocol(
    name="quiet", title="Quiet", explanation="Ranks by silence.", unit="expression",
    metrics=("silent", "J&F"), main_metric="silent",
)
"""


@pytest.fixture
def plugin(install):
    points = {
        "rvosbench.metrics": {name: f"plugged:{name.upper()}" for name in ("silent", "fails", "short")},
        "rvosbench.protocols": {"quiet": "plugged:PROTOCOL"},
    }
    return install("rvosbench-quiet", points, plugged=SOURCE)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return store_of_pairs(tmp_path / "store")


def test_a_protocol_of_a_package_names_its_metric_and_everything_follows(plugin, store, tmp_path):
    runs = [
        scored_run(tmp_path / name, store, answer, protocol="quiet")
        for name, answer in (("late", late), ("best", truth))
    ]
    value = open_run(runs[0]).scores().metrics["silent"]
    # 7 expressions of 11 show something in frame 1; 49 pairs of an expression and a frame do in all.
    frames = open_run(runs[0]).frames().to_pandas()
    seen = frames[frames["true_area"] > 0]
    assert value.value == 7 / len(seen)
    assert (value.n, value.unit, value.better) == (len(frames), "frame", "lower")
    assert value.low < value.value < value.high
    (table,) = leaderboard(runs)
    assert [row.name for row in table.rows] == ["best", "late"] and table.ranks == (1, 2)
    assert "silent ↓" in as_markdown([table]) and "↓: lower is better." in table.footnotes
    found = compare(*runs)
    silent = next(each for each in found.others[0].differences if each.metric == "silent")
    assert silent.comparison.difference == -value.value and silent.gain == value.value
    assert silent.comparison.p == 2 / 8
    assert any("lower is better" in line for line in footnotes(found))
    assert found.as_json()["others"][0]["metrics"]["silent"]["better"] == "lower"


def test_a_metric_can_be_added_for_once(plugin, store, tmp_path):
    run = scored_run(tmp_path / "run", store, late)
    other = scored_run(tmp_path / "other", store, truth)
    found = evaluate(run, store, protocol="ytvos", metrics=["silent", "mIoU", "J"])
    assert list(found.metrics) == ["J&F", "J", "F", "silent", "mIoU"]
    assert found.metrics["mIoU"].unit == "frame sample"
    assert found.protocol == PROTOCOLS["ytvos"]
    written = json.loads((run / "scores" / "ytvos" / "scores.json").read_text())
    assert written["metrics"]["silent"]["better"] == "lower"
    compared = compare(run, other)
    assert compared.left_out == dict.fromkeys(("silent", "mIoU"), "which was not scored in every run")
    (table,) = leaderboard([run, other])
    assert table.metric_names == ("J&F", "J", "F", "silent", "mIoU")


def test_scores_outlive_the_package(install, store, tmp_path):
    with METRICS.register("gone", silent := metric_in_a_notebook()):
        run = scored_run(tmp_path / "run", store, late)
        found = evaluate(run, store, protocol="ytvos", metrics=["gone"])
    assert open_run(run).scores().metrics["gone"] == found.metrics["gone"]
    assert silent.better == "lower"
    (table,) = leaderboard([run])
    assert "gone" in table.metric_names
    assert compare(run, run).left_out == {"gone": "which no installed package brings"}


def metric_in_a_notebook() -> Metric:
    return Metric(
        name="gone",
        title="Frames in which nothing was predicted",
        better="lower",
        over="frame",
        numerator=lambda table: np.asarray(table.frames.predicted_area == 0),
        source="a notebook",
    )


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("fails", "the metric 'fails' of rvosbench-quiet failed in its numerator"),
        (
            "short",
            r"the metric 'short' of rvosbench-quiet gives a numerator of shape \(11,\); expected \(66,\)",
        ),
    ],
)
def test_a_metric_that_fails_is_named_with_its_package_and_leaves_nothing(
    plugin, store, tmp_path, name, complaint
):
    run = scored_run(tmp_path / "run", store, late)
    before = (run / "scores" / "ytvos" / "scores.json").read_bytes()
    with pytest.raises(PluginError, match=complaint) as caught:
        evaluate(run, store, protocol="ytvos", metrics=[name])
    assert "\n" not in str(caught.value)
    assert (run / "scores" / "ytvos" / "scores.json").read_bytes() == before


def test_an_unknown_metric_is_answered_with_the_nearest(store, tmp_path):
    run = scored_run(tmp_path / "run", store, late)
    with pytest.raises(UnknownNameError, match="no metric is named 'J&f'; did you mean 'J&F'"):
        evaluate(run, store, protocol="ytvos", metrics=["J&f"])


def test_a_mean_over_annotators_holds_for_every_metric(tmp_path):
    """Half of the annotators' expressions are silent in frame 1; the mean of four is the same as of all."""
    from tests.reporting.runs import store_of_annotators

    store = store_of_annotators(tmp_path / "annotators")
    run = scored_run(tmp_path / "run", store, late, protocol="davis-official")
    with METRICS.register("gone", metric_in_a_notebook()):
        found = evaluate(run, store, protocol="davis-official", metrics=["gone"]).metrics["gone"]
    assert found.value == pytest.approx(1 / 6)
    assert not math.isnan(found.low) and found.n == 2 * 2 * 6
