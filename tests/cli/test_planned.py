"""`--dry-run` and `--json` of the verbs: what would be done, what was done, as text and as one object."""

from __future__ import annotations

import json

import pytest

from rvosbench.plugins.registry import MODELS
from rvosbench.store import Store
from tests.store_tools.damage import flip, part


def train(store, out):
    return ("train", "soc", "--preset", "soc-demo", "--dataset", store, "--steps", 3, "--out", out)


def predict(store, out):
    return ("predict", "centre", "--dataset", store, "--split", "heldout", "--out", out)


def test_a_training_is_planned_without_writing(rvos, store, tmp_path):
    ran = rvos(*train(store, tmp_path / "run"), "--dry-run")
    assert (ran.code, ran.err) == (0, "")
    shown = " ".join(ran.out.split())
    counts = Store.open(store).splits["train"]
    assert "preset soc-demo" in shown and "steps 3" in shown
    assert f"videos {counts['videos']} expressions {counts['expressions']}" in shown
    assert max(map(len, ran.out.replace(str(tmp_path), "").replace(str(store), "").splitlines())) <= 80
    assert list(tmp_path.iterdir()) == []
    content = json.loads(rvos(*train(store, tmp_path / "run"), "--dry-run", "--json").out)
    assert content["dry_run"] is True and content["steps"] == 3
    assert content["batch_size"] == MODELS["soc"].presets["soc-demo"].recipe.batch_size
    assert content["curriculum"][0]["frames"] == 1


def test_predictions_are_planned_without_writing(rvos, store, tmp_path):
    ran = rvos(*predict(store, tmp_path / "run"), "--dry-run", "--limit", 1)
    assert (ran.code, ran.err) == (0, "")
    assert "videos 1 of videos 2" in " ".join(ran.out.split())
    content = json.loads(rvos(*predict(store, tmp_path / "run"), "--dry-run", "--json").out)
    assert content["model"] == "centre" and content["videos"] == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", ["train", "predict"])
def test_a_plan_refuses_what_the_work_would_refuse(rvos, store, tmp_path, words):
    make = {"train": train, "predict": predict}[words]
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.txt").write_text("three years")
    assert "not empty" in rvos(*make(store, tmp_path / "taken"), "--dry-run").error
    gone = {"train": "--backbone", "predict": "--checkpoint"}[words]
    words = [*make(store, tmp_path / "run"), gone, tmp_path / "gone", "--dry-run"]
    words[1] = "soc"
    assert f"{tmp_path / 'gone'} is not there" in rvos(*words).error


def test_a_training_says_as_json_what_it_came_to(rvos, store, tmp_path):
    ran = rvos(*train(store, tmp_path / "run"), "--batch-size", 1, "--json", "--quiet")
    assert (ran.code, ran.err) == (0, "")
    content = json.loads(ran.out)
    assert content["checkpoint"] == str(tmp_path / "run" / "checkpoint")
    assert content["steps"] == 3 and content["ended_by"] == "steps"


def test_predictions_say_as_json_what_they_hold(rvos, store, tmp_path):
    content = json.loads(rvos(*predict(store, tmp_path / "run"), "--json").out)
    counts = Store.open(store).splits["heldout"]
    assert content["run"] == str(tmp_path / "run")
    assert (content["videos"], content["expressions"]) == (counts["videos"], counts["expressions"])


def test_a_store_that_was_made_or_planned_is_one_object(rvos, release, tmp_path):
    given = ("prepare", "ytvos", "--root", release, "--out", tmp_path / "store", "--json")
    plan = json.loads(rvos(*given, "--dry-run").out)
    assert plan["dry_run"] is True and plan["fits"] is True
    assert not (tmp_path / "store").exists()
    ran = rvos(*given)
    content = json.loads(ran.out)
    assert content["store"] == str(tmp_path / "store")
    assert content["counts"] == Store.open(tmp_path / "store").splits
    # Once for the person on stderr, once for the program.
    assert [f"Warning: {warning}" for warning in content["warnings"]] == [
        line for line in ran.err.splitlines() if line.startswith("Warning: ")
    ]


def test_a_plan_keeps_its_warnings_off_stdout(rvos, release, tmp_path):
    ran = rvos("prepare", "ytvos", "--root", release, "--out", tmp_path / "store", "--dry-run", "--quiet")
    assert "Warning" not in ran.out
    assert all(line.startswith("Warning: ") for line in ran.err.splitlines())


def test_problems_of_a_store_are_data_and_still_an_error(rvos, release, tmp_path):
    store = tmp_path / "store"
    assert rvos("prepare", "ytvos", "--root", release, "--out", store).code == 0
    assert json.loads(rvos("verify", store, "--json").out)["problems"] == []
    flip(part(store, "objects"), 30)
    ran = rvos("verify", store, "--json", "--no-frames")
    assert ran.code == 3
    content = json.loads(ran.out)
    assert content["frames_decoded"] is False
    assert {problem["table"] for problem in content["problems"]} >= {"files"}
    assert f"{len(content['problems'])} problem" in ran.error
