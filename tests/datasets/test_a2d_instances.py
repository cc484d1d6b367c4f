from __future__ import annotations

import random

import h5py
import numpy as np
import pytest

from rvosbench import masks
from rvosbench.datasets.a2d_instances import category, read_instances
from rvosbench.errors import DatasetError, MissingPathError
from tests.datasets.tiny_releases import HEIGHT, TWO_OBJECTS, WIDTH, write_h5

SIZE = (HEIGHT, WIDTH)
FIRST, SECOND = TWO_OBJECTS == 1, TWO_OBJECTS == 2


@pytest.fixture
def path(tmp_path):
    return tmp_path / "video" / "00040.h5"


def test_rows_are_told_apart_by_instance_not_by_order(path):
    write_h5(path, [SECOND, FIRST], [4, 0], ids=[34, 15])
    found = read_instances(path, SIZE)
    assert np.array_equal(masks.decode(found.masks[0]), FIRST)
    assert np.array_equal(masks.decode(found.masks[4]), SECOND)
    assert found.categories == {0: "adult-jumping", 4: "ball-flying"}
    assert found.problem is None


def test_a_single_instance_without_its_first_axis(path):
    write_h5(path, [SECOND], [7])
    assert np.array_equal(masks.decode(read_instances(path, SIZE).masks[7]), SECOND)


def test_the_first_of_a_repeated_instance_counts_and_is_reported(path):
    write_h5(path, [FIRST, SECOND, SECOND], [0, 1, 0])
    found = read_instances(path, SIZE)
    assert np.array_equal(masks.decode(found.masks[0]), FIRST)
    assert found.problem == ("video/00040.h5 has 3 masks for 2 instances in 3 rows; the first ones count")


def test_more_masks_than_instances_are_cut_and_reported(path):
    write_h5(path, [FIRST, SECOND, SECOND], [1, 0])
    found = read_instances(path, SIZE)
    assert set(found.masks) == {0, 1}
    assert "3 masks for 2 instances in 2 rows" in str(found.problem)


def test_an_instance_with_an_empty_mask_is_not_in_the_frame(path):
    write_h5(path, [FIRST, np.zeros_like(FIRST)], [0, 1])
    found = read_instances(path, SIZE)
    assert set(found.masks) == {0}
    assert set(found.categories) == {0, 1}


@pytest.mark.parametrize(
    ("class_id", "name"),
    [(11, "adult-climbing"), (34, "ball-flying"), (39, "ball-none"), (79, "dog-none"), (0, None), (10, None)],
)
def test_categories_by_hand(class_id, name):
    assert category(class_id) == name
    assert category(81) is None


def test_a_video_of_another_size_is_refused(path):
    write_h5(path, [FIRST, SECOND], [0, 1])
    with pytest.raises(DatasetError, match=r"reMask is \(2, 32, 24\) uint8, expected \(N, 24, 32\)"):
        read_instances(path, (WIDTH, HEIGHT))


def test_truncated_files_are_dataset_errors(path):
    write_h5(path, [FIRST, SECOND], [0, 1])
    whole = path.read_bytes()
    for length in (0, 100, 600, len(whole) // 2, len(whole) - 100):
        path.write_bytes(whole[:length])
        with pytest.raises(DatasetError, match="not a readable HDF5 file"):
            read_instances(path, SIZE)
    path.unlink()
    with pytest.raises(MissingPathError):
        read_instances(path, SIZE)


def test_damaged_files_give_masks_or_one_line(path):
    write_h5(path, [FIRST, SECOND], [0, 1])
    whole = path.read_bytes()
    rng = random.Random(0)
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            damaged[rng.randrange(512, len(damaged))] = rng.randrange(256)
        path.write_bytes(bytes(damaged))
        try:
            read_instances(path, SIZE)
        except DatasetError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("key", ["reMask", "id", "instance"])
def test_a_file_that_lacks_a_key_says_which(path, key):
    write_h5(path, [FIRST, SECOND], [0, 1])
    with h5py.File(path, "a") as file:
        del file[key]
    with pytest.raises(DatasetError, match=f"no dataset '{key}' of its own"):
        read_instances(path, SIZE)


def test_links_into_other_files_are_refused(path, tmp_path):
    write_h5(tmp_path / "secret.h5", [FIRST, SECOND], [0, 1])
    write_h5(path, [FIRST, SECOND], [0, 1])
    with h5py.File(path, "a") as file:
        del file["reMask"]
        file["reMask"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "reMask")
    with pytest.raises(DatasetError, match="of its own"):
        read_instances(path, SIZE)


def test_raw_storage_in_other_files_is_refused(path, tmp_path):
    (tmp_path / "secret").write_bytes(bytes(2 * WIDTH * HEIGHT))
    write_h5(path, [FIRST, SECOND], [0, 1])
    with h5py.File(path, "a") as file:
        del file["reMask"]
        storage = [(str(tmp_path / "secret"), 0, h5py.h5f.UNLIMITED)]
        file.create_dataset("reMask", shape=(2, WIDTH, HEIGHT), dtype=np.uint8, external=storage)
    with pytest.raises(DatasetError, match="lies in another file"):
        read_instances(path, SIZE)


def test_absurd_shapes_are_refused_before_they_are_read(path):
    write_h5(path, [FIRST, SECOND], [0, 1])
    with h5py.File(path, "a") as file:
        del file["reMask"], file["instance"]
        file.create_dataset("reMask", shape=(2**40, WIDTH, HEIGHT), dtype=np.uint8, chunks=(1, WIDTH, HEIGHT))
        file.create_dataset("instance", shape=(2**50,), dtype=np.int64, chunks=(8,))
    with pytest.raises(DatasetError, match="reMask is"):
        read_instances(path, SIZE)


@pytest.mark.parametrize("instances", [[-1, 0], [0.5, 1], [np.nan, 1], [2**40, 0]])
def test_instances_are_whole_numbers(path, instances):
    write_h5(path, [FIRST, SECOND], [0, 1])
    with h5py.File(path, "a") as file:
        del file["instance"]
        file["instance"] = np.array(instances, np.float64)
    with pytest.raises(DatasetError, match="expected whole numbers"):
        read_instances(path, SIZE)
