from __future__ import annotations

import pickle

from rvosbench.loader import ByteCache


def test_what_was_used_longest_ago_goes_first():
    cache = ByteCache(30)
    for key in "abc":
        cache.put(key, key.upper(), 10)
    assert cache.get("a") == "A"
    cache.put("d", "D", 10)
    assert cache.get("b") is None
    assert [cache.get(key) for key in "acd"] == ["A", "C", "D"]


def test_the_budget_is_never_exceeded():
    cache = ByteCache(25)
    for key in range(20):
        cache.put(key, "x", key)
        assert cache.used_bytes <= 25
    assert len(cache) == 1  # 19 alone: 18 and 19 are more than 25


def test_putting_a_key_again_counts_it_once():
    cache = ByteCache(30)
    cache.put("a", 1, 20)
    cache.put("a", 2, 10)
    assert (cache.used_bytes, cache.get("a")) == (10, 2)


def test_what_exceeds_the_budget_alone_is_not_kept_and_pushes_nothing_out():
    cache = ByteCache(10)
    cache.put("a", 1, 5)
    cache.put("b", 2, 11)
    assert (cache.get("a"), cache.get("b")) == (1, None)


def test_a_value_is_made_once():
    cache = ByteCache(10)
    made = []
    for _ in range(3):
        assert cache.get_or_make("a", lambda: made.append(1) or "A", len) == "A"
    assert made == [1]


def test_a_copy_for_another_process_starts_empty():
    cache = ByteCache(10)
    cache.put("a", 1, 5)
    copy = pickle.loads(pickle.dumps(cache))
    assert (len(copy), copy.used_bytes, copy.budget_bytes) == (0, 0, 10)
