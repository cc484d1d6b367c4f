"""Files without masks are refused by what they hold instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from rvosbench.errors import ScoreError
from rvosbench.evaluation.evaluate import evaluate
from tests.submission.producers import no_masks


def test_files_of_torch_and_hdf5_are_named(tmp_path: Path, store):
    path = no_masks.raw_predictions(tmp_path / "raw")
    with pytest.raises(ScoreError, match=r"no PNG file; .*; it holds instances_predictions\.pth$"):
        evaluate(path, store, split="valid", protocol="mevis")
    with pytest.raises(
        ScoreError, match=r"no PNG file; .*; it was written by torch\.save: take the masks out"
    ):
        evaluate(path / "instances_predictions.pth", store, split="valid", protocol="mevis")
    path = no_masks.soft_scores(tmp_path / "soft")
    with pytest.raises(
        ScoreError, match=r"no PNG file; .*; it holds Scores/0a49f5265b/00000\.hkl, .*backward"
    ):
        evaluate(path, store, split="valid", protocol="mevis")


@pytest.mark.parametrize(
    ("producer", "complaint"),
    [
        (no_masks.lmms_eval_points, "and no masks; .*these are points: let a model such as SAM 2"),
        (no_masks.lmms_eval_figures, "and no masks; .*these are figures: name the masks"),
        (no_masks.unipixel_refcoco, "and no masks; .*these are figures: name the masks"),
        (no_masks.sa2va_refcoco, "has the keys 'gt_masks', .*; expected a video_id"),
        (no_masks.eval_mevis, "holds no masks; expected results as run lengths"),
    ],
)
def test_points_and_figures_are_refused_by_name(tmp_path: Path, store, producer, complaint):
    with pytest.raises(ScoreError, match=complaint):
        evaluate(producer(tmp_path), store, split="valid", protocol="mevis")
