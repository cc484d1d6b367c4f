from __future__ import annotations

import pytest

from rvosbench.datasets.label_maps import read_annotations, read_labels
from rvosbench.errors import DatasetError, MissingPathError
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
