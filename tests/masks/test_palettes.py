from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from rvosbench import masks
from rvosbench.datasets.label_maps import read_labels
from rvosbench.errors import DatasetError
from rvosbench.masks import encode_index_png
from rvosbench.masks.palettes import VOC, ids_by_table

# As the first palette PNG of a release shows them; 0 is the background.
DAVIS = [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128), (128, 0, 128)]
YOUTUBE_VOS = [(0, 0, 0), (236, 95, 103), (249, 145, 87), (250, 200, 99), (153, 199, 148), (98, 179, 178)]


def png(pixels, mode="RGB"):
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8), mode).save(buffer, format="PNG")
    return buffer.getvalue()


def ids_of(data, name):
    return masks.read_labels(data, name, role="annotation")


def painted(colours, labels):
    return np.array(colours, np.uint8)[labels]


LABELS = np.arange(24).reshape(4, 6) % 6


@pytest.mark.parametrize("colours", [DAVIS, YOUTUBE_VOS])
def test_an_rgb_copy_has_the_ids_of_its_palette(colours):
    data = png(painted(colours, LABELS))
    assert np.array_equal(ids_of(data, "x.png"), LABELS)


def test_our_own_palette_png_converted_to_rgb_comes_back():
    labels = np.arange(22, dtype=np.uint8).reshape(2, 11)
    data = encode_index_png(labels)
    assert np.array_equal(ids_of(png(Image.open(io.BytesIO(data)).convert("RGB")), "x"), labels)


def test_the_palettes_are_those_of_real_annotations(shared):
    """A palette PNG of DAVIS 2017, converted to RGB, against its own palette indices."""
    path = shared / "samples/ref_davis17/first_frame_only/Annotations/480p/bmx-trees/00000.png"
    with Image.open(path) as image:
        assert np.array_equal(ids_of(png(image.convert("RGB")), "x"), np.asarray(image))
        colours = np.array(image.getpalette()).reshape(-1, 3)
    labels = np.array([[*range(22), 255]], np.uint8)
    with_void = painted(colours, labels)
    with_void[0, 7] = 0  # 128, 128, 128 is also the grey of index 128, which no sequence uses
    labels[0, 7] = 0
    assert np.array_equal(ids_of(png(with_void), "x"), labels)


def test_a_file_of_background_is_empty_in_every_palette():
    assert not ids_of(png(np.zeros((2, 3, 3))), "x").any()


@pytest.mark.parametrize(
    ("colours", "message"),
    [
        ([(0, 0, 0), (1, 2, 1)], "#010201 is in none of the known palettes"),
        ([(0, 0, 0), (128, 0, 0), (127, 0, 0)], "#7f0000 is in none"),
        ([(0, 0, 0), (128, 0, 0), (236, 95, 103)], "#000000, #800000, #ec5f67 do not tell which"),
        ([(0, 0, 0), (255, 255, 255)], "#000000, #ffffff do not tell which"),
    ],
)
def test_colours_that_prove_nothing_are_refused_and_shown(tmp_path, colours, message):
    path = tmp_path / "00000.png"
    path.write_bytes(png([colours]))
    with pytest.raises(DatasetError, match=message) as caught:
        read_labels(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_opaque_pixels_may_have_an_alpha_channel_and_others_may_not():
    pixels = painted([(*colour, 255) for colour in YOUTUBE_VOS], LABELS)
    assert np.array_equal(ids_of(png(pixels, "RGBA"), "x"), LABELS)
    pixels[0, 0, 3] = 254
    with pytest.raises(DatasetError, match="partly transparent"):
        ids_of(png(pixels, "RGBA"), "x")


def test_an_altered_byte_and_a_truncation_are_refused_and_not_decoded_to_other_ids():
    data = png(painted(DAVIS, np.tile(LABELS, (20, 20))))
    for position in range(30, len(data) - 12, 5):
        damaged = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
        with pytest.raises(DatasetError):
            ids_of(damaged, "x")
    for length in range(26, len(data), 3):
        with pytest.raises(DatasetError):
            ids_of(data[:length], "x")


def test_what_a_table_was_filled_up_with_changes_no_id():
    moved = VOC.table[[0, 5, 2]]
    for filling in ([0, 0, 0], [255, 255, 255], [224, 224, 192]):
        filled = np.concatenate([moved, np.full((13, 3), filling, np.uint8)])
        assert ids_by_table(filled, [0, 1, 2]) == (0, 5, 2), filling


def test_known_colours_that_stand_twice_prove_ids_only_where_they_belong():
    assert ids_by_table(VOC.table[[5, 0, 3, 0]], [0, 1, 2, 3]) is None
    assert ids_by_table(VOC.table[[0, 2, 1, 2]], [0, 1, 2, 3]) is None
    round_and_round = np.tile(VOC.table[:4], (3, 1))
    assert ids_by_table(round_and_round, [0, 1, 2, 5]) == [0, 1, 2, 5]
    own = np.array([[0, 0, 0], [31, 119, 180], [255, 127, 14], [31, 119, 180]], np.uint8)
    assert ids_by_table(own, [0, 1, 2, 3]) == [0, 1, 2, 3]
