"""What `rvos evaluate` without a run finds to do."""

from __future__ import annotations

import shutil

import pytest

from rvosbench.errors import UnknownNameError
from rvosbench.workspace.init import initialise
from rvosbench.workspace.pending import evaluation_split, has_ground_truth, unscored_runs
from tests.tiny_store import hidden, lone_square, two_squares, write_store
from tests.workspace import labs


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.delenv("RVOS_HOME", raising=False)
    workspace = labs.lab(tmp_path / "lab")
    monkeypatch.chdir(workspace.folder)
    return workspace


def ytvos(dataset: str) -> str:
    return "ytvos"


def names(tasks) -> list[str]:
    return [task.run.name for task in tasks]


def test_predictions_without_scores_are_scored_where_they_were_made(lab):
    labs.predicted(lab, "new")
    labs.scored(lab, "old")
    pending = unscored_runs(lab, ytvos)
    assert names(pending.score) == ["new"] and not pending.predict and not pending.left
    (task,) = pending.score
    assert (str(task.store), task.split, task.protocol) == ("stores/tiny", "test", "ytvos")


def test_scores_under_another_protocol_are_not_those_of_the_dataset(lab):
    labs.scored(lab, "old")
    assert names(unscored_runs(lab, lambda dataset: "mevis").score) == ["old"]


def test_the_workspace_may_choose_another_protocol(lab):
    labs.scored(lab, "old")
    (lab.folder / "rvos.toml").write_text('[datasets.tiny]\nprotocol = "mevis"\n')
    from rvosbench.workspace import current_workspace

    (task,) = unscored_runs(current_workspace(), ytvos).score
    assert task.protocol == "mevis"


def test_a_trained_run_is_predicted_with_once_whatever_its_answers_are_called(lab):
    labs.trained(lab, "soc-tiny-1")
    (task,) = unscored_runs(lab, ytvos).predict
    assert (task.run.name, task.split, str(task.store)) == ("soc-tiny-1", "test", "stores/tiny")
    run = labs.predicted(lab, "control", checkpoint_sha256=labs.SHA, mismatched_expressions=True)
    assert names(unscored_runs(lab, ytvos).predict) == ["soc-tiny-1"]
    shutil.rmtree(run)
    labs.predicted(lab, "whatever", checkpoint_sha256=labs.SHA)
    pending = unscored_runs(lab, ytvos)
    assert not pending.predict and names(pending.score) == ["whatever"]


def test_hidden_ground_truth_is_no_fault(lab):
    labs.predicted(lab, "server", split="valid")
    (left,) = unscored_runs(lab, ytvos).left
    assert not left.is_fault and left.reason == "the ground truth of tiny/valid is not public"


def test_a_trained_run_without_a_split_to_score_on_is_no_fault(lab):
    labs.trained(lab, "soc-tiny-1", split="test")
    (left,) = unscored_runs(lab, ytvos).left
    assert not left.is_fault and "has no split but 'test' with public ground truth" in left.reason


def test_what_is_damaged_is_left_and_the_rest_is_done(lab):
    (labs.predicted(lab, "broken") / "run.json").write_text("{")
    labs.predicted(lab, "fine")
    labs.predicted(lab, "stranger", store_fingerprint="0" * 64)
    labs.predicted(lab, "nameless", dataset=None)
    (lab.runs / "begun").mkdir()
    (lab.runs / "begun" / "log.jsonl").write_text("")
    pending = unscored_runs(lab, ytvos)
    assert names(pending.score) == ["fine"]
    reasons = {left.run.name: left.reason for left in pending.left}
    assert set(reasons) == {"broken", "stranger", "nameless"} and all(left.is_fault for left in pending.left)
    assert "is gone or was made anew" in reasons["stranger"]


def test_a_dataset_without_a_protocol_leaves_its_runs(lab):
    labs.predicted(lab, "drawn")

    def none(dataset):
        raise UnknownNameError("no default protocol")

    (left,) = unscored_runs(lab, none).left
    assert left.is_fault and left.reason == "no default protocol"


def test_a_store_that_moved_is_known_by_what_is_in_it(lab, tmp_path):
    labs.predicted(lab, "drawn", store="gone/tiny")
    (lab.stores / "tiny").rename(lab.stores / "renamed")
    (task,) = unscored_runs(lab, ytvos).score
    assert str(task.store) == "stores/renamed"
    (lab.stores / "renamed").rename(tmp_path / "outside")
    (left,) = unscored_runs(lab, ytvos).left
    assert "gone/tiny that it was made from is gone" in left.reason


def test_a_store_outside_of_the_workspace_is_used_where_it_is(lab, tmp_path):
    labs.predicted(lab, "drawn", store=str(tmp_path / "outside"))
    (lab.stores / "tiny").rename(tmp_path / "outside")
    (task,) = unscored_runs(lab, ytvos).score
    assert task.store.samefile(tmp_path / "outside")


@pytest.mark.parametrize(
    ("splits", "learnt_from", "chosen"),
    [
        (("train", "valid", "heldout"), "train", "valid"),
        (("train", "heldout"), "train", "heldout"),
        (("train", "test"), "train", "test"),
        (("train", "val", "testA", "testB"), "train", "val"),
        (("train", "valid_u"), "train", "valid_u"),
        (("train", "other"), "train", "other"),
        (("train", "valid"), "valid", None),
        (("train",), "train", None),
    ],
)
def test_the_evaluation_split_is_the_usual_one_that_was_not_trained_on(tmp_path, splits, learnt_from, chosen):
    store = write_store(tmp_path / "tiny", [two_squares(f"v{n}", split) for n, split in enumerate(splits)])
    assert evaluation_split(store, learnt_from) == chosen


def test_a_split_with_hidden_ground_truth_is_passed_over(tmp_path):
    videos = [two_squares("a", "train"), hidden("b", "valid"), lone_square("c", "heldout")]
    store = write_store(tmp_path / "tiny", videos)
    assert not has_ground_truth(store, "valid") and has_ground_truth(store, "heldout")
    assert evaluation_split(store, "train") == "heldout"


def test_an_empty_workspace_has_nothing_to_do(tmp_path):
    pending = unscored_runs(initialise(tmp_path), ytvos)
    assert not (pending.predict or pending.score or pending.left)


def test_a_training_on_a_store_outside_of_the_workspace_is_predicted_there(lab, tmp_path):
    labs.trained(lab, "soc-tiny-1", store=str(tmp_path / "outside"))
    (lab.stores / "tiny").rename(tmp_path / "outside")
    (task,) = unscored_runs(lab, ytvos).predict
    assert task.store.samefile(tmp_path / "outside") and task.split == "test"
