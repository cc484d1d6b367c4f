"""The example plugin of docs/how-to: small, whole, and held to the checks that its author would run.

Its life from wheels, in a fresh environment, is scripts/check-wheels.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from rvosbench.evaluation.evaluate import evaluate
from rvosbench.inference.predict import predict
from rvosbench.plugins.registry import DATASETS, METRICS, MODELS, PROTOCOLS
from rvosbench.preparation import prepare
from rvosbench.store import Store
from rvosbench.testing import check_dataset, check_metric, check_model
from rvosbench.training import train
from tests.examples.toy_release import write_toy_release

PLUGIN = Path(__file__).resolve().parents[2] / "examples" / "plugin"
POINTS = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]["entry-points"]


@pytest.fixture
def toy(monkeypatch) -> Iterator[None]:
    """The plugin, registered as its pyproject.toml says."""
    monkeypatch.syspath_prepend(str(PLUGIN))
    registries = {registry.group: registry for registry in (DATASETS, MODELS, METRICS, PROTOCOLS)}
    undo = []
    for group, points in POINTS.items():
        for name, target in points.items():
            module, _, attribute = target.partition(":")
            value = getattr(__import__(module, fromlist=[attribute]), attribute)
            undo.append(registries[group].register(name, value))
    yield
    for registration in undo:
        registration.__exit__()
    for name in [name for name in sys.modules if name.startswith("rvos_toy")]:
        del sys.modules[name]


def test_it_registers_one_of_each_kind():
    assert {group: len(points) for group, points in POINTS.items()} == {
        "rvosbench.datasets": 1,
        "rvosbench.models": 1,
        "rvosbench.metrics": 1,
        "rvosbench.protocols": 1,
    }


def test_it_is_under_120_lines():
    lines = [line for path in (PLUGIN / "rvos_toy").glob("*.py") for line in path.read_text().splitlines()]
    assert len(lines) < 120


def test_it_keeps_every_contract(toy, tmp_path):
    check_dataset("toy", write_toy_release(tmp_path / "toy"), options={"lower-case": True})
    check_model("toynet")
    check_metric("precision")


def test_it_learns_and_its_metric_is_scored_under_its_protocol(toy, tmp_path):
    release = write_toy_release(tmp_path / "toy")
    store = Store.open(prepare("toy", release, tmp_path / "store", options={"lower-case": True}).store)
    assert {e.text for e in store.video("train", "v0").expressions} <= {
        f"the {colour} square" for colour in ("red", "green", "blue")
    }
    trained = train("toynet", store, out=tmp_path / "training")
    run = predict("toynet", store, split="test", out=tmp_path / "run", checkpoint=trained.checkpoint)
    scores = evaluate(run)
    assert scores.protocol.name == "toy"
    assert list(scores.metrics) == ["J&F", "J", "F", "precision"]
    assert scores.metrics["precision"].value > 0.9  # colours say all in these videos
    assert scores.metrics["precision"].low <= scores.metrics["precision"].value
