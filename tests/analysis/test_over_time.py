"""J over the clip: by hand, and what the parts add up to."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rvosbench.analysis.bootstrap import interval
from rvosbench.analysis.over_time import over_clip, part_means


def scores(*series: tuple[str, str, list[float]]) -> pa.Table:
    rows = [
        {"video_id": video, "expression_id": expression, "frame_index": 5 * frame, "j": j, "f": 0.0}
        for video, expression, values in series
        for frame, j in enumerate(values)
    ]
    return pa.Table.from_pylist(rows[::-1])  # the order of the rows says nothing


def test_shares_of_frames_by_hand():
    assert part_means([1.0, 0.0], 2).tolist() == [1.0, 0.0]
    # The middle third is half of frame 0 and half of frame 1.
    assert part_means([1.0, 0.0], 3) == pytest.approx([1.0, 0.5, 0.0], abs=1e-15)
    assert part_means([0.2, 0.4, 0.6, 0.8], 2) == pytest.approx([0.3, 0.7], abs=1e-15)
    assert part_means([0.7], 4) == pytest.approx([0.7] * 4, abs=1e-15)


def test_every_expression_counts_in_every_part_whatever_its_length():
    table = scores(("a", "0", [1.0, 0.0]), ("a", "1", [1.0]), ("b", "0", [1.0, 1.0, 0.0, 0.0]))
    first, second = over_clip(table, parts=2)
    assert (first.mean, second.mean) == (1.0, pytest.approx(1 / 3))
    assert (second.start, second.stop, second.n, second.n_videos) == (0.5, 1.0, 3, 2)
    assert (second.low, second.high) == interval([0.0, 1.0, 0.0], ["a", "a", "b"], 0, 2000)


@given(
    st.lists(st.lists(st.floats(0, 1), min_size=1, max_size=40), min_size=1, max_size=6), st.integers(1, 12)
)
@settings(max_examples=100, deadline=None)
def test_the_mean_over_the_parts_is_the_mean_over_the_frames(series, parts):
    table = scores(*((f"v{number}", "0", values) for number, values in enumerate(series)))
    found = over_clip(table, parts=parts, replicates=20)
    assert len(found) == parts
    expected = np.mean([np.mean(values) for values in series])
    assert np.mean([part.mean for part in found]) == pytest.approx(expected, abs=1e-12)


def test_nothing_and_a_single_video():
    assert over_clip(scores(("a", "0", [1.0])).slice(1)) == []
    assert all(math.isnan(part.low) for part in over_clip(scores(("a", "0", [0.5, 0.6]))))
