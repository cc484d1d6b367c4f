from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rvosbench.drawing import overlay
from rvosbench.errors import DatasetError, MissingPathError, UnknownNameError
from rvosbench.media.images import decode_image
from rvosbench.store_tools.preview import as_png, object_colours, preview
from tests.tiny_store import hidden, square, tiny_store, two_squares, video, write_store


@pytest.fixture
def store(tmp_path):
    return tiny_store(tmp_path / "store")


def has(picture, colour):
    return bool((picture == np.array(colour, np.uint8)).all(axis=2).any())


def test_objects_are_drawn_in_their_colours_and_named_below(store):
    picture = preview(store, "train", "pair", frames=3)
    assert picture.dtype == np.uint8 and picture.shape[2] == 3
    width = picture.shape[1] // 3
    red, blue = overlay.PALETTE[:2]
    strip = picture[:360]  # the frames alone
    assert has(strip[:, :width], red) and not has(strip[:, :width], blue)  # blue appears in frame 3
    assert has(strip[:, 2 * width + 8 :], blue)
    assert has(picture[390:], red) and has(picture[390:], blue)  # the legend


def test_more_expressions_make_a_higher_picture(tmp_path):
    few = write_store(tmp_path / "few", [two_squares()])
    expressions = {f"expression {n}": (0,) for n in range(30)}
    many = write_store(tmp_path / "many", [video("pair", "train", {0: {0: square(0)}}, expressions)])
    heights = [preview(store, "train", "pair").shape[0] for store in (few, many)]
    assert heights[1] > heights[0] + 24 * 10


def test_every_object_has_a_colour_of_its_own_and_void_is_grey():
    crowd = video("v", "train", {n: {} for n in range(1, 41)} | {255: {}}, {})
    crowd = replace(
        crowd, objects=tuple(replace(o, category="void") if o.object_id == 255 else o for o in crowd.objects)
    )
    colours = object_colours(crowd)
    assert len(set(colours.values())) == 41
    assert colours[255] == (150, 150, 150)
    assert [colours[n + 1] for n in range(8)] == list(overlay.PALETTE)


def test_hidden_truth_one_frame_and_large_frames_can_be_shown(store, tmp_path):
    assert preview(store, "valid", "secret").shape[0] > 160
    one = preview(store, "train", "single", frames=1)
    assert one.shape[1] == 32 * 360 // 24
    assert preview(store, "train", "single", frames=100).shape[1] > one.shape[1]


def test_void_frames_outside_the_annotated_ones_are_not_shown(tmp_path):
    partly = video("v", "train", {1: {4: square(0)}}, {"x": (1,)}, annotated=(4,))
    picture = preview(write_store(tmp_path / "s", [partly]), "train", "v")
    assert picture.shape[1] == 32 * 360 // 24  # one frame


def test_refusals(store, tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'pair'"):
        preview(store, "train", "pare")
    with pytest.raises(DatasetError, match="0 frames"):
        preview(store, "train", "pair", frames=0)
    frames = tuple(replace(f, encoded=None, path="x.jpg") for f in hidden().frames)
    gone = write_store(tmp_path / "gone", [replace(hidden(), frames=frames)])
    with pytest.raises(MissingPathError, match=r"x\.jpg"):
        preview(gone, "valid", "secret")


def test_the_same_store_gives_the_same_bytes(store):
    first, second = (as_png(preview(store, "train", "pair")) for _ in range(2))
    assert first == second
    assert np.array_equal(decode_image(first, "it"), preview(store, "train", "pair"))
