"""PNG trees of masks per expression, as the field's inference scripts write them, score as numpy says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rvosbench.errors import ScoreError
from rvosbench.evaluation.evaluate import evaluate
from tests.submission.producers.checks import assert_reads_as, assert_scores_as
from tests.submission.producers.pictures import (
    PRODUCERS,
    each_mask,
    glus,
    grey,
    referdino,
    referformer,
    soc,
    videolisa_davis,
)
from tests.submission.producers.scene import frames_of, of_expressions


@pytest.mark.parametrize("producer", PRODUCERS)
def test_masks_per_expression_are_read_and_scored(tmp_path: Path, store, producer):
    answers = of_expressions()
    path = PRODUCERS[producer](tmp_path / "out", answers)
    assert_reads_as(path, store, answers)
    assert_scores_as(path, store, answers)


def test_overlays_beside_the_masks_are_not_taken_for_masks(tmp_path: Path, store):
    """Their folders are numbered as the expressions are; the folder above them is refused."""
    path = referformer(tmp_path / "out", of_expressions(), visualize=True)
    with pytest.raises(ScoreError, match=r"several results: valid, valid_images; name one"):
        evaluate(path.parent, store, split="valid", protocol="mevis")
    with pytest.raises(ScoreError, match="in 2 colours, without the black of a background"):
        evaluate(path.parent / "valid_images", store, split="valid", protocol="mevis")
    assert_scores_as(path, store, of_expressions())
    path = soc(tmp_path / "soc", of_expressions(), visualize=True)
    with pytest.raises(ScoreError, match=r"several results: Annotations, valid_images; name one"):
        evaluate(path, store, split="valid", protocol="mevis")
    assert_scores_as(path / "Annotations", store, of_expressions())
    path = referdino(tmp_path / "referdino", of_expressions(), visualize=True)
    with pytest.raises(ScoreError, match=r"several results: mevis/swin-b/valid_u/Annotations, .*; name one"):
        evaluate(path, store, split="valid", protocol="mevis")


def test_the_keyframe_mode_of_glus_loses_frames_and_is_refused(tmp_path: Path, store):
    """From key frame k on, masks get the names of the first frames; what follows is never written."""
    answers, key = of_expressions(), 2
    path = glus(tmp_path / "out", answers)
    for video_id, expression_id, n, name, _ in each_mask(answers):
        frames, track = frames_of(video_id), answers[video_id][expression_id]
        written = max(key, len(frames) - key - 1)
        file = path / video_id / expression_id / f"{name}.png"
        if n > written:
            file.unlink()
        elif n > key:
            grey(file, track[n + key])
    with pytest.raises(
        ScoreError, match=r"8 of 24 predictions for video 0a49f5265b are missing: 0/00020, 0/00025"
    ):
        evaluate(path, store, split="valid", protocol="mevis")


def test_a_frame_that_is_all_100_is_refused_with_the_way_out(tmp_path: Path, store):
    """Grey of one odd value may be anything; --threshold says what."""
    answers = of_expressions()
    answers["0a49f5265b"]["0"][1] = True
    path = videolisa_davis(tmp_path / "out", answers)
    with pytest.raises(
        ScoreError, match=r"100 everywhere, which is neither 0 nor 1 nor white.*--threshold T"
    ):
        evaluate(path, store, split="valid", protocol="mevis")
    found = evaluate(path, store, split="valid", protocol="mevis", threshold=50)
    assert np.isfinite(found.metrics["J"].value)
