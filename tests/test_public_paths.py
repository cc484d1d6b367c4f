"""A path that is not of this machine is refused wherever one is taken, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest

import rvosbench as rv
from rvosbench.errors import LocationError

FOREIGN = "s3://stores/x"
CALLS = {
    "open_store": lambda path: rv.open_store(path),
    "open_store, release": lambda path: rv.open_store("store", path),
    "open_run": lambda path: rv.open_run(path),
    "prepare, root": lambda path: rv.prepare("ytvos", path, "out"),
    "prepare, out": lambda path: rv.prepare("ytvos", "release", path),
    "prepare, option": lambda path: rv.prepare("ytvos", "release", "out", options={"valid_masks": str(path)}),
    "train, store": lambda path: rv.train("soc", path, out="out", preset="soc-demo"),
    "train, out": lambda path: rv.train("soc", "store", out=path, preset="soc-demo"),
    "train, backbone": lambda path: rv.train("soc", "store", out="out", preset="soc-demo", backbone=path),
    "predict, store": lambda path: rv.predict("centre", path, out="out"),
    "predict, out": lambda path: rv.predict("centre", "store", out=path),
    "predict, checkpoint": lambda path: rv.predict("soc", "store", out="out", checkpoint=path),
    "evaluate": lambda path: rv.evaluate(path, "store"),
    "evaluate, store": lambda path: rv.evaluate({}, path),
    "evaluate, out": lambda path: rv.evaluate({}, "store", out=path),
    "compare": lambda path: rv.compare(path, path),
    "leaderboard": lambda path: rv.leaderboard([path]),
    "report": lambda path: rv.report(path),
    "load_model": lambda path: rv.load_model("soc", path),
    "segment": lambda path: rv.segment(path, "a cat", model="centre"),
    "segment, out": lambda path: rv.segment("frames", "a cat", model="centre", out=path),
}


@pytest.mark.parametrize("as_path", [False, True], ids=["str", "Path"])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_foreign_path_is_refused_and_nothing_is_made(call, as_path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((LocationError, rv.RvosbenchError), match=r"s3:/+stores/x") as caught:
        call(Path(FOREIGN) if as_path else FOREIGN)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, LocationError) or "expected a path" in str(caught.value)
    assert list(tmp_path.iterdir()) == []
