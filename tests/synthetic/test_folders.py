"""Ids that look official."""

from __future__ import annotations

from rvosbench.synthetic.folders import unique_ids


def test_ids_are_unique_reproducible_and_do_not_depend_on_how_many_there_are():
    many = unique_ids(0, list(range(500)), length=2, alphabet="0123456789abcdefghijklmnopqrstuvwxyz")
    assert len(set(many.values())) == 500
    few = unique_ids(0, list(range(20)), length=10, alphabet="0123456789abcdef")
    more = unique_ids(0, list(range(90)), length=10, alphabet="0123456789abcdef")
    assert few == {index: more[index] for index in range(20)}
    assert few != unique_ids(1, list(range(20)), length=10, alphabet="0123456789abcdef")
