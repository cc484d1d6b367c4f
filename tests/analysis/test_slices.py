"""Scores per kind of expression, by hand."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest

from rvosbench.analysis.slices import by_slice
from rvosbench.errors import UnknownNameError

SCORES = pa.table(
    {
        "video_id": ["a", "a", "b", "b", "c"],
        "text": ["the red one", "the left one", "the red one", "a dog", "the red one"],
        "j": [0.2, 0.4, 0.6, 0.8, 1.0],
        "j_and_f": [0.1, 0.2, 0.3, None, 0.8],
    }
)


def kind(row) -> str | None:
    words = {"red": "colour", "left": "position", "dog": "name"}
    return next((name for word, name in words.items() if word in row["text"]), None)


def test_by_a_function_of_the_row():
    colour, position = by_slice(SCORES, kind)
    assert (colour.kind, colour.n, colour.n_videos) == ("colour", 3, 3)
    assert colour.mean == pytest.approx(0.4)
    assert colour.low <= colour.mean <= colour.high
    assert (position.kind, position.n, position.mean) == ("position", 1, 0.2)
    assert math.isnan(position.low)


def test_by_a_column_and_another_metric():
    found = by_slice(SCORES, "video_id", metric="j")
    assert [(each.kind, each.mean) for each in found] == [("c", 1.0), ("b", 0.7), ("a", pytest.approx(0.3))]


def test_rows_without_a_kind_belong_nowhere():
    assert by_slice(SCORES, lambda row: None) == []


def test_an_unknown_column_is_refused():
    with pytest.raises(UnknownNameError, match="no column is named 'txt'; did you mean 'text'"):
        by_slice(SCORES, "txt")
    with pytest.raises(UnknownNameError, match="no column is named 'jf'"):
        by_slice(SCORES, "text", metric="jf")
