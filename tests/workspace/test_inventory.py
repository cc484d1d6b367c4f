"""Stores and runs as lists: a damaged one is a row with its fault, never a stop."""

from __future__ import annotations

import json
import shutil

import pytest

from rvosbench.evaluation.evaluate import evaluate
from rvosbench.workspace.runs import runs_of
from rvosbench.workspace.stores import stores_of
from tests.workspace import labs


@pytest.fixture
def lab(tmp_path):
    return labs.lab(tmp_path / "lab")


def kinds(lab) -> dict[str, str]:
    return {run.name: run.kind for run in runs_of(lab)}


def fault(entries, name: str) -> str:
    (entry,) = (entry for entry in entries if entry.name == name)
    assert entry.fault and "\n" not in entry.fault
    return entry.fault


def test_without_folders_the_lists_are_empty(lab):
    shutil.rmtree(lab.stores)
    assert stores_of(lab) == () and runs_of(lab) == ()
    lab.stores.write_text("")
    assert stores_of(lab) == ()


def test_a_store_is_listed_with_what_is_in_it(lab):
    (entry,) = stores_of(lab)
    assert (entry.name, entry.dataset, entry.fault) == ("tiny", "tiny", None)
    assert entry.fingerprint == labs.tiny(lab).fingerprint
    assert {split: counts["videos"] for split, counts in entry.splits.items()} == {
        "train": 1,
        "test": 1,
        "valid": 1,
    }
    assert entry.size_bytes == sum(path.stat().st_size for path in (lab.stores / "tiny").rglob("*.parquet"))


def test_damaged_stores_are_rows_and_hidden_folders_are_none(lab):
    (lab.stores / "empty").mkdir()
    (lab.stores / ".other.partial").mkdir()
    for name in ("short", "json", "list", "odd"):
        shutil.copytree(lab.stores / "tiny", lab.stores / name)
    next((lab.stores / "short").rglob("*.parquet")).write_bytes(b"PAR1")
    (lab.stores / "json" / "dataset.json").write_text("{")
    (lab.stores / "list" / "dataset.json").write_text("[]")
    manifest = json.loads((lab.stores / "odd" / "dataset.json").read_text())
    (lab.stores / "odd" / "dataset.json").write_text(json.dumps(manifest | {"splits": {"train": 3}}))
    entries = stores_of(lab)
    assert [entry.name for entry in entries] == ["empty", "json", "list", "odd", "short", "tiny"]
    assert "the manifest says" in fault(entries, "short")
    for name in ("empty", "json", "list", "odd"):
        assert fault(entries, name)
    assert entries[-1].fault is None


def test_a_store_whose_release_is_gone_says_so(lab):
    path = lab.stores / "tiny" / "dataset.json"
    manifest = json.loads(path.read_text())
    manifest["release"] |= {"root": "/nowhere/ytvos", "packed": False}
    path.write_text(json.dumps(manifest))
    (entry,) = stores_of(lab)
    assert "/nowhere/ytvos is not there" in str(entry.fault)
    assert entry.splits is not None


def test_runs_of_every_kind_are_told_apart(lab):
    labs.trained(lab, "soc-tiny-1")
    labs.predicted(lab, "soc-tiny-1-test", checkpoint_sha256=labs.SHA)
    labs.scored(lab, "drawn-10")
    labs.scored(lab, "drawn-9")
    shutil.copytree(lab.runs / "drawn-9", lab.runs / "zip")
    shutil.rmtree(lab.runs / "zip" / "predictions")
    (lab.runs / "zip" / "run.json").unlink()
    (lab.runs / "soc-tiny-2").mkdir()
    (lab.runs / "soc-tiny-2" / "log.jsonl").write_text("")
    (lab.runs / "soc-tiny-3").mkdir()  # claimed, nothing in it yet
    (lab.runs / "boards").mkdir()
    (lab.runs / "boards" / "leaderboard.md").write_text("")
    (lab.runs / ".soc-tiny-4.partial").mkdir()
    assert kinds(lab) == {
        "drawn-9": "scored",
        "drawn-10": "scored",
        "soc-tiny-1": "trained",
        "soc-tiny-1-test": "predicted",
        "soc-tiny-2": "unfinished",
        "zip": "scored",
    }
    assert list(kinds(lab))[:2] == ["drawn-9", "drawn-10"]
    runs = {run.name: run for run in runs_of(lab)}
    (score,) = runs["drawn-9"].scores
    assert (score.protocol, score.metric) == ("ytvos", "J&F") and 0 < score.value.value < 1
    assert (runs["zip"].dataset, runs["zip"].split) == ("tiny", "test")
    assert runs["soc-tiny-1"].preset == "soc-demo" and runs["soc-tiny-1"].checkpoint.is_dir()
    assert "rvos train ... --resume" in fault(runs.values(), "soc-tiny-2")


@pytest.mark.parametrize("content", ["{", "[]", "null", '"x"', "[" * 100_000, "\xff"])
def test_damaged_runs_are_rows(lab, content):
    run = labs.predicted(lab, "drawn")
    (run / "run.json").write_text(content, encoding="latin-1")
    assert kinds(lab) == {"drawn": "damaged"}
    assert fault(runs_of(lab), "drawn")


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", '{"protocol": 3}', '{"protocol": {"main_metric": "J"}}']
)
def test_damaged_scores_are_rows(lab, content):
    run = labs.scored(lab, "drawn")
    (run / "scores" / "ytvos" / "scores.json").write_text(content)
    assert kinds(lab) == {"drawn": "damaged"}


def test_scores_of_several_protocols_stand_side_by_side(lab):
    run = labs.scored(lab, "drawn")
    evaluate(run, store=labs.tiny(lab), split="test", protocol="mevis")
    (entry,) = runs_of(lab)
    assert {score.protocol for score in entry.scores} == {"ytvos", "mevis"}


def test_scores_of_before_they_lived_under_their_protocol_are_read(lab):
    run = labs.scored(lab, "drawn")
    for path in (run / "scores" / "ytvos").iterdir():
        path.rename(run / path.name)
    shutil.rmtree(run / "scores")
    (entry,) = runs_of(lab)
    assert entry.kind == "scored" and [score.protocol for score in entry.scores] == ["ytvos"]


def test_what_a_record_promises_and_is_not_there_is_a_fault(lab):
    shutil.rmtree(labs.trained(lab, "soc") / "checkpoint")
    shutil.rmtree(labs.predicted(lab, "drawn") / "predictions")
    (labs.predicted(lab, "lost") / "run.json").unlink()
    assert set(kinds(lab).values()) == {"damaged"}
    assert "checkpoint is missing" in fault(runs_of(lab), "soc")
    assert "predictions is missing" in fault(runs_of(lab), "drawn")
    assert "run.json is missing" in fault(runs_of(lab), "lost")


def test_odd_values_in_a_record_are_no_stop(lab):
    labs.predicted(lab, "drawn")
    record = {"kind": "predictions", "model": ["x"], "split": 3, "dataset": {"a": 1}}
    (lab.runs / "drawn" / "run.json").write_text(json.dumps(record))
    (run,) = runs_of(lab)
    assert (run.kind, run.model, run.split, run.written) == ("predicted", "['x']", "3", None)
    (lab.runs / "drawn" / "run.json").write_text(json.dumps(record | {"limit": "all"}))
    assert kinds(lab) == {"drawn": "damaged"}
