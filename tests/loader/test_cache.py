from __future__ import annotations

import pickle

import numpy as np
import pytest

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


def picture(value, side=100):
    return np.full((3, side, side), value, np.uint8)


def test_an_array_is_kept_as_a_copy():
    cache = ByteCache(1_000_000)
    original = picture(1)
    cache.put_array("a", original)
    original[:] = 2
    kept = cache.get("a")
    assert (kept.shape, kept.dtype) == ((3, 100, 100), np.uint8)
    assert (kept == 1).all()


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.float32])
def test_an_array_keeps_its_type_and_values(dtype):
    rng = np.random.default_rng(0)
    arrays = [rng.integers(0, 2, shape).astype(dtype) for shape in [(2, 0, 3), (1,), (5, 7), (3, 64, 90)]]
    cache = ByteCache(1_000_000)
    for number, array in enumerate(arrays):
        cache.put_array(number, array)
    for number, array in enumerate(arrays):
        assert cache.get(number).dtype == dtype
        assert np.array_equal(cache.get(number), array)


def test_arrays_never_lie_in_each_other():
    rng = np.random.default_rng(0)
    cache = ByteCache(300_000)
    newest = {}
    for step in range(2000):
        key = int(rng.integers(40))
        newest[key] = rng.integers(0, 255, (3, int(rng.integers(1, 90)), 40), np.uint8)
        cache.put_array(key, newest[key])
        assert cache.used_bytes <= 300_000
        if step % 50 == 0:
            kept = {key: cache.get(key) for key in newest if cache.get(key) is not None}
            assert len(kept) == len(cache)
            assert all(np.array_equal(array, newest[key]) for key, array in kept.items())


def test_slots_of_what_was_dropped_are_used_again():
    cache = ByteCache(10 * 30_720)  # a slot for 3 x 100 x 100 bytes
    for number in range(1000):
        cache.put_array(number, picture(number % 255))
    assert len(cache) == 10
    assert [int(cache.get(number)[0, 0, 0]) for number in range(990, 1000)] == [
        n % 255 for n in range(990, 1000)
    ]
    (first, *others) = [cache._values[number][0].slot[0] for number in range(990, 1000)]
    assert all(other is first for other in others)  # one block of 36 MB


def test_an_array_that_exceeds_the_budget_alone_is_not_kept():
    cache = ByteCache(10_000)
    cache.put_array("a", picture(1))
    assert cache.get("a") is None
