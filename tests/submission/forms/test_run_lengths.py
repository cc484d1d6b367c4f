"""Run lengths from JSON: the spellings that exist are read, whatever does not fit its frame is refused."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.masks.run_lengths import foreground_areas
from rvosbench.submission.forms.run_lengths import foreign_rle
from rvosbench.types import Rle


@given(st.lists(st.booleans(), min_size=12, max_size=12), st.lists(st.integers(0, 12), max_size=6))
@settings(max_examples=60, deadline=None)
def test_uncompressed_lengths_become_the_string_that_pycocotools_writes(pixels, cuts):
    mask = np.array(pixels).reshape(3, 4)
    flat = mask.T.reshape(-1)
    counts, value = [0], False
    for index, pixel in enumerate(flat):
        if pixel != value:
            counts, value = [*counts, 0], bool(pixel)
        elif index in cuts:
            counts += [0, 0]  # an empty run of the other kind
        counts[-1] += 1
    assert foreign_rle({"size": [3, 4], "counts": counts}, "it") == masks.encode(mask)


@pytest.mark.parametrize("text", ["PP6", "b'PP6'", 'b"PP6"'])
def test_text_of_bytes_is_the_bytes(text):
    assert foreign_rle({"size": [64, 96], "counts": text}, "it") == Rle(64, 96, b"PP6")
    assert foreign_rle({"size": [1, 1], "counts": "b'" + "\\\\" + "'"}, "it").counts == b"\\"


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({"size": [3, 4], "counts": [0, 11]}, "runs of 11 pixels in all, its frame of 3x4 has 12"),
        ({"size": [3, 4], "counts": [2**70, 0]}, "runs of .* pixels in all"),
        ({"size": [3, 4], "counts": [13, -1]}, "a run of length -1"),
        ({"size": [3, 4], "counts": [12.0]}, "a run of length 12.0"),
        ({"size": [3, 4], "counts": [True] * 12}, "a run of length True"),
        ({"size": [3, 4], "counts": []}, "runs of 0 pixels"),
        ({"size": [3, 4], "counts": "é"}, "has the counts"),
        ({"size": [3, 4], "counts": None}, "has the counts None"),
        ({"size": [3], "counts": "PP6"}, r"has the size \[3\]"),
        ({"size": [0, 4], "counts": "PP6"}, "has the size"),
        ({"size": [-3, -4], "counts": "PP6"}, "has the size"),
        ({"size": [2**40, 2**40], "counts": "PP6"}, "has the size"),
        ({"size": [True, True], "counts": [1]}, "has the size"),
        ({"size": "3x4", "counts": [12]}, "has the size '3x4'"),
        ({"counts": [12]}, "has the size None"),
        ([[1, 2, 3]], "such as of polygons"),
        ("PP6", "expected run lengths"),
        (None, "expected run lengths"),
    ],
)
def test_what_is_no_mask_is_refused(value, complaint):
    with pytest.raises(ScoreError, match=complaint) as caught:
        foreign_rle(value, "it")
    assert str(caught.value).startswith("it ") and len(str(caught.value)) < 300


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_string_is_a_mask_of_its_frame_or_refused(text):
    try:
        rle = foreign_rle({"size": [24, 32], "counts": text}, "it")
        (area,) = foreground_areas([rle])
    except ScoreError:
        return
    assert masks.decode(rle).sum() == area
