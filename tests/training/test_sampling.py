from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rvosbench.errors import TrainingError
from rvosbench.training.sampling import Positions, step_seed

counts = st.integers(1, 30)


@given(counts, counts, st.integers(0, 5))
def test_every_epoch_holds_every_sample_once(samples, batch_size, seed):
    batches = Positions(samples, batch_size, seed)
    steps = -(-3 * samples // batch_size)
    flat = [position for step in range(steps) for position in batches.at(step)][: 3 * samples]
    for epoch in range(3):
        part = flat[epoch * samples : (epoch + 1) * samples]
        assert {number for number, _ in part} == {epoch}
        assert sorted(index for _, index in part) == list(range(samples))


@given(counts, counts, st.integers(0, 40))
def test_a_stream_from_a_step_on_is_the_rest_of_the_whole_stream(samples, batch_size, start):
    whole = list(itertools.islice(Positions(samples, batch_size, 1), start + 5))
    rest = list(itertools.islice(Positions(samples, batch_size, 1, start=start), 5))
    assert whole[start:] == rest


@given(counts, st.integers(1, 5), st.sampled_from([1, 2, 3, 4]))
def test_processes_together_see_what_one_would(samples, share, processes):
    alone = Positions(samples, share * processes, 7)
    parts = [
        Positions(samples, share * processes, 7, process=process, processes=processes)
        for process in range(processes)
    ]
    for step in range(6):
        assert alone.at(step) == [position for part in parts for position in part.at(step)]


def test_epochs_and_seeds_have_orders_of_their_own():
    orders = [
        tuple(index for _, index in Positions(50, 50, seed).at(epoch)) for seed in (0, 1) for epoch in (0, 1)
    ]
    assert len(set(orders)) == 4


def test_asking_out_of_order_changes_nothing():
    one, other = Positions(7, 3, 0), Positions(7, 3, 0)
    forwards = [one.at(step) for step in range(20)]
    backwards = [other.at(step) for step in reversed(range(20))]
    assert forwards == backwards[::-1]


def test_a_batch_that_cannot_be_divided_is_refused():
    with pytest.raises(TrainingError, match="5 clips cannot be divided among 2 processes"):
        Positions(10, 5, 0, processes=2)


def test_seeds_of_steps_differ_and_fit_torch():
    seeds = {
        step_seed(seed, step, process) for seed in range(3) for step in range(50) for process in range(2)
    }
    assert len(seeds) == 300
    assert max(seeds) < 2**63
