"""What is scored against what: a run knows it, a scored run remembers it, too few candidates are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rvosbench.errors import (
    InvalidDataError,
    MissingPathError,
    ScoreError,
    UnknownNameError,
)
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.plugins.registry import PROTOCOLS
from rvosbench.runs.run import open_run
from rvosbench.store import Store
from rvosbench.types import Video
from tests.tiny_run import answer, make_run, palette_folder
from tests.tiny_store import lone_square, tiny_store, two_squares, write_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return tiny_store(tmp_path / "store")


def numbered_from_1(video: Video) -> Video:
    """In a label map, 0 is the background and no object."""
    return replace(
        video,
        objects=tuple(replace(obj, object_id=obj.object_id + 1) for obj in video.objects),
        expressions=(),
        masks={(object_id + 1, frame): mask for (object_id, frame), mask in video.masks.items()},
    )


@pytest.fixture
def rows():
    return [answer(two_squares()), answer(lone_square())]


def test_a_run_needs_no_store_and_no_split(tmp_path, store, rows):
    run = make_run(tmp_path / "run", store, rows)
    facts = json.loads((run / "run.json").read_text()) | {"store": str(store.folder)}
    (run / "run.json").write_text(json.dumps(facts))
    found = evaluate(str(run), protocol="ytvos")
    assert (found.dataset, found.split, found.store) == ("tiny", "train", str(store.folder))
    assert evaluate(open_run(run), protocol="ytvos") == found
    assert found.predictions is None


def test_a_scored_folder_remembers_where_its_predictions_are(tmp_path, store):
    video = numbered_from_1(two_squares())
    folder = palette_folder(tmp_path / "mine", video, 2)
    two = write_store(tmp_path / "two", [video])
    first = evaluate(folder, two, protocol="davis-objects", out=tmp_path / "scored")
    assert (first.predictions, first.store) == (str(folder), str(two.folder))
    again = evaluate(tmp_path / "scored", protocol="davis-semi")
    assert again.predictions == str(folder)
    assert open_run(tmp_path / "scored").protocols == ("davis-objects", "davis-semi")


def test_what_nobody_says_is_asked_for(tmp_path, store, rows):
    run = make_run(tmp_path / "run", store, rows)
    with pytest.raises(MissingPathError, match="does not say which store it answers; name the store"):
        evaluate(run, protocol="ytvos")
    with pytest.raises(
        UnknownNameError, match="no default protocol for the dataset 'tiny'; choose one of a2d"
    ):
        evaluate(run, store)
    with pytest.raises(UnknownNameError, match="has the splits train, valid; choose one"):
        evaluate(run / "predictions", store, protocol="ytvos")
    with pytest.raises(InvalidDataError, match="are written into it; leave out"):
        evaluate(run, store, protocol="ytvos", out=tmp_path / "else")


@pytest.mark.parametrize(
    ("facts", "protocol", "complaint"),
    [
        (
            {"candidates": 1, "candidates_available": 20},
            "a2d",
            r"keeps 1 of the 20 candidates that drawn has per expression, 'a2d' ranks all of them; predict "
            "again with --candidates 20, or score with --protocol a2d-top1",
        ),
        ({"candidates": 3, "candidates_available": 20}, "jhmdb", "3 of the 20 .* --protocol jhmdb-top1"),
        ({"candidates": 1}, "a2d", "keeps 1 candidate per expression.*--candidates N, or .*a2d-top1"),
    ],
)
def test_fewer_candidates_than_the_model_has_are_refused(tmp_path, store, rows, facts, protocol, complaint):
    run = make_run(tmp_path / "run", store, rows, **facts)
    with pytest.raises(ScoreError, match=complaint) as caught:
        evaluate(run, store, protocol=protocol)
    assert "\n" not in str(caught.value) and not (run / "scores").exists()
    assert "mAP" in evaluate(run, store, protocol=f"{protocol}-top1").metrics


@pytest.mark.parametrize(
    "facts",
    [
        {"candidates": 20, "candidates_available": 20},
        {"candidates": 50, "candidates_available": 20},
        {"candidates": 1, "candidates_available": 1},
        {"candidates": 50},
        {},
    ],
)
def test_all_that_a_model_has_are_enough(tmp_path, store, rows, facts):
    run = make_run(tmp_path / "run", store, rows, **facts)
    assert evaluate(run, store, protocol="a2d").protocol.name == "a2d"


def test_a_protocol_that_is_not_registered_can_be_passed_itself(tmp_path, store, rows):
    run = make_run(tmp_path / "run", store, rows)
    mine = replace(PROTOCOLS["ytvos"], name="mine", metrics=("J", "mIoU"), main_metric="J")
    assert list(evaluate(run, store, protocol=mine).metrics) == ["J", "mIoU"]
    written = json.loads((run / "scores" / "mine" / "scores.json").read_text())
    assert written["protocol"]["name"] == "mine" and open_run(run).scores().protocol == mine
