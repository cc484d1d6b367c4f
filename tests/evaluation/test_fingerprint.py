"""Scores are not computed twice: only where nothing that decides a number has changed."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from rvosbench.evaluation import evaluate as module
from rvosbench.evaluation import fingerprint
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.inference.predict import predict
from rvosbench.plugins.metric import Metric
from rvosbench.plugins.registry import METRICS, MODELS
from rvosbench.runs.run import open_run
from rvosbench.work import program
from tests.evaluation.parts import OPINIONS, store_of_seven


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return store_of_seven(tmp_path_factory.mktemp("fingerprint") / "store")


@pytest.fixture(scope="module")
def made(store, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "run"
    with MODELS.register("opinions", OPINIONS):
        return predict("opinions", store, split="train", out=out)


@pytest.fixture
def run(made, tmp_path, monkeypatch):
    monkeypatch.setattr(program, "_own_source", lambda: b"")
    return shutil.copytree(made, tmp_path / "run")


@pytest.fixture
def computed(monkeypatch):
    """How often videos were scored."""
    calls = []
    real = module.score_spread

    def counting(*arguments):
        calls.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(module, "score_spread", counting)
    return calls


def test_the_same_once_more_is_read(run, store, computed):
    first = evaluate(run, store, protocol="ytvos")
    second = evaluate(run, store, protocol="ytvos", workers=2)
    assert len(computed) == 1
    assert (first.reused, second.reused) == (False, True)
    assert second == first
    assert (second.frames, second.expressions) == (first.frames, first.expressions)
    assert evaluate(run, store, protocol="ytvos", force=True).reused is False
    assert len(computed) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"metrics": ["oIoU"]},
        {"allow_empty": True},
        {"missing": "zero"},
        {"model": "another name"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_other_options_are_other_scores(run, store, computed, change):
    evaluate(run, store, protocol="ytvos")
    evaluate(run, store, protocol="ytvos", **change)
    assert len(computed) == 2


def test_what_has_changed_is_computed_again(run, store, computed, monkeypatch):
    def again() -> bool:
        before = len(computed)
        evaluate(run, store, protocol="ytvos")
        return len(computed) > before

    assert again() and not again()
    with (next((run / "predictions").iterdir())).open("ab"):
        pass
    assert not again()
    (run / "predictions" / "more.txt").write_text("a file beside them may be read one day")
    assert again() and not again()
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | {"model": "renamed"}))
    assert again() and open_run(run).scores().model == "renamed"
    monkeypatch.setattr(program, "_own_source", lambda: b"another program")
    assert again() and not again()
    monkeypatch.setattr(fingerprint, "_version", lambda package: "another")
    assert again() and not again()
    (run / "scores" / "ytvos" / "frame_scores.parquet").write_bytes(b"PAR1")
    assert again() and not again()
    (run / "scores" / "ytvos" / "scores.json").write_text("{}")
    assert again() and not again()


def test_a_metric_of_a_script_may_have_changed_so_it_is_computed_again(run, store, computed):
    def metric(factor: float) -> Metric:
        return Metric(
            name="mine",
            title="J times a factor",
            better="higher",
            over="frame",
            numerator=lambda table: table.frames.j * factor,
            source="nowhere",
        )

    values = []
    for factor in (1.0, 0.5):
        with METRICS.register("mine", metric(factor)):
            scores = evaluate(run, store, protocol="ytvos", metrics=["mine"])
            values.append(scores.metrics["mine"].value)
            assert scores.fingerprint is None
    assert values[1] == pytest.approx(values[0] / 2) and len(computed) == 2


def test_what_is_kept_nowhere_is_computed(run, store, computed):
    for _ in range(2):
        evaluate(run / "predictions", store, split="train", protocol="ytvos")
    assert len(computed) == 2


def test_foreign_predictions_are_known_again_where_their_scores_are_kept(run, store, tmp_path, computed):
    for name in ("one", "one", "two"):
        evaluate(run / "predictions", store, split="train", protocol="ytvos", out=tmp_path / name)
    assert len(computed) == 2


def test_what_lies_behind_a_link_is_predictions_too(run, store, tmp_path, computed):
    elsewhere = tmp_path / "disk" / "run"
    shutil.copytree(run / "predictions", elsewhere / "predictions")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "mine").symlink_to(elsewhere / "predictions")
    given = {"split": "train", "protocol": "ytvos", "out": tmp_path / "scores"}
    for _ in range(2):
        evaluate(tmp_path / "linked", store, **given)
    assert len(computed) == 1
    (elsewhere / "predictions" / ".hidden").touch()  # no results
    (elsewhere / "predictions" / os.fsdecode(b"\xff.txt")).touch()  # any name can be noted
    evaluate(tmp_path / "linked", store, **given)
    assert len(computed) == 2
