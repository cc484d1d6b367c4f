"""A model of another package, short as it is, is listed, trained, asked and scored like a built-in one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rvosbench.plugins.registry import MODELS
from rvosbench.testing import check_model
from tests.tiny_store import tiny_store

# Without torch the model is listed as broken, as it should be.
pytest.importorskip("torch", reason="needs torch")
SOURCE = Path(__file__).resolve().parents[1] / "toynet.py"


@pytest.fixture
def toynet(install):
    install(
        "toy-package",
        {"rvosbench.models": {"toynet": "toynet_module:SPEC"}},
        toynet_module=SOURCE.read_text(),
    )


def test_it_takes_less_than_sixty_lines():
    assert len([line for line in SOURCE.read_text().splitlines() if line.strip()]) < 60


def test_it_keeps_every_promise(toynet):
    assert len(check_model("toynet")) == 19


def test_it_goes_all_the_way_to_a_score(toynet, rvos, tmp_path):
    store = tiny_store(tmp_path / "store").folder
    listed = json.loads(rvos("list", "--json").out)
    model = listed["models"]["toynet"]
    assert (model["summary"], model["package"]) == ("a toy", "toy-package")
    assert model["presets"] == {"tiny": "16 channels"}
    ran = rvos("train", "toynet", "--preset", "tiny", "--dataset", store, "--out", tmp_path / "trained")
    assert ran.code == 0, ran.err
    assert ran.out.strip() == str(tmp_path / "trained" / "checkpoint")
    record = json.loads((tmp_path / "trained" / "run.json").read_text())
    assert (record["model"], record["preset"], record["steps"]) == ("toynet", "tiny", 20)
    ran = rvos(
        *("predict", "toynet", "--checkpoint", tmp_path / "trained" / "checkpoint"),
        *("--dataset", store, "--split", "train", "--out", tmp_path / "run"),
    )
    assert ran.code == 0, ran.err
    ran = rvos("evaluate", tmp_path / "run", "--protocol", "ytvos", "--allow-empty", "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["model"] == "toynet"


def test_without_a_preset_the_first_is_taken_and_said(toynet, rvos, tmp_path):
    store = tiny_store(tmp_path / "store").folder
    ran = rvos("train", "toynet", "--dataset", store, "--steps", 1, "--out", tmp_path / "trained")
    assert ran.code == 0 and "preset tiny" in ran.err
    ran = rvos("train", "toynet", "--preset", "soc-demo", "--dataset", store, "--out", tmp_path / "b")
    assert ran.error == "Error: no preset of toynet is named 'soc-demo'; there are: tiny"


def test_a_model_that_breaks_while_it_is_imported_stops_no_other(install, rvos, tmp_path):
    install("bad-package", {"rvosbench.models": {"bad": "bad_module:SPEC"}}, bad_module="raise SystemExit(3)")
    assert "bad" in MODELS
    ran = rvos("list", "models")
    assert ran.code == 0 and "of the package bad-package cannot be imported" in ran.out
    store = tiny_store(tmp_path / "store").folder
    given = ("--dataset", store, "--split", "train", "--out")
    assert rvos("predict", "centre", *given, tmp_path / "run").code == 0
    ran = rvos("predict", "bad", *given, tmp_path / "bad")
    assert ran.code == 1 and "(SystemExit: 3); update or uninstall that package" in ran.error
    ran = rvos("train", "centre", "--dataset", store, "--out", tmp_path / "t")
    assert "'centre' cannot be trained; those that can: soc" in ran.error
