"""The built-in metrics: all that a protocol names is there, and says what it is."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from rvosbench.plugins.registry import METRICS, PROTOCOLS
from rvosbench.plugins.table import Table
from rvosbench.runs.tables import EXPRESSION_SCHEMA, FRAME_SCHEMA


@pytest.fixture
def table() -> Table:
    """Two expressions, of 2 frames and of 1."""
    frames = {
        "video_id": ["v", "v", "w"],
        "expression_id": ["0", "0", "0"],
        "frame_index": [0, 1, 0],
        "j": [1.0, 0.25, 0.5],
        "f": [1.0, 0.75, 0.0],
        "intersection": [800, 200, 400],
        "union": [800, 800, 800],
        "predicted_area": [8, 4, 6],
        "true_area": [8, 6, 6],
    }
    expressions = {
        "video_id": ["v", "w"],
        "expression_id": ["0", "0"],
        "text": ["it", "they"],
        "j": [0.625, 0.5],
        "f": [0.875, 0.0],
        "j_and_f": [0.75, 0.25],
        "n_frames": [2, 1],
    }
    return Table(pa.table(frames, schema=FRAME_SCHEMA), pa.table(expressions, schema=EXPRESSION_SCHEMA))


def test_every_metric_that_a_protocol_names_is_there_and_loads():
    assert METRICS.broken() == {}
    for protocol in PROTOCOLS.values():
        for name in protocol.metrics:
            assert METRICS[name].name == name


def test_only_the_decays_are_better_when_lower():
    assert [name for name in METRICS if METRICS[name].better == "lower"] == ["F decay", "J decay"]


def test_each_metric_says_where_it_comes_from():
    assert all(METRICS[name].source and METRICS[name].title for name in METRICS)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("J", [0.625, 0.5]),
        ("F", [0.875, 0.0]),
        ("J&F", [[0.625, 0.875], [0.5, 0.0]]),
        ("J recall", [0.5, 0.0]),
        ("F recall", [1.0, 0.0]),
        ("J decay", [0.75, 0.0]),
        ("F decay", [0.25, 0.0]),
        ("oIoU", [800, 200, 400]),
        ("mIoU", [1.0, 0.25, 0.5]),
        ("P@0.5", [True, False, False]),
        ("P@0.6", [True, False, False]),
    ],
)
def test_numerators_by_hand(table, name, expected):
    assert np.allclose(METRICS[name].numerator(table), expected, atol=1e-6)


def test_overall_iou_is_the_ratio(table):
    assert METRICS["oIoU"].denominator(table).tolist() == [800, 800, 800]
    assert [name for name in METRICS if METRICS[name].denominator is not None] == ["oIoU"]
