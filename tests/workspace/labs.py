"""A workspace with a tiny store and runs of every kind, without a model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from rvosbench.evaluation.evaluate import evaluate
from rvosbench.store import Store
from rvosbench.workspace import Workspace
from rvosbench.workspace.init import initialise
from tests.tiny_run import answer, make_run
from tests.tiny_store import hidden, lone_square, two_squares, write_store

SHA = "c" * 64


def lab(folder: Path) -> Workspace:
    """A workspace with the store `tiny`: train and test with ground truth, valid without."""
    workspace = initialise(folder)
    videos = [two_squares(), lone_square(split="test"), hidden()]
    write_store(workspace.stores / "tiny", videos)
    return workspace


def tiny(workspace: Workspace) -> Store:
    return Store.open(workspace.stores / "tiny")


def trained(workspace: Workspace, name: str, **record) -> Path:
    run = workspace.runs / name
    (run / "checkpoint").mkdir(parents=True)
    (run / "log.jsonl").write_text("")
    facts = {
        "kind": "training",
        "model": "soc",
        "preset": "soc-demo",
        "dataset": "tiny",
        "split": "train",
        "store_fingerprint": tiny(workspace).fingerprint,
        "checkpoint_sha256": SHA,
    }
    (run / "run.json").write_text(json.dumps(facts | record))
    return run


def predicted(workspace: Workspace, name: str, *, split: str = "test", **record) -> Path:
    store = tiny(workspace)
    rows = [answer(store.video(split, video_id), _anywhere) for video_id in store.video_ids(split)]
    facts = {"kind": "predictions", "dataset": "tiny", "split": split, "store": "stores/tiny"}
    run = make_run(workspace.runs / name, store, rows)
    written = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(written | facts | record))
    return run


def scored(workspace: Workspace, name: str, **record) -> Path:
    run = predicted(workspace, name, **record)
    evaluate(run, store=tiny(workspace), split="test", protocol="ytvos")
    return run


def _anywhere(video, expression_id: str, frame: int) -> np.ndarray:
    mask = np.zeros((video.height, video.width), np.bool_)
    mask[2:9, 3:9] = True
    return mask
