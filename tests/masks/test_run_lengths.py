"""Run lengths from outside are read as pycocotools would, and refused where it would read nonsense."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.masks.run_lengths import foreground_areas, foreground_runs
from rvosbench.types import Rle

any_mask = npst.arrays(np.bool_, st.tuples(st.integers(1, 20), st.integers(1, 20)))


def drawn(runs, index: int, height: int, width: int) -> np.ndarray:
    flat = np.zeros(height * width, np.bool_)
    for start, stop in zip(runs.start[runs.mask == index], runs.stop[runs.mask == index], strict=True):
        assert stop > start
        assert not flat[start:stop].any()
        flat[start:stop] = True
    return flat.reshape(width, height).T


@given(st.lists(any_mask, max_size=6))
def test_the_runs_of_pycocotools_masks_draw_the_masks_again(found):
    runs = foreground_runs([masks.encode(mask) for mask in found])
    for index, mask in enumerate(found):
        assert (drawn(runs, index, *mask.shape) == mask).all()


def test_a_large_frame_with_long_runs():
    mask = np.zeros((1080, 1920), np.bool_)
    mask[:, 100:1800] = True
    mask[500, 1000] = False
    runs = foreground_runs([masks.encode(mask)])
    assert runs.start.tolist() == [100 * 1080, 1000 * 1080 + 501]
    assert runs.stop.tolist() == [1000 * 1080 + 500, 1800 * 1080]


@pytest.mark.parametrize(
    ("rle", "complaint"),
    [
        (Rle(4, 4, b""), "0 pixels in all, its frame of 4x4 has 16"),
        (Rle(4, 4, b"4"), "4 pixels in all, its frame of 4x4 has 16"),
        (Rle(4, 5, b"`0"), "16 pixels in all, its frame of 4x5 has 20"),
        (Rle(4, 4, b"5L?"), "negative length"),
        (Rle(4, 4, b"o"), "not in COCO compressed run lengths"),  # cut off within a number
        (Rle(4, 4, b"`\x000"), "not in COCO compressed run lengths"),
        (Rle(4, 4, b"\xff"), "not in COCO compressed run lengths"),
        (Rle(4, 4, b"oooooooooo0"), "longer than any frame"),
        (Rle(0, 4, b""), "0x4 px"),
        (Rle(4, -1, b""), "4x-1 px"),
        (Rle(100_000, 100_000, b"`0"), "100000x100000 px"),
    ],
)
def test_a_bad_mask_is_refused_by_name(rle, complaint):
    good = masks.encode(np.eye(3, dtype=np.bool_))
    with pytest.raises(ScoreError) as caught:
        foreground_runs([good, rle, good], "row {}".format)
    assert str(caught.value).startswith("row 1 ")
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_areas_are_counted_and_checked_however_many_masks_there_are():
    found = [masks.encode(np.arange(12).reshape(3, 4) < number % 13) for number in range(600)]
    assert foreground_areas(found).tolist() == [number % 13 for number in range(600)]
    assert foreground_areas([]).tolist() == []
    found[555] = Rle(3, 4, b"4")
    with pytest.raises(ScoreError, match=r"^row 555 has runs of 4 pixels in all, its frame of 3x4 has 12"):
        foreground_areas(found, "row {}".format)


@given(st.lists(st.binary(max_size=12), min_size=1, max_size=4))
def test_any_bytes_are_read_or_refused(strings):
    """Never an IndexError, never runs beyond the frame."""
    rles = [Rle(3, 4, string) for string in strings]
    try:
        runs = foreground_runs(rles)
    except ScoreError:
        return
    for index, rle in enumerate(rles):
        assert (drawn(runs, index, 3, 4) == masks.decode(rle)).all()
