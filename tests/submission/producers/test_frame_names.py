"""Frames named otherwise than in the release, as scripts do: read where proven, else refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rvosbench.errors import ScoreError
from rvosbench.evaluation.evaluate import evaluate
from tests.submission.producers.checks import assert_reads_as, assert_scores_as
from tests.submission.producers.label_maps import sam2, sam2_per_object
from tests.submission.producers.pictures import each_mask, grey
from tests.submission.producers.run_lengths import put
from tests.submission.producers.scene import Answers, frames_of, of_expressions, of_objects, rle


def counted(folder: Path, answers: Answers, name_of: Callable[[int, str], str]) -> Path:
    for video_id, expression_id, n, name, mask in each_mask(answers):
        grey(folder / video_id / expression_id / f"{name_of(n, name)}.png", mask)
    return folder


def without_zeros(n: int, name: str) -> str:
    return str(int(name))


def test_the_numbers_of_all_frames_are_the_frames(tmp_path: Path, store):
    answers = of_expressions()
    path = counted(tmp_path / "png", answers, without_zeros)
    assert_reads_as(path, store, answers)
    assert_scores_as(path, store, answers)
    content = {
        video_id: {
            key: {str(int(name)): rle(mask) for name, mask in zip(frames_of(video_id), track, strict=True)}
            for key, track in tracks.items()
        }
        for video_id, tracks in answers.items()
    }
    assert_reads_as(put(tmp_path / "results.json", content), store, answers)


def test_a_name_with_the_suffix_of_the_frame_is_that_frame(tmp_path: Path, store):
    """Code that appends .png to the file name of a frame."""
    answers = of_expressions()
    path = counted(tmp_path / "png", answers, lambda n, name: f"{name}.jpg")
    assert_reads_as(path, store, answers)
    both = path / "e98d115d9d" / "2"
    grey(both / "00005.png", answers["e98d115d9d"]["2"][0])
    with pytest.raises(ScoreError, match=r"are of frames that it does not have, such as 2/00000\.jpg"):
        evaluate(path, store, split="valid", protocol="mevis")


@pytest.mark.parametrize("producer", [sam2, sam2_per_object])
def test_so_they_are_of_label_maps_and_masks_of_objects(tmp_path: Path, store, producer):
    path = producer(tmp_path / "out", of_objects())
    for file in list(path.rglob("*.png")):
        file.rename(file.with_stem(str(int(file.stem))))
    assert_reads_as(path, store, of_objects(), "object")


@pytest.mark.parametrize(
    "name_of",
    [
        lambda n, name: str(n),  # positions from 0, as of SOC's demo
        lambda n, name: str(n + 1),
        lambda n, name: f"img_{n:03d}",  # VideoLISA's chat.py
        lambda n, name: f"binary_mask_{n}",  # Sa2VA's demo
        lambda n, name: name if n == 1 else str(int(name) + 5),
    ],
)
@pytest.mark.parametrize("surplus", ["error", "ignore"])
def test_other_counts_are_refused(tmp_path: Path, store, name_of, surplus):
    path = counted(tmp_path / "png", of_expressions(), name_of)
    complaint = r"are of frames that it does not have|are counted differently|are missing"
    with pytest.raises(ScoreError, match=complaint):
        evaluate(path, store, split="valid", protocol="mevis", surplus=surplus)


def test_one_number_that_is_missing_proves_nothing(tmp_path: Path, store):
    path = counted(tmp_path / "png", of_expressions(), without_zeros)
    (path / "e98d115d9d" / "2" / "15.png").unlink()
    with pytest.raises(ScoreError, match="are of frames that it does not have"):
        evaluate(path, store, split="valid", protocol="mevis")


def test_a_frame_with_and_without_zeros_is_refused(tmp_path: Path, store):
    answers = of_expressions()
    path = counted(tmp_path / "png", answers, without_zeros)
    grey(path / "e98d115d9d" / "2" / "00005.png", answers["e98d115d9d"]["2"][0])
    with pytest.raises(ScoreError, match="are of frames that it does not have"):
        evaluate(path, store, split="valid", protocol="mevis")
