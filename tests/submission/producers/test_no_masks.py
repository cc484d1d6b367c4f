"""Files without masks are refused by what they hold instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from rvosbench.errors import ScoreError
from rvosbench.evaluation.evaluate import evaluate
from tests.submission.producers import no_masks


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
