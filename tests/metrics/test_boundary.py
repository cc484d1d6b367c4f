"""F by hand; tests/metrics/test_pairs.py compares it with the reference evaluator."""

from __future__ import annotations

import numpy as np
import pytest

from rvosbench.errors import MaskSizeError, ScoreError
from rvosbench.metrics import bits, boundary_measure
from rvosbench.metrics.boundary import radius


def pixel(*places: tuple[int, int], size: tuple[int, int] = (20, 30)) -> np.ndarray:
    mask = np.zeros(size, np.bool_)
    for y, x in places:
        mask[y, x] = True
    return mask


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (1, 1, 1),
        (120, 160, 2),
        (360, 640, 6),
        (480, 854, 8),
        (480, 910, 9),
        (480, 1152, 10),
        (720, 1280, 12),
        (1080, 1920, 18),
    ],
)
def test_the_tolerance_grows_with_the_diagonal(height, width, expected):
    assert radius(height, width, 0.008) == expected
    assert radius(height, width, 3) == 3
    assert radius(height, width, 0) == 0


def test_the_edge_of_the_frame_is_no_boundary():
    full, empty = np.ones((20, 30), np.bool_), np.zeros((20, 30), np.bool_)
    blob = pixel((5, 5))
    assert boundary_measure(full, full) == 1.0
    assert boundary_measure(empty, empty) == 1.0
    assert boundary_measure(full, empty) == 1.0  # neither has a boundary
    assert boundary_measure(blob, full) == 0.0
    assert boundary_measure(empty, blob) == 0.0


def test_a_pixel_has_four_boundary_pixels_up_and_left():
    words = bits.pack_masks(pixel((5, 7))[None], bits.Box(0, 30, 0, 20), 1)
    edge = bits.boundaries(words, 20)
    found = {(y, x) for x in range(30) for y in range(20) if int(edge[0, x, 0]) >> y & 1}
    assert found == {(4, 6), (4, 7), (5, 6), (5, 7)}
    assert bits.count(edge).tolist() == [4]


def test_the_disc_reaches_exactly_its_radius():
    centre = pixel((40, 40), size=(81, 81))
    for reach in (0, 1, 2, 3, 8, 12, 25, 37):
        words = bits.pack_masks(centre[None], bits.Box(0, 81, 0, 81), 40)
        disc = bits.dilated(words, reach)[0]
        for x in range(81):
            column = int.from_bytes(disc[x].astype("<u8").tobytes(), "little")
            for y in range(81):
                assert bool(column >> y & 1) == ((x - 40) ** 2 + (y - 40) ** 2 <= reach**2)


@pytest.mark.parametrize("place", [(0, 0), (89, 0), (0, 49), (89, 49), (45, 0), (0, 25), (1, 1)])
def test_the_disc_is_whole_where_the_edge_cuts_a_part_off(place):
    y, x = np.indices((90, 50))
    distance_squared = (y - place[0]) ** 2 + (x - place[1]) ** 2
    spot = pixel(place, size=(90, 50))
    for reach in [*range(42), 70, 100]:
        words = bits.pack_masks(np.stack([spot, spot]), bits.Box(0, 50, 0, 90), max(reach, 1))
        for disc in bits.dilated(words, reach):
            found = np.unpackbits(disc.astype("<u8").view(np.uint8), axis=1, bitorder="little")[:, :90]
            assert ((distance_squared <= reach**2) == found.T).all(), reach


def test_precision_and_recall_by_hand():
    # One true pixel, the same one predicted and another far away: 4 of 8 boundary pixels are right.
    truth, prediction = pixel((5, 5)), pixel((5, 5), (15, 25))
    assert boundary_measure(prediction, truth, tolerance=1) == 2 * 0.5 * 1.0 / 1.5
    assert boundary_measure(truth, prediction, tolerance=1) == 2 * 1.0 * 0.5 / 1.5
    # Two columns apart: the nearest pairs are one or two px apart.
    assert boundary_measure(pixel((5, 7)), truth, tolerance=1) == 0.5
    assert boundary_measure(pixel((5, 7)), truth, tolerance=2) == 1.0


def test_masks_that_do_not_fit_are_refused():
    with pytest.raises(MaskSizeError, match="never resized"):
        boundary_measure(pixel((0, 0)), pixel((0, 0), size=(20, 31)))
    with pytest.raises(ScoreError, match="expected bool"):
        boundary_measure(pixel((0, 0)), pixel((0, 0)).astype(np.uint8))
    with pytest.raises(ScoreError, match=r"the tolerance is 2\.5"):
        boundary_measure(pixel((0, 0)), pixel((0, 0)), tolerance=2.5)
