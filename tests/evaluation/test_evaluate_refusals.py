"""What cannot be scored, or should not be, is refused in one line and leaves nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rvosbench import masks
from rvosbench.errors import (
    MissingPathError,
    OutputError,
    RvosbenchError,
    ScoreError,
    ShapeError,
    UnknownNameError,
)
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.store import Store
from rvosbench.types import Rle
from tests.tiny_run import EMPTY, answer, make_run, palette_folder, truth
from tests.tiny_store import (
    HEIGHT,
    WIDTH,
    hidden,
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


def refused(run: Path, error: type[RvosbenchError], complaint: str, **arguments) -> None:
    """Of a run; or of `predictions`, whose scores would be written into `run`."""
    predictions = arguments.pop("predictions", run)
    arguments |= {} if predictions is run else {"out": run}
    existed, before = run.exists(), sorted(run.rglob("*")) if run.exists() else []
    with pytest.raises(error, match=complaint) as caught:
        evaluate(predictions, **({"split": "train", "protocol": "ytvos"} | arguments))
    assert "\n" not in str(caught.value)
    assert (sorted(run.rglob("*")) if run.exists() else []) == before
    assert run.exists() == existed


def test_runs_of_another_store_or_split_are_refused(tmp_path: Path, run: Path, store: Store):
    other = write_store(tmp_path / "other", [two_squares()])
    refused(run, ScoreError, "was predicted with store fingerprint", store=other)
    refused(
        run,
        ScoreError,
        "was predicted with split 'train', it would be scored with 'valid'",
        store=store,
        split="valid",
    )
    refused(run, ScoreError, "was predicted with unit 'expression'", store=store, protocol="davis-objects")


def test_a_run_without_predictions_is_refused(tmp_path: Path, store: Store):
    refused(tmp_path / "nowhere", MissingPathError, "is not there; expected a run", store=store)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{}")
    refused(tmp_path / "run", MissingPathError, "make them with rvos predict", store=store)


def test_external_predictions_do_not_mix_with_a_runs_own(run: Path, store: Store):
    refused(run, OutputError, "holds predictions of its own", store=store, predictions=run / "predictions")


def test_unknown_names_are_refused(run: Path, store: Store):
    refused(run, UnknownNameError, "did you mean 'ytvos'", store=store, protocol="ytvso")
    refused(run, UnknownNameError, "no split of .* is named 'tran'", store=store, split="tran")


def test_hidden_ground_truth_is_refused(tmp_path: Path, store: Store):
    run = make_run(tmp_path / "run", store, [answer(hidden(), lambda *_: square(1))], split="valid")
    refused(run, ScoreError, "the ground truth of split valid is hidden", store=store, split="valid")


def test_missing_frames_and_expressions_are_counted_and_named(tmp_path: Path, store: Store):
    some = [
        row
        for row in answer(two_squares())
        if (row.expression_id, row.frame_index) not in {("1", 2), ("3", 0)}
    ]
    run = make_run(tmp_path / "run", store, [some, answer(lone_square())])
    refused(
        run,
        ScoreError,
        r"2 of 24 predictions for video pair are missing: 1/00010, 3/00000 \(expression/frame\)",
        store=store,
    )
    run = make_run(tmp_path / "later", store, [answer(two_squares(), frames=(0, 1, 2, 3)), []])
    refused(run, ScoreError, "1 of 2 videos of tiny/train have no predictions: single; predict", store=store)
    run = make_run(tmp_path / "cut", store, [answer(two_squares(), frames=(0, 1)), answer(lone_square())])
    refused(run, ScoreError, r"missing: 0/00010, 0/00015, 0/00020 \.\.\. \(expression/frame\)", store=store)


def test_surplus_frames_are_counted_and_named(tmp_path: Path, store: Store):
    rows = answer(two_squares())
    rows += [replace(rows[0], frame_index=frame) for frame in (6, 7, 99, 100)]
    run = make_run(tmp_path / "run", store, [rows, answer(lone_square())])
    refused(
        run,
        ScoreError,
        "4 predictions of video pair are of frames that it does not have, such as 0/6, 0/7, 0/99; it has 6",
        store=store,
    )


def test_an_expression_without_first_candidate_is_missing(tmp_path: Path, store: Store):
    second = [replace(row, candidate=1) for row in answer(two_squares())]
    run = make_run(tmp_path / "run", store, [second, answer(lone_square())])
    refused(run, ScoreError, "24 of 24 predictions for video pair are missing", store=store)


def test_predictions_for_unknown_expressions_are_refused(tmp_path: Path, store: Store):
    extra = [replace(row, expression_id="9") for row in answer(lone_square())]
    run = make_run(tmp_path / "run", store, [answer(two_squares()), answer(lone_square()) + extra])
    refused(run, ScoreError, "predictions for 9 of video single, which has 0", store=store)


def test_masks_of_another_size_are_refused(tmp_path: Path, store: Store):
    rows = answer(two_squares())
    rows[7] = replace(rows[7], mask=Rle(WIDTH, HEIGHT, rows[7].mask.counts))
    run = make_run(tmp_path / "run", store, [rows, answer(lone_square())])
    refused(run, ShapeError, "video pair, expression 1, frame 1, candidate 0 is 32x24 px", store=store)


def test_all_empty_predictions_are_refused_but_those_of_the_baseline_that_finds_nothing(
    tmp_path: Path, store: Store
):
    nothing = [answer(video, lambda *_: EMPTY) for video in (two_squares(), lone_square())]
    run = make_run(tmp_path / "run", store, nothing, model="nothing")
    found = evaluate(run, store=store, split="train", protocol="ytvos")
    assert found.metrics["J"].value == pytest.approx((0 + 0.5 + 0 + 1 + 0.8) / 5)
    mine = make_run(tmp_path / "trained", store, nothing, model="soc")
    refused(mine, ScoreError, "all masks in .*trained/predictions are empty; .*--allow-empty", store=store)
    refused(
        tmp_path / "nothing",  # a folder's name makes no baseline
        ScoreError,
        "all masks in .*run/predictions are empty",
        store=store,
        predictions=run / "predictions",
    )
    allowed = evaluate(mine, store=store, split="train", protocol="ytvos", allow_empty=True)
    assert allowed.metrics == found.metrics


def test_one_pixel_anywhere_is_an_answer(tmp_path: Path, store: Store):
    dot = square(0, 0, 1)
    rows = [answer(video, lambda *_: EMPTY) for video in (two_squares(), lone_square())]
    rows[1][0] = replace(rows[1][0], mask=masks.encode(dot))
    run = make_run(tmp_path / "run", store, rows)
    assert evaluate(run, store=store, split="train", protocol="ytvos").n_expressions == 5


def test_empty_is_right_where_there_is_nothing_to_find(tmp_path: Path):
    absent = replace(two_squares(), masks={})
    store = write_store(tmp_path / "store", [absent])
    run = make_run(tmp_path / "run", store, [answer(absent, lambda *_: EMPTY)])
    assert evaluate(run, store=store, split="train", protocol="mevis").metrics["J&F"].value == 1.0


def test_the_ground_truth_is_no_prediction(tmp_path: Path, store: Store, caplog):
    out = tmp_path / "out"
    for place in (store.folder, store.folder / "data"):
        refused(out, ScoreError, "is the store .* outside the store", store=store, predictions=place)
    annotations = tmp_path / "Annotations"  # the tiny store's release is the folder around it
    palette_folder(annotations, two_squares())
    for place in (annotations, annotations / "pair"):
        refused(out, ScoreError, "is the ground truth of the release", store=store, predictions=place)
    run = make_run(tmp_path / "copy", store, [answer(two_squares(), truth), answer(lone_square(), truth)])
    evaluate(run, store=store, split="train", protocol="ytvos")  # an oracle may be perfect
    assert not caplog.text
    evaluate(run / "predictions", store, split="train", protocol="ytvos", out=out)
    assert "equals the ground truth to the pixel; is it a copy of it?" in caplog.text


def test_a_split_without_anything_to_score_is_refused(tmp_path: Path):
    silent = replace(two_squares(), expressions=())
    store = write_store(tmp_path / "store", [silent])
    run = make_run(tmp_path / "run", store, [])
    refused(run, ScoreError, "tiny/train has nothing to score under 'ytvos'", store=store)
