from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rvosbench import masks
from rvosbench.errors import (
    CheckpointError,
    MissingPathError,
    OutputError,
    ScoreError,
    ShapeError,
    UnknownNameError,
)
from rvosbench.inference.predict import predict
from rvosbench.plugins.model import ModelSpec, Trait
from rvosbench.plugins.registry import MODELS
from rvosbench.runs.predictions import Prediction, Predictions
from rvosbench.runs.record import sha256_of
from rvosbench.types import Clip, Segmentation
from tests.tiny_store import CARD, HEIGHT, WIDTH, square, tiny_store, two_squares, write_store

CALLS: list[tuple[Clip, list[str], int]] = []


class Reader:
    """Answers "red" or "blue" expressions with the pixels of that colour, any other with nothing."""

    def segment(self, clip: Clip, expressions: Sequence[str], candidates: int = 1) -> Sequence[Segmentation]:
        CALLS.append((clip, list(expressions), candidates))
        frames = clip.frames[list(clip.wanted)]
        answers = []
        for text in expressions:
            channel = {"red": 0, "blue": 2}.get(text.split()[1], 1)
            found = (frames[..., channel] > 200)[None].repeat(candidates, axis=0)
            answers.append(
                Segmentation(masks=found, scores=np.linspace(1, 0.5, candidates, dtype=np.float32))
            )
        return answers


class Wrong(Reader):
    """Its masks are too small."""

    def segment(self, clip: Clip, expressions: Sequence[str], candidates: int = 1) -> Sequence[Segmentation]:
        answers = super().segment(clip, expressions, candidates)
        return [Segmentation(masks=each.masks[..., 1:], scores=each.scores) for each in answers]


class Silent(Reader):
    """It forgets the last expression."""

    def segment(self, clip: Clip, expressions: Sequence[str], candidates: int = 1) -> Sequence[Segmentation]:
        return super().segment(clip, expressions, candidates)[:-1]


def spec(answerer: type, *traits: Trait, candidates: int = 1) -> ModelSpec:
    return ModelSpec(
        summary="colours",
        load=lambda checkpoint, request: answerer(),
        traits=frozenset(traits),
        candidates=lambda model: candidates,
    )


SPECS = {
    "reader": spec(Reader),
    "oracle": spec(Reader, Trait.ORACLE),
    "needy": spec(Reader, Trait.NEEDS_CHECKPOINT),
    "ranking": spec(Reader, candidates=5),
    "wrong": spec(Wrong),
    "silent": spec(Silent),
}


@pytest.fixture(autouse=True)
def models():
    CALLS.clear()
    with ExitStack() as stack:
        for name, model in SPECS.items():
            stack.enter_context(MODELS.register(name, model))
        yield


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tiny_store(tmp_path_factory.mktemp("predict") / "store")


def rows(run: Path, video_id: str) -> list[Prediction]:
    return Predictions.open(run / "predictions").video(video_id)


def record(run: Path) -> dict:
    return json.loads((run / "run.json").read_text())


def test_every_expression_is_answered_on_every_annotated_frame(store, tmp_path):
    run = predict("reader", store, split="train", out=tmp_path / "run")
    keys = [(row.expression_id, row.frame_index) for row in rows(run, "pair")]
    assert keys == [(str(expression), frame) for expression in range(4) for frame in range(6)]
    red = [row.mask for row in rows(run, "pair") if row.expression_id == "0"]
    assert [masks.area(mask) for mask in red] == [64] * 6
    assert (masks.decode(red[2]) == square(4)).all()


def test_a_video_is_looked_at_once_for_all_its_expressions(store, tmp_path):
    predict("reader", store, split="train", out=tmp_path / "run")
    assert [(clip.video_id, len(texts)) for clip, texts, _ in CALLS] == [("pair", 4), ("single", 1)]
    assert CALLS[0][0].frames.shape == (6, HEIGHT, WIDTH, 3)
    assert CALLS[0][0].objects is None


def test_hidden_ground_truth_means_all_frames(store, tmp_path):
    run = predict("reader", store, split="valid", out=tmp_path / "run")
    assert {row.frame_index for row in rows(run, "secret")} == {0, 1, 2, 3}
    assert record(run)["expressions"] == 2


def test_candidates_are_ranked_rows(store, tmp_path):
    run = predict("reader", store, split="train", out=tmp_path / "run", candidates=3)
    first = [(row.candidate, row.score) for row in rows(run, "pair")[:3]]
    assert first == [(0, 1.0), (1, 0.75), (2, 0.5)]
    assert {candidates for *_, candidates in CALLS} == {3}


@pytest.mark.parametrize(("dataset", "kept"), [("a2d", 5), ("jhmdb", 5), ("ytvos", 1), ("tiny", 1)])
def test_all_candidates_are_kept_where_the_datasets_own_protocol_ranks_them(tmp_path, dataset, kept):
    ranked = tiny_store(tmp_path / "store", card=replace(CARD, name=dataset))
    run = predict("ranking", ranked, split="train", out=tmp_path / "run")
    assert (record(run)["candidates"], record(run)["candidates_available"]) == (kept, 5)
    assert max(row.candidate for row in rows(run, "pair")) == kept - 1
    asked = predict("ranking", ranked, split="train", out=tmp_path / "asked", candidates=2)
    assert (record(asked)["candidates"], record(asked)["candidates_available"]) == (2, 5)


def test_oracles_get_the_objects_without_void(store, tmp_path):
    run = predict("oracle", store, split="train", out=tmp_path / "run")
    pair, single = (clip for clip, *_ in CALLS)
    assert pair.objects.shape == (2, 6, HEIGHT, WIDTH)
    assert (pair.objects[1, 3] == square(20, 14)).all()
    assert not pair.objects[1, 2].any()
    assert single.objects.shape == (1, 5, HEIGHT, WIDTH)
    assert record(run)["is_oracle"] is True
    assert record(run)["traits"] == ["oracle"]


def test_mismatched_expressions_are_about_another_object_of_the_video(store, tmp_path):
    run = predict("reader", store, split="train", out=tmp_path / "run", mismatched_expressions=True)
    ((clip, texts, _),) = CALLS
    assert clip.video_id == "pair"
    assert texts == ["the blue one", "the red square"]  # of the expressions 0 and 1
    blue = [row for row in rows(run, "pair") if row.expression_id == "0"]
    assert [masks.area(row.mask) for row in blue] == [0, 0, 0, 64, 64, 64]


def test_expressions_that_cannot_be_mismatched_are_left_out_and_listed(store, tmp_path):
    run = predict("reader", store, split="train", out=tmp_path / "run", mismatched_expressions=True)
    # Both squares leave no other object, the dog is not there, the single square is alone.
    assert record(run)["left_out"] == ["pair/2", "pair/3", "single/0"]
    assert record(run)["mismatched_expressions"] is True
    assert "swapped_sentences" not in record(run)
    assert record(run)["expressions"] == 2
    assert Predictions.open(run / "predictions").video_ids() == ("pair",)


def test_the_record_says_what_was_done(store, tmp_path):
    run = predict("reader", store, split="train", out=tmp_path / "run", seed=3, limit=1)
    found = record(run)
    assert found["store_fingerprint"] == store.fingerprint
    assert (found["model"], found["split"], found["seed"], found["limit"]) == ("reader", "train", 3, 1)
    assert (found["videos"], found["frames"], found["expressions"]) == (1, 6, 4)
    assert found["checkpoint_sha256"] is None
    assert found["timings"].keys() == {"total_s", "load_s", "model_s"}


def test_options_reach_the_model_and_the_record(store, tmp_path):
    @dataclass(frozen=True, kw_only=True)
    class Options:
        """Of a model that answers other colours."""

        threshold: int = field(default=200, metadata={"help": "of a colour, 0 to 255"})
        mode: str = "plain"

    seen = []

    def load(checkpoint, request):
        seen.append(request.options)
        return Reader()

    with MODELS.register("choosy", ModelSpec(summary="choosy", load=load, options=Options)):
        options = {"threshold": "90"}
        run = predict("choosy", store, split="train", out=tmp_path / "run", model_options=options)
        assert seen == [Options(threshold=90)]
        assert record(run)["settings"] == {"threshold": 90}
        with pytest.raises(UnknownNameError, match="did you mean 'threshold'"):
            predict("choosy", store, split="train", out=tmp_path / "b", model_options={"treshold": "9"})


def test_paths_may_be_text_and_the_only_split_need_not_be_named(tmp_path):
    write_store(tmp_path / "store", [two_squares()])
    run = predict("reader", str(tmp_path / "store"), out=str(tmp_path / "run"))
    assert run == tmp_path / "run"
    assert record(run)["split"] == "train"
    tiny_store(tmp_path / "several")
    with pytest.raises(UnknownNameError, match="has the splits train, valid; choose one with --split"):
        predict("reader", tmp_path / "several", out=tmp_path / "b")


def test_the_model_computes_in_the_precision_that_is_recorded(store, tmp_path, monkeypatch):
    seen = []
    answer = Reader.segment

    def segment(self, *arguments):
        seen.append(torch.is_autocast_enabled("cpu"))
        return answer(self, *arguments)

    monkeypatch.setattr(Reader, "segment", segment)
    for precision in ("fp32", "bf16"):
        out = predict("reader", store, split="train", out=tmp_path / precision, precision=precision)
        assert json.loads((out / "run.json").read_text())["precision"] == precision
    assert seen == [False] * (len(seen) // 2) + [True] * (len(seen) // 2)


def test_the_checkpoint_is_recorded_by_its_contents(store, tmp_path):
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "model").write_bytes(b"abc")
    run = predict("needy", store, split="train", out=tmp_path / "run", checkpoint=tmp_path / "weights")
    assert record(run)["checkpoint_sha256"] == sha256_of(tmp_path / "weights")


def test_progress_counts_videos(store, tmp_path):
    seen = []
    predict("reader", store, split="train", out=tmp_path / "run", on_progress=lambda *done: seen.append(done))
    assert seen == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"model": "reeder"}, UnknownNameError, "did you mean 'reader'"),
        ({"split": "trian"}, UnknownNameError, "did you mean 'train'"),
        ({"model": "needy"}, MissingPathError, "--checkpoint"),
        (
            {"model": "needy", "checkpoint": Path("/not/there")},
            MissingPathError,
            "/not/there is missing",
        ),
        ({"checkpoint": Path("weights")}, CheckpointError, "has no weights"),
        ({"model": "wrong"}, ShapeError, r"\(1, 6, 24, 31\) bool"),
        ({"model": "silent"}, ShapeError, "3 answers to 4 expressions about pair"),
        (
            {"split": "valid", "mismatched_expressions": True},
            ScoreError,
            "2 expressions that cannot be mismatched",
        ),
    ],
)
def test_what_goes_wrong_is_said_and_leaves_nothing(store, tmp_path, options, error, message):
    arguments = {"model": "reader", "store": store, "split": "train", "out": tmp_path / "run"}
    with pytest.raises(error, match=message):
        predict(**arguments | options)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_not_written_into(store, tmp_path):
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(OutputError, match="is not empty"):
        predict("reader", store, split="train", out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_an_interruption_before_the_first_answer_leaves_nothing(store, tmp_path, monkeypatch):
    def interrupt(*arguments) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Reader, "segment", interrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        predict("reader", store, split="train", out=tmp_path / "new" / "run")
    assert list(tmp_path.iterdir()) == []
    assert not hasattr(caught.value, "__notes__")


def test_the_same_call_gives_the_same_rows(store, tmp_path):
    one = predict("reader", store, split="train", out=tmp_path / "one", mismatched_expressions=True, seed=5)
    two = predict("reader", store, split="train", out=tmp_path / "two", mismatched_expressions=True, seed=5)
    assert rows(one, "pair") == rows(two, "pair")
