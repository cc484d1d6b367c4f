"""Answers in memory score as the same answers in files, and leave no file behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.errors import MaskSizeError, ScoreError
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.runs.run import open_run
from rvosbench.store import Store
from rvosbench.types import Segmentation
from tests.tiny_run import EMPTY, answer, make_run, shifted
from tests.tiny_store import lone_square, tiny_store, two_squares, write_store

VIDEOS = (two_squares(), lone_square())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return tiny_store(tmp_path / "store")


@pytest.fixture
def expected(tmp_path: Path, store: Store):
    run = make_run(tmp_path / "run", store, [answer(video) for video in VIDEOS])
    return evaluate(run, store, protocol="ytvos").metrics


def of_video(video) -> dict[str, np.ndarray]:
    return {
        each.expression_id: np.stack(
            [shifted(video, each.expression_id, frame) for frame in range(len(video.frames))]
        )
        for each in video.expressions
    }


def mapping():
    return {(video.video_id, key): value for video in VIDEOS for key, value in of_video(video).items()}


def by_name(video_id: str, track):
    """The names of the frames, last first, with their masks."""
    video = next(video for video in VIDEOS if video.video_id == video_id)
    return {frame.name: mask for frame, mask in reversed(list(zip(video.frames, track, strict=True)))}


def scored(answers, store: Store, **options):
    return evaluate(answers, store, split="train", protocol="ytvos", **options)


@pytest.mark.parametrize(
    "answers",
    [
        mapping,
        lambda: {key: masks.encode_many(value) for key, value in mapping().items()},
        lambda: ((video.video_id, of_video(video)) for video in reversed(VIDEOS)),
        lambda: of_video,
        lambda: {
            key: Segmentation(masks=value[None], scores=np.ones(1, np.float32))
            for key, value in mapping().items()
        },
        lambda: {key: value * np.uint8(255) for key, value in mapping().items()},
        lambda: {key: value.astype(np.int64) for key, value in mapping().items()},
        lambda: {key: value.astype(np.float16) for key, value in mapping().items()},
        lambda: {key: by_name(key[0], value) for key, value in mapping().items()},
        lambda: {key: by_name(key[0], masks.encode_many(value)) for key, value in mapping().items()},
    ],
    ids=[
        *(
            "mapping",
            "run lengths",
            "generator",
            "function",
            "segmentation",
            "0 and 255",
            "0 and 1",
            "floats",
        ),
        *("names", "run lengths by names"),
    ],
)
def test_every_form_scores_as_the_file_does_and_nothing_is_written(answers, store, expected, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    found = scored(answers(), store)
    assert found.metrics == expected
    assert (found.model, found.predictions, found.n_frames) == ("arrays", None, 29)
    assert found.frames.num_rows == 29 and found.expressions.num_rows == 5
    assert sorted(tmp_path.rglob("*")) == before


def test_with_out_the_scores_are_a_run(store, expected, tmp_path):
    scored(mapping(), str(store.folder), out=str(tmp_path / "mine"), model="my net")
    run = open_run(tmp_path / "mine")
    assert run.scores().metrics == expected and run.scores().model == "my net"
    assert run.scores().store == str(store.folder)


def test_masks_of_the_annotated_frames_alone_are_taken(tmp_path):
    video = two_squares()
    some = tuple(replace(frame, annotated=index in (1, 4)) for index, frame in enumerate(video.frames))
    kept = {key: mask for key, mask in video.masks.items() if key[1] in (1, 4)}
    store = write_store(tmp_path / "store", [replace(video, frames=some, masks=kept)])
    whole = {("pair", key): value for key, value in of_video(two_squares()).items()}
    part = {key: value[[1, 4]] for key, value in whole.items()}
    assert repr(scored(whole, store).metrics) == repr(scored(part, store).metrics)  # NaN equals nothing
    with pytest.raises(ScoreError, match="has 3 masks; the video has 6 frames, 2 of them annotated"):
        scored({key: value[:3] for key, value in whole.items()}, store)


def test_candidates_of_a_segmentation_are_ranked(tmp_path):
    video = lone_square()
    store = write_store(tmp_path / "store", [video])
    right = of_video(video)["0"]
    both = Segmentation(masks=np.stack([~right, right]), scores=np.array([0.9, 0.8], np.float32))
    found = evaluate({("single", "0"): both}, store, protocol="a2d").metrics
    assert found["mAP"].value == pytest.approx(0.5)  # right in second place
    assert found["mIoU"].value == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (
            lambda value: value * 0.5,
            r"float64 values between 0 and 1, expected \(T, H, W\) bool masks; compare",
        ),
        (lambda value: value * 6.0 - 3, r"float64 values from -3.0 to .*; expected bool masks"),
        (lambda value: value * np.uint8(200), r"uint8 values between 0 and 255, expected"),
        (lambda value: value.astype(str), r"<U5; expected \(T, H, W\) bool, one mask"),
        (lambda value: value[0], r"is \(24, 32\) bool"),
        (lambda value: list(value), "is a list of ndarray; expected"),
        (lambda value: value[:, :12], "is 12x32 px .* the video 24x32; masks are never resized"),
        (lambda value: value[:0], "has 0 masks"),
    ],
)
def test_answers_that_cannot_be_scored_are_named(store, wrong, complaint):
    answers = mapping()
    answers["pair", "1"] = wrong(answers["pair", "1"])
    with pytest.raises((ScoreError, MaskSizeError), match=complaint) as caught:
        scored(answers, store)
    assert "expression 1 of video pair" in str(caught.value) and "\n" not in str(caught.value)


def test_keys_that_are_no_pairs_and_missing_or_empty_answers_are_refused(store):
    with pytest.raises(ScoreError, match=r"have the key 'pair'; expected \(video id, expression id\)"):
        scored({"pair": mapping()["pair", "0"]}, store)
    with pytest.raises(ScoreError, match="of type int; expected a mapping"):
        scored(3, store)
    with pytest.raises(ScoreError, match="1 of 2 videos of tiny/train have no predictions: single"):
        scored({key: value for key, value in mapping().items() if key[0] == "pair"}, store)
    with pytest.raises(ScoreError, match="all masks in the arrays are empty"):
        scored({key: np.repeat(EMPTY[None], len(value), 0) for key, value in mapping().items()}, store)
