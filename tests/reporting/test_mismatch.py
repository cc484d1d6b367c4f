import pytest

from rvosbench.errors import ScoreError
from rvosbench.reporting.mismatch import mismatch_effect
from tests.reporting.runs import late, nothing, scored_run, store_of_pairs, truth

LEFT_OUT = [f"{video}/{expression}" for video in "ab" for expression in ("2", "3")]


@pytest.fixture
def store(tmp_path):
    return store_of_pairs(tmp_path / "store")


def test_cost_by_hand_over_the_shared_expressions(store, tmp_path):
    run = scored_run(tmp_path / "run", store, truth, model="soc")
    other = scored_run(
        tmp_path / "mismatched", store, nothing, model="soc", mismatched_expressions=True, left_out=LEFT_OUT
    )
    effect = mismatch_effect(run, other)
    assert (effect.n_expressions, effect.n_videos) == (7, 3)
    assert effect.right == 1.0
    # Nothing is right in the three frames of each "the blue one" in which it is absent, and nowhere else.
    assert effect.mismatched == pytest.approx(2 * 0.5 / 7)
    assert effect.cost.difference == pytest.approx(1 - 1 / 7)
    assert effect.cost.low > 0.5


def test_a_model_that_does_not_listen_loses_nothing(store, tmp_path):
    run = scored_run(tmp_path / "run", store, late, model="soc")
    other = scored_run(tmp_path / "mismatched", store, late, model="soc", mismatched_expressions=True)
    effect = mismatch_effect(run, other)
    assert effect.cost.difference == 0 and effect.cost.p == 1


def test_runs_that_do_not_belong_together_are_refused(store, tmp_path):
    run = scored_run(tmp_path / "run", store, truth, model="soc")
    stranger = scored_run(tmp_path / "stranger", store, truth, model="other", mismatched_expressions=True)
    with pytest.raises(ScoreError, match="another model"):
        mismatch_effect(run, stranger)
    with pytest.raises(ScoreError, match="right expressions"):
        mismatch_effect(stranger, run)
