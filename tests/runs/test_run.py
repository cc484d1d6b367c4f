"""A run as an object: what is read from where, and which scores are meant when none are named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rvosbench.errors import FormatError, MissingPathError, UnknownNameError
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.runs.run import Run, open_run
from rvosbench.store import Store
from tests.reporting.runs import late, scored_run, scores_file, store_of_pairs


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return store_of_pairs(tmp_path / "store")


@pytest.fixture
def run(tmp_path: Path, store: Store) -> Run:
    return open_run(str(scored_run(tmp_path / "run", store, late, model="soc", seed=3)))


def in_the_old_layout(run: Run) -> Path:
    """As runs were before scores lived under their protocol."""
    folder = run.path / "scores" / "ytvos"
    scores = json.loads((folder / "scores.json").read_text())
    for key in ("store", "predictions", "traits", "mismatched_expressions"):
        del scores[key]
    for metric in scores["metrics"].values():
        del metric["better"]
    (folder / "scores.json").write_text(
        json.dumps(scores | {"schema_version": 1, "swapped_sentences": False})
    )
    for path in folder.iterdir():
        path.rename(run.path / path.name)
    shutil.rmtree(run.path / "scores")
    return run.path


def test_a_run_says_what_it_is_and_reads_each_file_once(run, monkeypatch):
    assert (run.name, run.record.model, run.record.seed, run.protocols) == ("run", "soc", 3, ("ytvos",))
    assert "scored under ytvos" in repr(run)
    assert len(run) == run.scores().n_expressions == 11
    assert [row["expression_id"] for row in run][:2] == ["0", "1"]
    assert run.to_pandas()["j"].mean() == pytest.approx(run.scores().metrics["J"].value)
    assert run.predictions.video_ids() == ("a", "b", "c")
    shutil.rmtree(run.path)
    assert (run.scores().model, run.expressions().num_rows) == ("soc", 11)
    assert "J&amp;F" in run._repr_html_()


def test_the_old_layout_reads_the_same(run):
    new, frames = run.scores(), run.frames()
    old = open_run(in_the_old_layout(run))
    assert old.protocols == ("ytvos",)
    assert old.scores().metrics == new.metrics and old.scores().protocol == new.protocol
    assert old.frames() == frames
    assert old.scores().store is None


def test_scoring_an_old_run_again_leaves_no_old_totals_of_that_protocol(run, store):
    path = in_the_old_layout(run)
    evaluate(path, store=store, split="train", protocol="mevis")
    assert (path / "scores.json").exists() and open_run(path).protocols == ("mevis", "ytvos")
    evaluate(path, store=store, split="train", protocol="ytvos")
    assert sorted(each.name for each in path.iterdir()) == ["predictions", "run.json", "scores"]
    assert open_run(path).scores("ytvos").store == str(store.folder)


def test_without_a_name_the_datasets_own_protocol_is_meant(run, store, tmp_path):
    evaluate(run.path, store=store, split="train", protocol="mevis")
    with pytest.raises(UnknownNameError, match=r"under mevis, ytvos, none .* choose one with --protocol"):
        open_run(run.path).scores()  # nobody registered the dataset "tiny"
    assert open_run(run.path).scores("mevis").protocol.name == "mevis"
    for name in ("mevis", "ytvos"):
        scores_file(tmp_path / "two" / "scores" / name, protocol=name, dataset="ytvos")
    assert open_run(tmp_path / "two").protocols == ("ytvos", "mevis")
    assert open_run(tmp_path / "two").scores().protocol.name == "ytvos"


def test_a_protocol_that_was_not_scored_names_those_that_were(run):
    with pytest.raises(
        UnknownNameError, match=r"not scored under 'refcoco' but under ytvos.*--protocol refcoco"
    ):
        run.scores("refcoco")


def test_what_is_no_run_is_refused(tmp_path, run):
    for place in (tmp_path, tmp_path / "nowhere", run.path / "run.json"):
        with pytest.raises(MissingPathError, match="expected the folder of a finished"):
            open_run(place)
    shutil.rmtree(run.path / "scores")
    with pytest.raises(MissingPathError, match="rvos evaluate"):
        open_run(run.path).scores()


def test_scores_of_foreign_predictions_have_no_record(tmp_path):
    run = open_run(scores_file(tmp_path / "external"))
    assert run.record is None and run.scores().model == "external"


def test_damaged_scores_are_one_line(tmp_path):
    path = scores_file(tmp_path / "a")
    (path / "scores.json").write_text("[]")
    with pytest.raises(FormatError, match=r"scores\.json holds a list"):
        open_run(path).scores()
