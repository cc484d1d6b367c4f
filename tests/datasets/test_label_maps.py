from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from rvosbench.datasets.label_maps import read_annotations, read_labels
from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.masks import Noise
from rvosbench.masks.palettes import VOC
from tests.datasets.tiny_releases import HEIGHT, ONE_OBJECT, TWO_OBJECTS, WIDTH, write_labels

SIZE = (HEIGHT, WIDTH)


def test_an_object_that_leaves_has_no_mask_in_an_annotated_frame(tmp_path):
    write_labels(tmp_path / "00000.png", TWO_OBJECTS)
    write_labels(tmp_path / "00005.png", ONE_OBJECT)
    found, annotated = read_annotations(tmp_path, ["00000", "00005"], SIZE, all_frames=True)
    assert set(found) == {(1, 0), (2, 0), (2, 1)}
    assert annotated == (True, True)


def test_a_frame_without_a_png_is_not_annotated_unless_all_are_needed(tmp_path):
    write_labels(tmp_path / "00005.png", ONE_OBJECT)
    found, annotated = read_annotations(tmp_path, ["00000", "00005"], SIZE, all_frames=False)
    assert set(found) == {(2, 1)}
    assert annotated == (False, True)
    with pytest.raises(MissingPathError, match=r"00000\.png"):
        read_annotations(tmp_path, ["00000", "00005"], SIZE, all_frames=True)


def test_a_mask_of_another_size_is_never_resized(tmp_path):
    write_labels(tmp_path / "00000.png", TWO_OBJECTS)
    with pytest.raises(DatasetError, match="masks are never resized"):
        read_annotations(tmp_path, ["00000"], (HEIGHT * 2, WIDTH * 2), all_frames=True)


def test_an_object_that_no_index_lists_is_refused_with_the_file_and_the_listed_ones(tmp_path):
    write_labels(tmp_path / "00000.png", TWO_OBJECTS)
    found, _ = read_annotations(tmp_path, ["00000"], SIZE, all_frames=True, objects=[1, 2, 9])
    assert set(found) == {(1, 0), (2, 0)}  # an object need not be seen
    with pytest.raises(DatasetError, match=r"00000\.png has pixels of value 2, its video has"):
        read_annotations(tmp_path, ["00000"], SIZE, all_frames=True, objects=[1, 9])


def test_paths_that_are_no_file_are_named(tmp_path):
    with pytest.raises(MissingPathError, match=r"absent\.png is missing"):
        read_labels(tmp_path / "absent.png")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_labels(tmp_path)


def jpeg(labels, quality):
    buffer = io.BytesIO()
    Image.fromarray(labels).save(buffer, format="JPEG", quality=quality)
    with Image.open(buffer) as image:
        return np.asarray(image)


def drawn(ids, frame=0, size=(120, 160)):
    """A disc for each id, without noise."""
    y, x = np.mgrid[: size[0], : size[1]]
    labels = np.zeros(size, np.uint8)
    for number, object_id in enumerate(ids):
        row, column = 25 + 55 * (number // 4), 20 + 38 * (number % 4) + frame
        labels[(y - row) ** 2 + (x - column) ** 2 < 17**2] = object_id
    return labels


def save(folder, frames, kind="L"):
    for number, labels in enumerate(frames):
        image = Image.fromarray(labels)
        if kind == "P":
            image.putpalette(VOC.table.tobytes())
        image.save(folder / f"{number:05d}.png")
    return {"frame_names": [f"{number:05d}" for number in range(len(frames))], "all_frames": True}


@pytest.mark.parametrize("quality", [50, 75, 90, 95])
@pytest.mark.parametrize("ids", [(255,), (40, 80, 120, 160, 200), (128, 255), (38, 75)])
def test_label_maps_that_went_through_jpeg_are_refused_where_no_index_lists_the_objects(
    tmp_path, ids, quality
):
    asked = save(tmp_path, [jpeg(drawn(ids, frame), quality) for frame in range(3)])
    with pytest.raises(
        DatasetError, match=rf"{tmp_path} shows \d+ values from .* as JPEG or a resize"
    ) as caught:
        read_annotations(tmp_path, size=(120, 160), **asked)
    assert "\n" not in str(caught.value)
    with pytest.raises(DatasetError, match=r"has pixels of value .*, its video has the objects"):
        read_annotations(tmp_path, size=(120, 160), objects=[1, 2], **asked)


@pytest.mark.parametrize("quality", [85, 90, 95])
def test_noise_is_told_where_ids_are_neighbours(tmp_path, quality):
    asked = save(tmp_path, [jpeg(drawn((1, 2, 3, 4, 5), frame), quality) for frame in range(3)])
    with pytest.raises(DatasetError, match="as JPEG or a resize"):
        read_annotations(tmp_path, size=(120, 160), **asked)


@pytest.mark.parametrize("seed", range(5))
def test_a_crowd_of_real_objects_is_no_noise(tmp_path, seed):
    """Sixty boxes of any size, many of them hidden but for a few pixels."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((240, 320), np.uint8)
    for object_id in range(1, 61):
        y, x, size = rng.integers(0, 240), rng.integers(0, 320), rng.integers(1, 50)
        labels[y : y + size, x : x + size // 2 + 1] = object_id
    labels[:2] = 255
    asked = save(tmp_path, [labels, np.roll(labels, 3, axis=1)])
    found, _ = read_annotations(tmp_path, size=(240, 320), **asked)
    assert {object_id for object_id, _ in found} == set(np.unique(labels).tolist()) - {0}


def test_values_that_are_no_ids_are_named_where_expressions_mean_others(tmp_path):
    labels = drawn((1, 2))
    asked = save(tmp_path, [labels])
    assert len(read_annotations(tmp_path, size=labels.shape, meant=[2, 3], **asked)[0]) == 2
    save(tmp_path, [(labels > 0) * np.uint8(255)])
    with pytest.raises(
        DatasetError, match=r"shows masks of 0 and 255 and no object ids, while .* mean 1, 2;"
    ):
        read_annotations(tmp_path, size=labels.shape, meant=[1, 2], **asked)
    assert len(read_annotations(tmp_path, size=labels.shape, **asked)[0]) == 1
    assert len(read_annotations(tmp_path, size=labels.shape, meant=[255], **asked)[0]) == 1
    save(tmp_path, [labels], "P")
    path = tmp_path / "00000.png"
    Image.open(path).convert("L").save(path)
    with pytest.raises(
        DatasetError, match=r"shows the values 38, 75, while .*: the colours of PASCAL VOC, conv"
    ):
        read_annotations(tmp_path, size=labels.shape, meant=[1, 2], **asked)
    assert len(read_annotations(tmp_path, size=labels.shape, meant=[38], **asked)[0]) == 2


def test_the_maps_of_real_releases_are_no_noise(shared):
    """Whole, and with most pixels dropped, which frays edges as much as a resize of labels may."""
    folders = {path.parent for path in (shared / "samples").glob("ref_*/**/*.png")}
    assert len(folders) > 5
    for folder in folders:
        for step in (1, 3, 8):
            noise = Noise()
            for path in sorted(folder.glob("*.png")):
                noise.add(np.ascontiguousarray(read_labels(path)[::step, ::step]))
            assert noise.fault() is None, folder
