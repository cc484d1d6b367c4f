"""What every layout starts from: how many videos, which scenes, who hears about them."""

from __future__ import annotations

import pytest

from rvosbench.errors import RvosbenchError
from rvosbench.synthetic.request import HELD_OUT, Request


def request(**changes):
    return Request(**{"name": "ytvos", "videos": 3, "seed": 0, "frames": 4, "size": (48, 64)} | changes)


@pytest.mark.parametrize(
    "changes", [{"videos": 0}, {"frames": 0}, {"size": (96, 31)}, {"size": (31, 96)}, {"videos": -1}]
)
def test_what_no_layout_can_hold_is_refused(changes):
    with pytest.raises(RvosbenchError, match="expected at least 1 video, 1 frame and 32x32 px"):
        request(**changes)


def test_held_out_splits_are_a_tenth_but_never_empty():
    assert [request(videos=videos).held_out(2) for videos in (1, 19, 20, 39, 150)] == [2, 2, 2, 3, 15]


def test_only_the_first_split_has_scenes_from_zero():
    plan = request().planned({"train": 2, "valid": 1, "test": 2})
    assert plan == [
        ("train", 0),
        ("train", 1),
        ("valid", HELD_OUT),
        ("test", HELD_OUT + 1),
        ("test", HELD_OUT + 2),
    ]


def test_an_item_is_counted_when_its_turn_is_over():
    heard = []
    for item in request(on_progress=lambda done, total: heard.append((done, total))).counted("ab"):
        heard.append(item)
    assert heard == ["a", (1, 2), "b", (2, 2)]
