"""Labels and objects, dealt out by hand and as the official evaluator does it."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.metrics import score_pairs
from rvosbench.metrics.matching import match
from rvosbench.types import Rle
from tests.tiny_store import square

LEFT, RIGHT, LOW = (masks.encode(mask) for mask in (square(2), square(20), square(10, 14)))
EMPTY = masks.empty(24, 32)


def test_labels_are_dealt_out_so_that_every_object_fares_best():
    objects = {1: [LEFT, LEFT], 2: [RIGHT, RIGHT]}
    swapped = match({1: [RIGHT, RIGHT], 2: [LEFT, LEFT]}, objects, None, "hungarian", "it")
    assert swapped == [(2, [RIGHT, RIGHT]), (1, [LEFT, LEFT])]  # in the order of the labels
    by_number = match({1: [RIGHT, RIGHT], 2: [LEFT, LEFT]}, objects, None, "none", "it")
    assert by_number == [(1, [RIGHT, RIGHT]), (2, [LEFT, LEFT])]


def test_a_label_is_dealt_once_per_video_not_per_frame():
    wanders = {1: [LEFT, RIGHT, RIGHT], 2: [RIGHT, LEFT, LEFT]}
    objects = {1: [LEFT] * 3, 2: [RIGHT] * 3}
    assert match(wanders, objects, None, "hungarian", "it") == [(2, wanders[1]), (1, wanders[2])]


def test_the_sum_counts_not_the_first_come():
    """Label 1 is best for object 1, but only label 1 finds anything of object 2."""
    half = masks.encode(square(2) | square(20))
    chosen = match({1: [half], 2: [LEFT]}, {1: [LEFT], 2: [RIGHT]}, None, "hungarian", "it")
    assert chosen == [(2, [half]), (1, [LEFT])]


def test_too_few_labels_leave_objects_with_empty_masks_and_too_many_are_left_out():
    objects = {1: [LEFT], 2: [RIGHT]}
    assert match({1: [RIGHT]}, objects, None, "hungarian", "it") == [(2, [RIGHT]), (1, [EMPTY])]
    assert match({2: [RIGHT]}, objects, None, "none", "it") == [(1, [EMPTY]), (2, [RIGHT])]
    assert match({}, objects, None, "none", "it") == [(1, [EMPTY]), (2, [EMPTY])]
    more = {1: [LOW], 2: [RIGHT], 3: [LEFT]}
    assert match(more, objects, None, "hungarian", "it") == [(2, [RIGHT]), (1, [LEFT])]
    assert match(more, {1: [LEFT]}, None, "hungarian", "it") == [(1, [LEFT])]


def test_pixels_that_are_void_decide_nothing():
    objects = {1: [masks.encode(square(2))], 2: [masks.encode(square(2, 4, 6))]}
    small, large = masks.encode(square(2, 4, 6)), masks.encode(square(2))
    assert match({1: [small], 2: [large]}, objects, None, "hungarian", "it")[0][0] == 2
    outside = masks.encode(square(2) & ~square(2, 4, 6))  # where the two differ
    assert match({1: [small], 2: [large]}, objects, [outside], "hungarian", "it")[0][0] == 1


def test_labels_that_cannot_answer_are_refused():
    with pytest.raises(ScoreError, match="video x has the labels 3, the objects are 1, 2"):
        match({3: [LEFT]}, {1: [LEFT], 2: [RIGHT]}, None, "none", "video x")
    many = {label: [LEFT] for label in range(1, 22)}
    with pytest.raises(ScoreError, match="video x has 21 labels, up to 21; expected at most 20"):
        match(many, {1: [LEFT]}, None, "hungarian", "video x")


@settings(max_examples=30, deadline=None)
@given(arrays.arrays(np.bool_, (3, 2, 6, 7)), arrays.arrays(np.bool_, (3, 2, 6, 7)))
def test_no_other_way_of_dealing_is_better(tracks, truths):
    def rles(stack: np.ndarray) -> dict[int, list[Rle]]:
        return {number: masks.encode_many(each) for number, each in enumerate(stack, 1)}

    def total(pairs: list[tuple[int, list[Rle]]]) -> float:
        scores = [score_pairs(track, objects[object_id]) for object_id, track in pairs]
        return sum(float(np.mean(j) + np.mean(f)) for j, f in scores)

    labels, objects = rles(tracks), rles(truths)
    found = match(labels, objects, None, "hungarian", "it")
    assert sorted(object_id for object_id, _ in found) == [1, 2, 3]
    best = max(total(list(zip(order, labels.values(), strict=True))) for order in permutations(objects))
    assert total(found) == pytest.approx(best)


@pytest.mark.parametrize("sequence", ["bike-packing", "dogs-jump", "scooter-black"])
def test_twenty_proposals_are_matched_as_the_official_evaluator_does(shared: Path, sequence):
    folder = shared / "goldens" / "metrics" / "davis"
    expected = json.loads((folder / "pipeline_expected.json").read_text())["unsup_rvos"]["per_object"]
    with np.load(folder / f"pipeline_{sequence}.npz") as arrays_of:
        truth, found = arrays_of["gt_unsup"], arrays_of["rvos"]
    objects = {label: masks.encode_many(truth == label) for label in range(1, truth[truth < 255].max() + 1)}
    proposals = {label: masks.encode_many(found == label) for label in range(1, found.max() + 1)}
    voids = masks.encode_many(truth == 255)
    # The official names are places in the order of the matched labels, not objects.
    for place, (object_id, track) in enumerate(match(proposals, objects, voids, "hungarian", sequence), 1):
        j, f = score_pairs(track, objects[object_id], voids)
        assert {"J": j.mean(), "F": f.mean()} == expected[f"{sequence}_{place}"]
