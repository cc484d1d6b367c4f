"""Which labels count, by law: the numbers from 1 to the largest of the first annotated frame."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rvosbench import masks
from rvosbench.metrics.labels import counted_ids, label_ids
from rvosbench.types import VOID, Object, Video
from tests.tiny_store import square, two_squares


def with_labels(first: tuple[int, ...], later: tuple[int, ...] = (), void: bool = False) -> Video:
    video = two_squares()
    shown = {(label, 0): masks.encode(square(label % 20)) for label in first}
    shown |= {(label, 3): masks.encode(square(label % 20)) for label in later}
    categories = {255: VOID} if void else {}
    if void:
        shown[255, 0] = masks.encode(square(9))
    ids = sorted({label for label, _ in shown})
    objects = tuple(Object(object_id=i, category=categories.get(i)) for i in ids)
    return replace(video, objects=objects, masks=shown, expressions=())


@pytest.mark.parametrize(
    ("first", "later", "counted", "labels"),
    [
        ((1, 2), (), (1, 2), (1, 2)),
        ((1, 3), (), (1, 2, 3), (1, 2, 3)),
        ((1, 3), (2,), (1, 2, 3), (1, 2, 3)),
        ((2,), (4,), (1, 2), (1, 2, 4)),
        ((), (1, 2), (), (1, 2)),
        ((254,), (), tuple(range(1, 255)), tuple(range(1, 255))),
        ((300, 302), (), (300, 302), (300, 302)),
        ((0, 2), (), (0, 1, 2), (0, 1, 2)),
    ],
)
def test_labels_by_hand(first, later, counted, labels):
    for void in (False, True):
        video = with_labels(first, later, void)
        assert (counted_ids(video), label_ids(video)) == (counted, labels)


def test_the_first_frame_is_the_first_annotated_one():
    video = with_labels((1,), (3,))
    frames = tuple(replace(frame, annotated=index >= 3) for index, frame in enumerate(video.frames))
    assert counted_ids(replace(video, frames=frames)) == (1, 2, 3)
