"""Store + predictions -> scores, by hand."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.evaluation import collect as module
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.metrics import boundary_measure, region_similarity
from rvosbench.preparation import prepare
from rvosbench.runs.predictions import Prediction
from rvosbench.runs.run import open_run
from rvosbench.store import Store
from rvosbench.types import Video
from tests.tiny_run import answer, make_run, palette_folder, shifted, truth
from tests.tiny_store import (
    lone_square,
    square,
    tiny_store,
    two_squares,
    write_store,
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return tiny_store(tmp_path / "store")


@pytest.fixture
def run(tmp_path: Path, store: Store) -> Path:
    return make_run(tmp_path / "run", store, [answer(two_squares()), answer(lone_square())])


def test_j_and_f_are_means_over_frames_then_expressions(run: Path, store: Store):
    calls = []
    found = evaluate(
        run,
        store=store,
        split="train",
        protocol="ytvos",
        on_progress=lambda *call: calls.append(call),
    )
    j, f = [], []
    for video in (two_squares(), lone_square()):
        for expression in video.expressions:
            pairs = [
                (
                    shifted(video, expression.expression_id, frame),
                    truth(video, expression.expression_id, frame),
                )
                for frame in range(len(video.frames))
            ]
            j.append(np.mean([region_similarity(*pair) for pair in pairs]))
            f.append(np.mean([boundary_measure(*pair) for pair in pairs]))
    assert found.metrics["J"].value == pytest.approx(np.mean(j), abs=1e-15)
    assert found.metrics["F"].value == pytest.approx(np.mean(f), abs=1e-15)
    assert found.metrics["J&F"].value == pytest.approx((np.mean(j) + np.mean(f)) / 2, abs=1e-15)
    assert found.metrics["J"].low <= found.metrics["J"].value <= found.metrics["J"].high
    assert (found.metrics["J"].n, found.metrics["J"].unit) == (5, "expression")
    assert (found.n_expressions, found.n_videos, found.n_frames) == (5, 2, 29)
    assert (found.dataset, found.split, found.model) == ("tiny", "train", "drawn")
    assert calls == [(1, 2), (2, 2)]


def test_the_tables_say_how_the_numbers_came_about(run: Path, store: Store):
    evaluate(run, store=store, split="train", protocol="ytvos")
    expressions = open_run(run).expressions().to_pylist()
    frames = open_run(run).frames().to_pylist()
    assert [row["text"] for row in expressions][:2] == ["the red square", "the blue one"]
    assert [(row["video_id"], row["n_frames"]) for row in expressions] == [("pair", 6)] * 4 + [("single", 5)]
    for row in expressions:
        mine = [
            each
            for each in frames
            if (each["video_id"], each["expression_id"]) == (row["video_id"], row["expression_id"])
        ]
        assert [each["frame_index"] for each in mine] == list(range(row["n_frames"]))
        assert row["j"] == np.mean([each["j"] for each in mine])
        assert row["j_and_f"] == (row["j"] + row["f"]) / 2
    blue = next(row for row in frames if (row["expression_id"], row["frame_index"]) == ("1", 3))
    assert (blue["intersection"], blue["union"]) == (56, 72)
    assert (blue["predicted_area"], blue["true_area"], blue["j"]) == (64, 64, 56 / 72)
    scores = json.loads((run / "scores" / "ytvos" / "scores.json").read_text())
    assert scores["protocol"]["name"] == "ytvos"
    assert "unverified" in scores["protocol"]["unverified"]
    assert scores["metrics"]["J"]["n"] == 5
    assert scores["store_fingerprint"] == store.fingerprint
    assert sorted(path.name for path in run.iterdir()) == ["predictions", "run.json", "scores"]
    assert sorted(path.name for path in (run / "scores").iterdir()) == ["ytvos"]
    assert sorted(path.name for path in (run / "scores" / "ytvos").iterdir()) == [
        "expression_scores.parquet",
        "frame_scores.parquet",
        "scores.json",
    ]


def test_a_perfect_answer_scores_1_under_every_protocol_for_expressions(tmp_path: Path, store: Store):
    run = make_run(tmp_path / "run", store, [answer(two_squares(), truth), answer(lone_square(), truth)])
    for protocol in ("ytvos", "mevis", "davis-expressions", "a2d", "a2d-top1", "jhmdb", "refcoco"):
        metrics = evaluate(run, store=store, split="train", protocol=protocol).metrics
        decays = {"J decay", "F decay"}
        # COCO counts an empty mask for an expression without target as missed, and "the dog" has none.
        for name in metrics.keys() - decays - {"mAP", "AP@0.5", "AP@0.75"}:
            assert metrics[name].value == 1.0, (protocol, name)
        assert all(metrics[name].value == 0.0 for name in metrics.keys() & decays)


def test_the_sample_protocols_count_frames_that_show_the_object(run: Path, store: Store):
    found = evaluate(run, store=store, split="train", protocol="refcoco")
    # 6 + 3 (blue enters in frame 3) + 6 + 6 (no target) of the pair, 1 of the lone square.
    assert found.n_frames == found.metrics["oIoU"].n == 22
    assert found.metrics["oIoU"].unit == "frame sample"
    frames = open_run(run).frames()
    assert found.metrics["oIoU"].value == sum(frames["intersection"].to_pylist()) / sum(
        frames["union"].to_pylist()
    )
    assert found.metrics["mIoU"].value == pytest.approx(np.mean(frames["j"].to_pylist()), abs=1e-6)
    thresholds = [f"P@0.{k}" for k in (5, 6, 7, 8, 9)]
    assert set(found.metrics) == {"oIoU", "mIoU", *thresholds, *(f"box {name}" for name in thresholds)}


def test_all_candidates_raise_map_and_the_best_scored_one_is_the_answer(tmp_path: Path):
    video = replace(lone_square(), objects=lone_square().objects[:1])
    store = write_store(
        tmp_path / "store",
        [replace(video, masks={key: mask for key, mask in video.masks.items() if key[0] == 7})],
    )

    def candidates(*scores_and_masks: tuple[float, np.ndarray]) -> list[Prediction]:
        rows = answer(video, frames=[4])
        return [
            replace(rows[0], candidate=number, score=score, mask=masks.encode(mask))
            for number, (score, mask) in enumerate(scores_and_masks)
        ]

    right, wrong = square(3), square(20)
    run = make_run(tmp_path / "wrong-first", store, [candidates((0.9, wrong), (0.8, right))])
    # The one true mask is found at rank two: precision 1/2 at every recall.
    everything = evaluate(run, store=store, split="train", protocol="a2d").metrics
    assert everything["mAP"].value == pytest.approx(0.5)
    assert everything["mIoU"].value == pytest.approx(0, abs=1e-6)
    assert math.isnan(everything["mAP"].low) and math.isnan(everything["mIoU"].low)  # a single video
    assert evaluate(run, store=store, split="train", protocol="a2d-top1").metrics["mAP"].value == 0.0
    # The file's order does not matter for samples, the score does.
    run = make_run(tmp_path / "best-last", store, [candidates((0.1, wrong), (0.8, right))])
    for protocol in ("a2d", "a2d-top1", "refcoco"):
        metrics = evaluate(run, store=store, split="train", protocol=protocol).metrics
        assert next(iter(metrics.values())).value == pytest.approx(1.0)


def objects_from_1(video: Video) -> Video:
    """The red square as object 1, the blue one as object 2, both from the first frame on, and some void."""
    red = {(1, n): masks.encode(square(2 * n)) for n in range(6)}
    blue = {(2, n): masks.encode(square(20, 14)) for n in range(6)}
    void = {(255, n): masks.encode(square(28, 14, 4)) for n in range(6)}
    ids = ((1, "red"), (2, "blue"), (255, "void"))
    things = tuple(replace(video.objects[0], object_id=i, category=name) for i, name in ids)
    return replace(video, objects=things, expressions=(), masks=red | blue | void)


def test_objects_are_scored_against_their_own_label(tmp_path: Path):
    video = objects_from_1(two_squares())
    store = write_store(tmp_path / "store", [video])
    folder = palette_folder(tmp_path / "mine", video, moved=1)
    found = evaluate(folder, store, split="train", protocol="davis-objects", out=tmp_path / "a")
    table = open_run(tmp_path / "a").expressions().to_pylist()
    assert [(row["expression_id"], row["text"], row["n_frames"]) for row in table] == [
        ("1", "red", 6),
        ("2", "blue", 6),
    ]
    # Moved by one column: 7 of 9 columns agree; of the blue one's new column half lies in the void.
    assert table[0]["j"] == pytest.approx(56 / 72)
    assert table[1]["j"] == pytest.approx(56 / 68)
    assert found.metrics["J recall"].value == 1.0
    assert found.model == "mine"
    inner = evaluate(folder, store, split="train", protocol="davis-semi", out=tmp_path / "b")
    assert inner.n_frames == 8
    semi = open_run(tmp_path / "b").expressions().to_pylist()
    assert semi[1]["j"] == pytest.approx(56 / 72)  # void is background here


def test_real_davis_results_score_what_the_official_evaluator_prints(shared: Path, tmp_path: Path):
    root = shared / "samples" / "ref_davis17"
    store = Store.open(prepare("davis", root, tmp_path / "store").store)
    official = {
        "davis-objects": {"blackswan": (0.94315, 0.97459), "car-shadow": (0.92367, 0.91311)},
        "davis-semi": {"blackswan": (0.94302, 0.97410), "car-shadow": (0.92840, 0.91741)},
    }
    for protocol, expected in official.items():
        out = tmp_path / protocol
        evaluate(root / "predictions_osvos", store, split="val", protocol=protocol, out=out)
        rows = open_run(out).expressions().to_pylist()
        assert {row["video_id"]: (round(row["j"], 5), round(row["f"], 5)) for row in rows} == expected


def test_what_the_run_did_not_ask_is_not_missed(tmp_path: Path, store: Store):
    some = [row for row in answer(two_squares()) if row.expression_id != "3"]
    run = make_run(
        tmp_path / "run", store, [some], left_out=["pair/3"], limit=1, swapped_sentences=True, is_oracle=True
    )
    found = evaluate(run, store=store, split="train", protocol="ytvos")
    assert (found.n_expressions, found.n_videos, found.n_left_out) == (3, 1, 1)
    assert (found.mismatched_expressions, found.is_oracle) == (True, True)
    assert math.isnan(found.metrics["J"].low)  # one video says nothing about the next


def test_predictions_for_other_videos_are_ignored_and_listed(tmp_path: Path, store: Store, caplog):
    rows = [answer(video) for video in (two_squares(), lone_square(), two_squares("surplus"))]
    run = make_run(tmp_path / "run", store, rows)
    found = evaluate(run, store=store, split="train", protocol="ytvos")
    assert found.ignored_videos == ("surplus",)
    assert "1 videos that tiny/train does not have are ignored, such as surplus" in caplog.text


def test_scoring_under_another_protocol_adds_and_under_the_same_replaces(run: Path, store: Store):
    first = evaluate(run, store=store, split="train", protocol="ytvos")
    evaluate(run, store=store, split="train", protocol="refcoco")
    assert open_run(run).protocols == ("refcoco", "ytvos")
    assert open_run(run).scores("ytvos") == first
    (run / "scores" / "ytvos" / "stale").touch()
    evaluate(run, store=store, split="train", protocol="ytvos", force=True)
    assert open_run(run).scores("ytvos") == first and not (run / "scores" / "ytvos" / "stale").exists()
    assert (len(open_run(run).frames("refcoco")), len(open_run(run).frames("ytvos"))) == (22, 29)


def test_the_seed_decides_the_intervals(run: Path, store: Store):
    first, again, other = (
        evaluate(run, store=store, protocol="ytvos", seed=seed).as_json() for seed in (0, 0, 1)
    )
    assert first == again
    assert first["metrics"]["J"]["value"] == other["metrics"]["J"]["value"]


def test_an_interrupted_evaluation_leaves_the_old_scores(run: Path, store: Store, monkeypatch):
    evaluate(run, store=store, split="train", protocol="ytvos")
    before = (run / "scores" / "ytvos" / "scores.json").read_bytes()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "measure_pairs", interrupted)
    with pytest.raises(KeyboardInterrupt):
        evaluate(run, store=store, split="train", protocol="refcoco")
    assert (run / "scores" / "ytvos" / "scores.json").read_bytes() == before
    assert [path.name for path in (run / "scores").iterdir()] == ["ytvos"]
