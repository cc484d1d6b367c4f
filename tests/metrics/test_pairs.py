"""J and F equal the reference evaluator's to the last bit, from arrays and from run lengths."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from rvosbench import masks
from rvosbench.errors import MaskSizeError, ScoreError
from rvosbench.metrics import boundary_measure, measure_pairs, region_similarity, score_pairs
from rvosbench.types import Rle

GOLDENS = Path(__file__).parents[1] / "goldens" / "metrics"


@st.composite
def mask_pairs(draw, most: int = 24):
    shape = draw(st.tuples(st.integers(1, most), st.integers(1, most)))
    return tuple(draw(npst.arrays(np.bool_, shape)) for _ in range(2))


def from_runs(prediction, truth, void=None, tolerance=0.008) -> tuple[float, float]:
    voids = None if void is None else [masks.encode(void)]
    j, f = score_pairs([masks.encode(prediction)], [masks.encode(truth)], voids, tolerance)
    return j[0], f[0]


def test_equal_to_davis_on_synthetic_masks_from_arrays_and_run_lengths():
    folder = GOLDENS / "davis"
    cases = json.loads((folder / "synthetic_expected.json").read_text())["cases"]
    packed = np.load(folder / "synthetic_masks.npz")

    def unpack(case, kind: str) -> np.ndarray:
        height, width = case["size"]
        bits = np.unpackbits(packed[f"{case['id']:04d}_{kind}"], count=height * width)
        return bits.reshape(height, width).astype(np.bool_)

    assert len(cases) == 727
    seen = set()
    for case in cases:
        prediction, truth = unpack(case, "pred"), unpack(case, "gt")
        seen |= kinds(prediction, truth) | ({"void"} if case["void"] else set())
        void = unpack(case, "void") if case["void"] else None
        tolerance = case["bound_th"]
        assert region_similarity(prediction, truth, void) == case["J"], case
        assert boundary_measure(prediction, truth, void, tolerance) == case["F"], case
        assert from_runs(prediction, truth, void, tolerance) == (case["J"], case["F"]), case
    assert seen == {"1x1", "both empty", "one empty", "full", "on the border", "one pixel", "void"}


def kinds(prediction: np.ndarray, truth: np.ndarray) -> set[str]:
    """The special cases that a pair of masks is."""
    areas = sorted((np.count_nonzero(prediction), np.count_nonzero(truth)))
    edges = [mask[[0, -1]].any() or mask[:, [0, -1]].any() for mask in (prediction, truth)]
    cases = {
        "1x1": truth.size == 1,
        "both empty": areas == [0, 0],
        "one empty": areas[0] == 0 < areas[1],
        "full": areas[1] == truth.size,
        "on the border": any(edges),
        "one pixel": 1 in areas,
    }
    return {name for name, is_one in cases.items() if is_one}


def test_equal_to_davis_on_real_masks(shared: Path):
    path = shared / "goldens" / "metrics" / "davis" / "real.json.gz"
    items = json.loads(gzip.decompress(path.read_bytes()))["items"]
    assert sum(len(track) for item in items for track in item["gt"]) == 1920
    for item in items:
        height, width = item["size"]
        for true, predicted, j, f in zip(item["gt"], item["pred"], item["J"], item["F"], strict=True):
            found = score_pairs(
                [Rle(height, width, counts.encode()) for counts in predicted],
                [Rle(height, width, counts.encode()) for counts in true],
                tolerance=item["bound_th"],
            )
            assert (found[0].tolist(), found[1].tolist()) == (j, f), item["sequence"]


def plain_boundary(mask: np.ndarray) -> np.ndarray:
    """Pixels unlike the one to the right, below or both, in a frame that repeats its edge."""
    grown = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    return (mask != grown[:-1, 1:]) | (mask != grown[1:, :-1]) | (mask != grown[1:, 1:])


def plain_f(prediction: np.ndarray, truth: np.ndarray, radius: int) -> float:
    """The definition, with OpenCV's dilation and nothing clever."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disc = (x * x + y * y <= radius * radius).astype(np.uint8)
    a, b = plain_boundary(prediction), plain_boundary(truth)
    if not a.any() and not b.any():
        return 1.0
    if not a.any() or not b.any():
        return 0.0
    precision = (a & (cv2.dilate(b.astype(np.uint8), disc) > 0)).sum() / a.sum()
    recall = (b & (cv2.dilate(a.astype(np.uint8), disc) > 0)).sum() / b.sum()
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@pytest.mark.parametrize("radius", [1, 2, 3, 5, 8, 12, 18, 30, 70, 200])
@pytest.mark.parametrize(("height", "width"), [(1, 70), (70, 1), (63, 65), (64, 64), (65, 40), (130, 129)])
def test_equal_to_a_plain_implementation_at_any_radius_and_word_border(radius, height, width):
    rng = np.random.default_rng(radius * 1000 + height)
    for density in (0.0, 0.001, 0.02, 0.5, 0.98, 1.0):
        prediction, truth = rng.random((2, height, width)) < density
        truth[: height // 2] &= density < 0.9
        expected = plain_f(prediction, truth, radius)
        assert boundary_measure(prediction, truth, tolerance=radius) == expected
        assert from_runs(prediction, truth, tolerance=radius)[1] == expected


def drawn_mask(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Up to three filled ellipses and rectangles, often beyond the frame."""
    mask = np.zeros((height, width), np.uint8)
    for _ in range(rng.integers(0, 4)):
        x, y = (int(value) for value in rng.integers((-10, -10), (width + 10, height + 10)))
        a, b = (int(value) for value in rng.integers(0, 60, 2))
        if rng.random() < 0.5:
            cv2.ellipse(mask, (x, y), (a, b), float(rng.integers(180)), 0, 360, 1, -1)
        else:
            cv2.rectangle(mask, (x, y), (x + a, y + b), int(rng.random() < 0.8), -1)
    return mask.astype(np.bool_)


@pytest.mark.parametrize("seed", range(40))
def test_equal_to_a_plain_implementation_on_stacks_of_drawn_shapes(seed):
    rng = np.random.default_rng(seed)
    height, width, radius = (int(value) for value in rng.integers((1, 1, 1), (200, 200, 20)))
    shapes = [(drawn_mask(rng, height, width), drawn_mask(rng, height, width)) for _ in range(8)]
    _, f = score_pairs(
        *(list(map(masks.encode, side)) for side in zip(*shapes, strict=True)), tolerance=radius
    )
    assert f.tolist() == [plain_f(*pair, radius) for pair in shapes]


def test_a_mask_on_the_edge_of_the_frame_has_whole_discs_around_its_boundary():
    """A disc grows in steps; one that is cut off by the edge of the frame must not miss pixels."""
    prediction, truth = np.zeros((2, 60, 80), np.bool_)
    truth[20:40, :6] = True
    for y, x in np.argwhere(np.ones((60, 20), np.bool_)):
        prediction[:] = False
        prediction[y, x] = True
        assert boundary_measure(prediction, truth, tolerance=12) == plain_f(prediction, truth, 12)


@given(mask_pairs(), st.sampled_from([0, 0.008, 0.05, 0.3, 1, 2, 5, 40]))
def test_run_lengths_and_arrays_agree(pair, tolerance):
    expected = region_similarity(*pair), boundary_measure(*pair, tolerance=tolerance)
    assert from_runs(*pair, tolerance=tolerance) == expected


@given(mask_pairs())
def test_void_is_as_if_nothing_were_there(pair):
    prediction, truth = pair
    void = np.indices(truth.shape).sum(axis=0) % 3 == 0
    expected = from_runs(prediction & ~void, truth & ~void)
    assert from_runs(prediction, truth, void) == expected
    assert (region_similarity(*pair, void), boundary_measure(*pair, void)) == expected


@given(mask_pairs())
def test_both_lie_between_0_and_1_and_do_not_care_which_is_the_prediction(pair):
    prediction, truth = pair
    j, f = from_runs(prediction, truth)
    assert 0 <= j <= 1
    assert 0 <= f <= 1
    other_j, other_f = from_runs(truth, prediction)
    assert j == other_j
    assert f == pytest.approx(other_f, abs=1e-15)
    assert (j == 1) == (prediction == truth).all()


@given(mask_pairs(), st.sampled_from([0.008, 0.1, 2, 12]))
def test_transposing_both_masks_changes_nothing(pair, tolerance):
    prediction, truth = pair
    expected = from_runs(prediction, truth, tolerance=tolerance)
    assert from_runs(prediction.T, truth.T, tolerance=tolerance) == expected


@given(mask_pairs(), st.integers(1, 70))
def test_j_does_not_change_by_a_border_of_background(pair, border):
    padded = [np.pad(mask, border) for mask in pair]
    assert from_runs(*padded)[0] == from_runs(*pair)[0]


def test_stacking_frames_of_several_sizes_changes_nothing():
    rng = np.random.default_rng(3)
    sizes = [(20, 30)] * 3 + [(30, 20)] * 2 + [(20, 30)] + [(500, 700)] * 20
    drawn = [rng.random((2, *size)) < 0.1 for size in sizes]
    drawn[7][:] = False
    predictions = [masks.encode(pair[0]) for pair in drawn]
    truths = [masks.encode(pair[1]) for pair in drawn]
    voids = [
        masks.encode(rng.random(size) < 0.2) if place % 3 == 0 else None for place, size in enumerate(sizes)
    ]
    j, f = score_pairs(predictions, truths, voids)
    for place in range(len(sizes)):
        alone = score_pairs(
            predictions[place : place + 1], truths[place : place + 1], voids[place : place + 1]
        )
        assert (j[place], f[place]) == (alone[0][0], alone[1][0])


def test_areas_are_counted_in_pixels():
    prediction, truth = np.zeros((2, 10, 12), np.bool_)
    prediction[2:6, 3:9] = True
    truth[4:8, 3:9] = True
    void = np.zeros((10, 12), np.bool_)
    void[:, 3] = True
    found = measure_pairs(
        [masks.encode(prediction)] * 2, [masks.encode(truth)] * 2, [None, masks.encode(void)]
    )
    assert found.intersection.tolist() == [12, 10]
    assert found.union.tolist() == [36, 30]
    assert found.predicted_area.tolist() == [24, 20]
    assert found.true_area.tolist() == [24, 20]
    assert found.j.tolist() == [12 / 36, 10 / 30]


def test_nothing_to_score_is_an_empty_answer():
    j, f = score_pairs([], [])
    assert j.shape == f.shape == (0,)


def square() -> Rle:
    return masks.encode(np.eye(6, dtype=np.bool_))


def test_masks_of_unequal_size_are_refused_and_named():
    wide = masks.encode(np.zeros((6, 7), np.bool_))
    with pytest.raises(MaskSizeError, match=r"pair 1: the masks are 6x7 and 6x6"):
        score_pairs([square(), wide], [square(), square()])
    with pytest.raises(MaskSizeError, match=r"pair 0: the masks are 6x6 and 6x6 and 6x7"):
        score_pairs([square()], [square()], [wide])


@pytest.mark.parametrize("mask", [np.ones((6, 6)), np.full((6, 6), 255, np.uint8), None])
def test_arrays_in_place_of_run_lengths_are_refused_and_named(mask):
    with pytest.raises(ScoreError, match=r"^prediction 1 is a .*, expected run lengths"):
        score_pairs([square(), mask], [square(), square()])
    with pytest.raises(ScoreError, match=r"^ground truth 1 is a"):
        score_pairs([square(), square()], [square(), mask])


def test_sequences_of_unequal_length_are_refused():
    with pytest.raises(ScoreError, match="2 predictions, 1 ground truths"):
        score_pairs([square(), square()], [square()])
    with pytest.raises(ScoreError, match="1 ground truths, 0 voids"):
        score_pairs([square()], [square()], [])


def test_broken_run_lengths_are_refused_and_named():
    broken = Rle(6, 6, b"5L?")
    with pytest.raises(ScoreError, match=r"^prediction 1 has a run of negative length"):
        score_pairs([square(), broken], [square(), square()])
    with pytest.raises(ScoreError, match=r"^ground truth 0 has"):
        score_pairs([square()], [broken])
    with pytest.raises(ScoreError, match=r"^void 1 has"):
        score_pairs([square()] * 2, [square()] * 2, [None, broken])


@pytest.mark.parametrize("tolerance", [-0.1, math.nan, math.inf, 1.5])
def test_a_tolerance_without_meaning_is_refused(tolerance):
    with pytest.raises(ScoreError, match="tolerance"):
        score_pairs([square()], [square()], tolerance=tolerance)
