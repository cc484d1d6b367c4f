"""Expressions of an annotator share the pixels of a frame: who gets which, and who cannot be merged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rvosbench import masks
from rvosbench.errors import ScoreError, ShapeError
from rvosbench.runs.predictions import Prediction
from rvosbench.submission.merge import merge_expressions, share_pixels
from rvosbench.types import Rle, Video
from tests.tiny_run import ANNOTATORS, expressions
from tests.tiny_store import square, two_squares


def strip(first: int, last: int) -> Rle:
    """Columns first to last of a 2x8 mask."""
    mask = np.zeros((2, 8), np.bool_)
    mask[:, first:last] = True
    return masks.encode(mask)


def described(video: Video, *objects: int) -> Video:
    return replace(video, expressions=expressions(video.video_id, objects))


def test_a_pixel_goes_to_the_highest_score_and_of_equal_ones_to_the_first():
    claims = [strip(0, 4), strip(2, 6), strip(3, 8)]
    assert share_pixels(claims, [0.1, 0.9, 0.5]) == [strip(0, 2), strip(2, 6), strip(6, 8)]
    assert share_pixels(claims, [0.5, 0.5, 0.5]) == [strip(0, 4), strip(4, 6), strip(6, 8)]
    assert share_pixels(claims, [-3.0, -2.0, -1.0]) == [strip(0, 2), strip(2, 3), strip(3, 8)]
    assert share_pixels([strip(0, 8), strip(0, 8)], [0.0, 1.0]) == [strip(0, 0), strip(0, 8)]
    assert share_pixels([], []) == []


@given(arrays.arrays(np.bool_, (4, 5, 7)), st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=4, max_size=4))
def test_every_claimed_pixel_has_one_owner_who_claimed_it_with_the_best_score(claims, scores):
    """Against the plain way: the highest of (claim, score, lower place) in each pixel."""
    shared = share_pixels([masks.encode(claim) for claim in claims], scores)
    rank = np.array([(score, -place) for place, score in enumerate(scores)], "f8,f8").argsort().argsort()
    best = np.where(claims, 1 + rank[:, None, None], 0)
    expected = claims & (best == best.max(axis=0))
    assert (np.stack([masks.decode(mask) for mask in shared]) == expected).all()


def test_masks_of_two_sizes_do_not_share():
    with pytest.raises(ShapeError, match="2x8, its frame 24x32"):
        share_pixels([masks.encode(square(1)), strip(0, 4)], [1.0, 1.0])


def test_annotators_are_merged_apart_and_each_frame_has_its_own_scores():
    video = described(two_squares(), 0, 1)
    answers = {
        (expression.expression_id, frame): Prediction(
            video_id="pair",
            expression_id=expression.expression_id,
            frame_index=frame,
            candidate=0,
            # Object 1 is the surer one in frame 2, and for the last annotator in frame 0 too.
            score=float(
                expression.object_ids == (1,) and (frame == 2 or expression.annotator == ANNOTATORS[3])
            ),
            mask=masks.encode(square(4 * expression.object_ids[0])),
        )
        for expression in video.expressions
        for frame in (0, 2)
    }
    rows = merge_expressions(video, (0, 2), answers)
    areas = {(row.expression_id, row.frame_index): masks.area(row.mask) for row in rows}
    assert len(rows) == len(areas) == 16
    assert [areas[f"anno_{k}/0", 0] for k in range(4)] == [64, 64, 64, 32]
    assert [areas[f"anno_{k}/1", 0] for k in range(4)] == [32, 32, 32, 64]
    assert [areas[f"anno_{k}/0", 2] for k in range(4)] == [32] * 4
    assert [areas[f"anno_{k}/1", 2] for k in range(4)] == [64] * 4


def test_expressions_that_are_no_annotators_pictures_are_refused():
    video = described(two_squares(), 0, 1)
    first, *others = video.expressions
    for changed, complaint in (
        ((replace(first, annotator=None), *others), "expression 0 of video pair does not say who wrote it"),
        ((replace(first, object_ids=(0, 1)), *others), r"means the objects \(0, 1\), expected exactly one"),
        ((replace(first, object_ids=()), *others), r"means the objects \(\), expected exactly one"),
        ((first, replace(first, expression_id="9"), *others), "9 .* is the second of annot1-first about"),
        ((first,), r"has expressions of 1 annotators \(annot1-first\), expected 4"),
    ):
        with pytest.raises(ScoreError, match=complaint):
            merge_expressions(replace(video, expressions=changed), (), {})
