"""What is there is never replaced without `--overwrite`, and with it only by its own kind."""

from __future__ import annotations

import pytest

from rvosbench.runs.content import ANSWERS


@pytest.fixture
def run(rvos, store, tmp_path):
    """A scored run of predictions, and the words that made it."""
    words = ("predict", "everything", "--dataset", store, "--split", "heldout", "--out", tmp_path / "run")
    assert rvos(*words).code == 0
    assert rvos("evaluate", tmp_path / "run").code == 0
    return words


def test_predictions_give_way_to_newer_ones_with_their_scores(rvos, run, tmp_path):
    ran = rvos(*run)
    assert ran.code == 1
    assert "already holds a run of predictions" in ran.error and "--overwrite" in ran.error
    assert (tmp_path / "run" / "scores").is_dir()
    ran = rvos(*run, "--overwrite")
    assert ran.code == 0, ran.err
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["predictions", "run.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_plan_says_the_same(rvos, run):
    assert "--overwrite" in rvos(*run, "--dry-run").error
    assert rvos(*run, "--dry-run", "--overwrite").code == 0


def test_predictions_never_replace_weights_nor_what_is_not_ours(rvos, run, store, tmp_path):
    (tmp_path / "run" / "thesis.txt").write_text("three years")
    assert "something else than a run of predictions" in rvos(*run, "--overwrite").error
    trained = tmp_path / "trained"
    train = ("train", "soc", "--preset", "soc-demo", "--dataset", store, "--steps", 1, "--batch-size", 1)
    assert rvos(*train, "--out", trained).code == 0
    assert "something else" in rvos(*run[:-1], trained, "--overwrite").error
    assert (trained / "checkpoint").is_dir()


@pytest.mark.parametrize(
    ("names", "ours"),
    [
        (("run.json", "predictions"), True),
        (("run.json", "predictions", "scores", "report"), True),
        (("run.json", "predictions", "scores.json", "frame_scores.parquet"), True),
        (("run.json", "predictions", "notes"), False),
        (("run.json", "checkpoint"), False),
        (("predictions",), False),
    ],
)
def test_what_counts_as_a_run_of_predictions(tmp_path, names, ours):
    for name in names:
        (tmp_path / name).mkdir()
    assert ANSWERS.fills(tmp_path) is ours


def test_a_picture_and_a_page_that_were_named_are_not_replaced(rvos, run, store, tmp_path):
    from rvosbench.store import Store

    (video, *_) = Store.open(store).video_ids("heldout")
    for words in (
        ("preview", store, "--video", video, "--out", tmp_path / "a.png"),
        ("report", tmp_path / "run", "--out", tmp_path / "a.html"),
    ):
        words[-1].write_text("mine")
        ran = rvos(*words)
        assert ran.code == 1 and "--overwrite" in ran.error
        assert words[-1].read_text() == "mine"
        assert rvos(*words, "--overwrite").code == 0
        assert words[-1].stat().st_size > 100


def test_the_page_of_a_run_is_made_anew(rvos, run, tmp_path):
    for _ in range(2):
        assert rvos("report", tmp_path / "run").code == 0
