"""The whole house once, with a training too short to learn anything."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path

import pytest

from rvosbench.demo import Size, demo, floors
from rvosbench.errors import OutputError
from rvosbench.store import Store

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shown():
    """Title -> the last progress of every step."""
    return {}


@pytest.fixture(scope="module")
def result(tmp_path_factory, shown):
    @contextmanager
    def progress(title):
        yield lambda done, total, note="": shown.__setitem__(title, (done, total))

    out = tmp_path_factory.mktemp("demo") / "demo"
    return demo(out, progress=progress, size=Size(videos=12, held_out=0.25, others=8, steps=4))


def test_three_releases_become_stores(result):
    names = [Store.open(prepared.store).name for prepared in result.prepared]
    assert names == ["ytvos", "a2d", "refcoco"]
    assert list(result.prepared[0].counts) == ["train", "heldout", "valid", "test"]


def test_every_step_shows_its_progress_to_the_end(shown, result):
    assert {"write ytvos", "prepare a2d", "train soc-demo", "predict and score soc"} <= set(shown)
    assert all(done == total for done, total in shown.values()), shown


def test_the_leaderboard_ranks_the_model_and_the_floors_and_only_marks_the_oracle(result):
    (table,) = json.loads((result.folder / "leaderboard.json").read_text())["tables"]
    assert {Path(row["run"]).name for row in table["rows"]} == {"soc", *floors()[0]}
    assert table["protocol"] == "ytvos"
    assert table["n_expressions"] == result.scores.n_expressions > 0
    assert "random-object" in (result.folder / "leaderboard.md").read_text()


def test_the_claims_are_measured_and_an_untrained_model_does_not_meet_them(result):
    value = result.scores.metrics["J&F"].value
    assert result.margin == value - result.oracle_score
    assert result.mismatch.cost.difference == pytest.approx(
        result.mismatch.right - result.mismatch.mismatched
    )
    assert result.oracle == "random-object"
    assert result.oracle_score > 0.2  # an oracle that guesses among two to four
    assert not result.listens


def test_scores_are_reported_per_kind_of_expression(result):
    assert sum(each.n for each in result.kinds) == result.scores.n_expressions
    assert {each.kind for each in result.kinds} > {"compound", "motion"}


def test_the_page_is_one_file(result):
    page = result.page.read_text()
    assert page.startswith("<!")
    assert "data:image/jpeg" in page


def test_an_earlier_demo_is_replaced_only_when_asked(result):
    with pytest.raises(OutputError, match="--overwrite"):
        demo(result.folder, progress=lambda title: pytest.fail("nothing may be started"))
    assert result.page.is_file()
