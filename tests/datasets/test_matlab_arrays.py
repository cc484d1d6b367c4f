from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import loadmat, savemat

from rvosbench.datasets import matlab_arrays
from rvosbench.datasets.matlab_arrays import array_shape, read_array
from rvosbench.errors import DatasetError, MissingPathError

NUMBERS = np.random.default_rng(0).integers(0, 2, (6, 5, 4))


def saved(arrays, **options):
    buffer = io.BytesIO()
    savemat(buffer, arrays, **options)
    return buffer.getvalue()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.mat"


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8", "?", "u8", "i8"])
def test_arrays_equal_those_of_scipy(path, dtype, compressed):
    other = {"a_name_of_some_length": np.arange(3.0), "words": "text", "s": {"a": 1}}
    path.write_bytes(saved(other | {"part_mask": NUMBERS.astype(dtype)}, do_compression=compressed))
    found = read_array(path, "part_mask")
    assert found.shape == (6, 5, 4)
    assert np.array_equal(found, loadmat(path)["part_mask"])
    assert np.array_equal(found, NUMBERS)


def test_one_number_and_a_matrix_are_read(path):
    path.write_bytes(saved({"one": np.uint8([[7]]), "matrix": NUMBERS[:, :, 0]}))
    assert read_array(path, "one").tolist() == [[7]]
    assert np.array_equal(read_array(path, "matrix"), NUMBERS[:, :, 0])


@pytest.mark.parametrize("compressed", [False, True])
def test_the_shape_is_found_without_inflating_the_values(path, compressed, monkeypatch):
    large = np.random.default_rng(0).integers(0, 256, (100, 90, 80), np.uint8)
    other = {"a_name_of_some_length": np.arange(3.0), "words": "text", "s": {"a": 1}}
    path.write_bytes(
        saved(other | {"part_mask": large, "matrix": NUMBERS[:, :, 0]}, do_compression=compressed)
    )
    monkeypatch.setattr(matlab_arrays, "_matrix", None)
    assert array_shape(path, "part_mask") == (100, 90, 80)
    assert array_shape(path, "matrix") == (6, 5)
    with pytest.raises(DatasetError, match="has no array 'nobody'"):
        array_shape(path, "nobody")


def test_an_absurd_shape_is_refused(path):
    path.write_bytes(by_hand("<", b"IM").replace(struct.pack("<ii", 2, 3), struct.pack("<ii", 2**30, 2**30)))
    with pytest.raises(DatasetError, match="claims to be"):
        array_shape(path, "x")


def by_hand(order, mark, values=b"\1\0\1\0\1\1"):
    """A file as a machine of either byte order writes it: x, 2x3 double, stored as bytes."""
    element = lambda kind, data: (  # noqa: E731
        struct.pack(f"{order}II", kind, len(data)) + data + b"\0" * (-len(data) % 8)
    )
    body = element(6, struct.pack(f"{order}II", 6, 0)) + element(5, struct.pack(f"{order}ii", 2, 3))
    name = struct.pack(f"{order}I", 1 << 16 | 1) + b"x\0\0\0"  # small enough to lie in its tag
    body += name + element(2, values)
    version = struct.pack(f"{order}H", 0x0100)
    return b"by hand".ljust(124) + version + mark + struct.pack(f"{order}II", 14, len(body)) + body


@pytest.mark.parametrize(("order", "mark"), [("<", b"IM"), (">", b"MI")])
def test_both_byte_orders_and_values_stored_smaller_than_their_class(path, order, mark):
    path.write_bytes(by_hand(order, mark))
    assert read_array(path, "x").tolist() == [[1, 1, 1], [0, 0, 1]]  # column by column
    assert np.array_equal(loadmat(path)["x"], read_array(path, "x"))
    assert array_shape(path, "x") == (2, 3)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x" * 127,
        b"x" * 200,
        b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM",
        saved({"other": NUMBERS}),
        saved({"part_mask": "text"}),
        saved({"part_mask": {"a": 1}}),
        saved({"part_mask": np.array([1 + 2j])}),
        saved({"part_mask": np.array([["a", 1]], object)}),
        saved({"part_mask": np.zeros((0, 3))}),
        by_hand("<", b"IM", values=b"\1\0"),
    ],
)
def test_what_is_no_such_array_is_one_line_that_names_the_file(path, content):
    path.write_bytes(content)
    with pytest.raises(DatasetError) as caught:
        read_array(path, "x" if b"by hand" in content else "part_mask")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bomb_is_refused_before_it_is_inflated(path, monkeypatch):
    monkeypatch.setattr(matlab_arrays, "MAX_BYTES", 100_000)
    bomb = zlib.compress(b"\0" * 1_000_000)
    head = saved({"x": 1})[:128]
    path.write_bytes(head + struct.pack("<II", 15, len(bomb)) + bomb)
    with pytest.raises(DatasetError, match="hold more than 100000 bytes"):
        read_array(path, "part_mask")
    path.write_bytes(head + b"\0" * 200_000)
    with pytest.raises(DatasetError, match="larger than 100000 bytes"):
        read_array(path, "part_mask")


def test_many_parts_share_one_limit(path, monkeypatch):
    monkeypatch.setattr(matlab_arrays, "MAX_BYTES", 100_000)
    part = zlib.compress(b"\0" * 60_000)
    path.write_bytes(saved({"x": 1})[:128] + 2 * (struct.pack("<II", 15, len(part)) + part))
    with pytest.raises(DatasetError, match="damaged"):
        read_array(path, "part_mask")


def test_a_missing_file_is_named(path):
    with pytest.raises(MissingPathError, match=r"x\.mat"):
        read_array(path, "part_mask")


@pytest.mark.parametrize("compressed", [False, True])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_an_error_or_an_array(tmp_path_factory, compressed, data):
    content = bytearray(saved({"part_mask": NUMBERS.astype(np.uint8)}, do_compression=compressed))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))]
    path = tmp_path_factory.getbasetemp() / "damaged.mat"
    path.write_bytes(bytes(content))
    try:
        found = read_array(path, "part_mask")
        assert found.size <= NUMBERS.size
        assert array_shape(path, "part_mask") == found.shape
    except DatasetError as error:
        assert "\n" not in str(error)
    try:
        array_shape(path, "part_mask")
    except DatasetError as error:
        assert "\n" not in str(error)
