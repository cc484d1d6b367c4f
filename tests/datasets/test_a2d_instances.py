from __future__ import annotations

import os
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


@pytest.mark.parametrize("key", ["reMask", "instance"])
def test_a_file_that_lacks_a_key_says_which(path, key):
    write_h5(path, [FIRST, SECOND], [0, 1])
    with h5py.File(path, "a") as file:
        del file[key]
    with pytest.raises(DatasetError, match=f"no dataset '{key}' of its own"):
        read_instances(path, SIZE)


@pytest.mark.parametrize("rows", [0, 1])
def test_categories_are_optional_and_masks_do_not_depend_on_them(path, rows):
    write_h5(path, [FIRST, SECOND], [0, 1], ids=[34, 15])
    with h5py.File(path, "a") as file:
        del file["id"]
        if rows:
            file["id"] = np.array([[34.0]])
    found = read_instances(path, SIZE)
    assert set(found.masks) == {0, 1}
    assert found.categories == ({0: "ball-flying"} if rows else {})
    assert found.problem is None


@pytest.mark.parametrize(
    ("masks_there", "instances", "kept"),
    [
        pytest.param(11, [*range(10), 1], 10, id="EadxBPmQvtg/00025"),
        pytest.param(7, [*range(6)], 6, id="95Nq6fQoP2o/00032"),
        pytest.param(4, [0, 1], 2, id="I0MlLHTWCro/00020"),
        pytest.param(6, [*range(5)], 5, id="IRrbHQjE4LQ/00016"),
    ],
)
def test_the_four_damaged_files_keep_their_first_rows_and_are_reported(path, masks_there, instances, kept):
    drawn = np.zeros((masks_there, HEIGHT, WIDTH), np.bool_)
    for row in range(masks_there):
        drawn[row, row] = True  # one line each, so that rows can be told apart
    write_h5(path, list(drawn), instances)
    found = read_instances(path, SIZE)
    assert sorted(found.masks) == [*range(kept)]
    assert all(np.array_equal(masks.decode(found.masks[row]), drawn[row]) for row in range(kept))
    assert f"has {masks_there} masks for {kept} instances" in found.problem


@pytest.mark.parametrize("shape", [(2,), (1, 2), (2, 1)])
@pytest.mark.parametrize("dtype", [np.int32, np.uint8, np.float64])
def test_instances_may_have_any_axes_and_type(path, shape, dtype):
    write_h5(path, [FIRST, SECOND], [0, 1])
    with h5py.File(path, "a") as file:
        del file["instance"]
        file["instance"] = np.array([4, 3], dtype).reshape(shape)
    assert np.array_equal(masks.decode(read_instances(path, SIZE).masks[4]), FIRST)


def test_a_single_instance_that_kept_its_first_axis_or_its_only_number(path):
    write_h5(path, [SECOND], [7])
    with h5py.File(path, "a") as file:
        data = file["reMask"][()]
        del file["reMask"], file["instance"]
        file["reMask"], file["instance"] = data[None], 7
    assert np.array_equal(masks.decode(read_instances(path, SIZE).masks[7]), SECOND)


@pytest.mark.parametrize("kind", ["external", "external to a pipe", "soft", "soft to itself", "group"])
@pytest.mark.parametrize("key", ["reMask", "instance", "id"])
def test_links_and_groups_are_refused_without_following_them(path, tmp_path, kind, key):
    write_h5(tmp_path / "secret.h5", [FIRST, SECOND], [0, 1])
    write_h5(path, [FIRST, SECOND], [0, 1])
    os.mkfifo(tmp_path / "pipe")  # whoever opens it waits for ever
    with h5py.File(path, "a") as file:
        file["kept"] = file[key]
        del file[key]
        if kind == "group":
            file.create_group(key)
        else:
            file[key] = {
                "external": h5py.ExternalLink(str(tmp_path / "secret.h5"), key),
                "external to a pipe": h5py.ExternalLink(str(tmp_path / "pipe"), key),
                "soft": h5py.SoftLink("/kept"),
                "soft to itself": h5py.SoftLink(f"/{key}"),
            }[kind]
    with pytest.raises(DatasetError, match=f"no dataset '{key}' of its own"):
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


def test_a_video_that_claims_to_be_huge_is_refused_before_its_masks_are_read(path):
    write_h5(path, [FIRST], [0])
    with h5py.File(path, "a") as file:
        del file["reMask"]
        file.create_dataset("reMask", shape=(200, 8000, 8000), dtype=np.uint8, chunks=(1, 8000, 8000))
    with pytest.raises(DatasetError, match=r"\(200, 8000, 8000\) uint8, more than 268435456 bytes"):
        read_instances(path, (8000, 8000))


@pytest.mark.parametrize(("key", "length"), [("reMask", 2), ("instance", 1), ("id", 1)])
def test_a_piece_that_inflates_to_gigabytes_is_refused_before_it_is_read(path, key, length):
    write_h5(path, [FIRST, SECOND], [0, 1])
    with h5py.File(path, "a") as file:
        rest = file[key].shape[1:]
        del file[key]
        file.create_dataset(
            key,
            shape=(length, *rest),
            maxshape=(None, *rest),
            chunks=(2**28, *(1,) * len(rest)),
            dtype=np.uint16,
            compression="gzip",
        )
    with pytest.raises(DatasetError, match=rf"{key} is stored in pieces of \(268435456"):
        read_instances(path, SIZE)


@pytest.mark.parametrize("value", [2, 256, 65535])
def test_a_mask_is_what_is_not_zero(path, value):
    write_h5(path, [FIRST, SECOND], [0, 1])
    with h5py.File(path, "a") as file:
        data = file["reMask"][()].astype(np.uint16) * value
        del file["reMask"]
        file["reMask"] = data
    assert np.array_equal(masks.decode(read_instances(path, SIZE).masks[1]), SECOND)


@pytest.mark.parametrize("instances", [[-1, 0], [0.5, 1], [np.nan, 1], [2**40, 0]])
def test_instances_are_whole_numbers(path, instances):
    write_h5(path, [FIRST, SECOND], [0, 1])
    with h5py.File(path, "a") as file:
        del file["instance"]
        file["instance"] = np.array(instances, np.float64)
    with pytest.raises(DatasetError, match="expected whole numbers"):
        read_instances(path, SIZE)
