"""What is let pass on request is counted, written into the scores, and leaves every other number alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.errors import InvalidDataError, MaskSizeError, ScoreError
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.reporting.answers import ScoredRun
from rvosbench.runs.run import open_run
from rvosbench.runs.scores import Scores
from rvosbench.runs.tolerance import Adjusted, Tolerance
from rvosbench.store import Store
from tests.tiny_run import EMPTY, answer, make_run, shifted, truth
from tests.tiny_store import lone_square, square, tiny_store, two_squares, video, write_store

VIDEOS = (two_squares(), lone_square())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return tiny_store(tmp_path / "store")


def scored(run, store, **options) -> Scores:
    return evaluate(run, store, split="train", protocol=options.pop("protocol", "ytvos"), **options)


def values(scores: Scores) -> dict[str, float]:
    return {name: metric.value for name, metric in scores.metrics.items()}


def test_missing_masks_count_as_empty_ones(tmp_path, store):
    gaps = [row for row in answer(two_squares()) if (row.expression_id, row.frame_index) != ("0", 3)]
    run = make_run(tmp_path / "gaps", store, [gaps, answer(lone_square())])
    with pytest.raises(ScoreError, match=r"1 of \d+ predictions for video pair are missing.*--missing zero"):
        scored(run, store)

    def emptied(video, expression_id, frame):
        hit = (video.video_id, expression_id, frame) == ("pair", "0", 3)
        return EMPTY if hit else shifted(video, expression_id, frame)

    whole = make_run(tmp_path / "whole", store, [answer(each, emptied) for each in VIDEOS])
    lenient = scored(run, store, missing="zero")
    assert values(lenient) == values(scored(whole, store))
    assert lenient.adjusted == Adjusted(missing=1)
    assert lenient.marks == ("1 missing mask counted as empty",)


def test_a_whole_video_may_be_missing(tmp_path, store):
    run = make_run(tmp_path / "run", store, [answer(two_squares())])
    with pytest.raises(ScoreError, match=r"1 of 2 videos of tiny/train have no predictions.*--missing zero"):
        scored(run, store)
    empty = make_run(tmp_path / "e", store, [answer(two_squares()), answer(lone_square(), lambda *_: EMPTY)])
    lenient = scored(run, store, missing="zero")
    assert values(lenient) == values(scored(empty, store))
    assert lenient.adjusted == Adjusted(missing=5)


def test_predictions_of_no_video_of_the_split_are_not_all_missing(tmp_path, store):
    stranger = replace(two_squares(), video_id="stranger")
    run = make_run(tmp_path / "run", store, [answer(stranger)])
    with pytest.raises(ScoreError, match="no video of this split, are they of another one"):
        scored(run, store, missing="zero")


def test_surplus_rows_change_nothing_but_the_count(tmp_path, store):
    rows = answer(two_squares())
    extra = [replace(row, expression_id="77") for row in rows[:6]] + [replace(rows[0], frame_index=50)]
    stranger = answer(replace(lone_square(), video_id="stranger"))
    run = make_run(tmp_path / "run", store, [[*rows, *extra], answer(lone_square()), stranger])
    exact = make_run(tmp_path / "exact", store, [answer(each) for each in VIDEOS])
    with pytest.raises(ScoreError, match="--surplus ignore"):
        scored(run, store)
    lenient = scored(run, store, surplus="ignore")
    assert values(lenient) == values(scored(exact, store))
    assert lenient.adjusted == Adjusted(surplus=len({(r.expression_id, r.frame_index) for r in extra}) + 1)
    assert lenient.ignored_videos == ("stranger",)


def test_surplus_videos_alone_are_a_warning_as_ever(tmp_path, store, caplog):
    stranger = answer(replace(lone_square(), video_id="stranger"))
    run = make_run(tmp_path / "run", store, [answer(two_squares()), answer(lone_square()), stranger])
    assert scored(run, store).adjusted == Adjusted()
    assert "predictions for 1 videos that tiny/train does not have are ignored" in caplog.text


def test_masks_of_twice_the_size_score_as_at_their_own(tmp_path, store):
    rows = [
        [
            replace(row, mask=masks.encode(np.kron(masks.decode(row.mask), np.ones((2, 2))) > 0))
            for row in rows
        ]
        for rows in (answer(two_squares()), answer(lone_square()))
    ]
    run = make_run(tmp_path / "run", store, rows)
    exact = make_run(tmp_path / "exact", store, [answer(each) for each in VIDEOS])
    with pytest.raises(MaskSizeError, match="--resize nearest"):
        scored(run, store)
    lenient = scored(run, store, resize="nearest")
    assert values(lenient) == values(scored(exact, store))
    assert lenient.adjusted == Adjusted(resized=sum(map(len, rows)))


def test_a_missing_detection_is_one_that_was_never_made(tmp_path):
    """An empty mask that ranks last takes nothing from the average precision."""
    one = video("one", "train", {1: {0: square(3)}}, {"it": (1,)}, frames=1)
    two = video("two", "train", {1: {0: square(9)}}, {"it": (1,)}, frames=1)
    store = write_store(tmp_path / "store", [one, two])
    rows = [replace(row, score=0.01) for row in answer(one, truth)]
    run = make_run(tmp_path / "run", store, [rows], candidates=5, candidates_available=5)
    # One of two samples is found, before anything else: precision 1 up to a recall of one half, 51 of 101.
    assert values(scored(run, store, protocol="a2d", missing="zero"))["mAP"] == pytest.approx(51 / 101)


def test_merged_and_matched_protocols_fill_gaps_too(tmp_path):
    pair = video("pair", "train", {1: {0: square(3)}, 2: {0: square(19)}}, {"a": (1,), "b": (2,)}, frames=3)
    store = write_store(tmp_path / "store", [pair])
    folder = tmp_path / "mine" / "pair" / "2"
    folder.mkdir(parents=True)
    for frame in pair.frames:
        mask = square(19) if frame.name == "00000" else EMPTY
        (folder / f"{frame.name}.png").write_bytes(masks.encode_binary_png(mask))
    lenient = evaluate(tmp_path / "mine", store, protocol="davis-objects", missing="zero")
    assert lenient.adjusted == Adjusted(missing=3)
    assert lenient.metrics["J"].value == (2 / 3 + 1) / 2


def test_scores_remember_the_tolerance_and_the_page_reads_by_it(tmp_path, store):
    rows = [row for row in answer(two_squares()) if row.frame_index]
    run = make_run(tmp_path / "run", store, [rows, answer(lone_square())])
    scored(run, store, missing="zero")
    again = open_run(run).scores("ytvos")
    assert again.tolerance == Tolerance(missing="zero")
    assert again.adjusted.missing == len(two_squares().expressions)
    assert again.marks
    _, tracks = ScoredRun(run, store, protocol="ytvos").video("pair")
    assert all(not masks.area(track.masks[0]) for track in tracks.values())


def test_another_choice_is_refused(tmp_path, store):
    run = make_run(tmp_path / "run", store, [answer(each) for each in VIDEOS])
    for options in ({"missing": "skip"}, {"threshold": 0}, {"resize": "bilinear"}):
        with pytest.raises(InvalidDataError, match="expected"):
            scored(run, store, **options)
