"""Parts of a list: contiguous, balanced, together the whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rvosbench.errors import InvalidDataError
from rvosbench.work.shards import Shard, runs_of


@given(count=st.integers(0, 60), of=st.integers(1, 80))
def test_all_parts_one_after_the_other_are_the_whole_and_no_two_differ_by_more_than_one(count, of):
    items = list(range(count))
    parts = [Shard(index, of).of_all(items) for index in range(1, of + 1)]
    assert [item for part in parts for item in part] == items
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@given(count=st.integers(0, 200), longest=st.integers(1, 40), at_least=st.integers(1, 20))
def test_ranges_are_the_whole_and_none_is_empty_or_too_long(count, longest, at_least):
    ranges = runs_of(range(count), longest, at_least)
    assert [item for part in ranges for item in part] == list(range(count))
    assert all(0 < len(part) <= longest for part in ranges)
    assert len(ranges) >= min(count, at_least)


@pytest.mark.parametrize("given", ["1/4", (1, 4), Shard(1, 4), " 1/4 "])
def test_a_part_is_written_in_several_ways(given):
    assert Shard.read(given) == Shard(1, 4)
    assert str(Shard.read(given)) == "1/4"


@pytest.mark.parametrize(
    "given",
    ["0/4", "5/4", "1/0", "1", "", "a/b", "-1/4", "1/4/2", "1.0/4", "٣/٤", (0, 4), (5, 4), (1,), (1.0, 4)],
)
def test_what_is_no_part_is_refused_in_one_line(given):
    with pytest.raises(InvalidDataError, match="expected i/n with i from 1 to n"):
        Shard.read(given)
