"""Arrays in `.npz`: every layout reads as the same rows; what lies, or is no mask, is refused unread."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.errors import FormatError, MaskSizeError, ScoreError
from rvosbench.runs.tolerance import Tolerance
from tests.submission.forms.made import VIDEO, arrays, npz, opened, put, read, rows


def flat(**change) -> dict[str, np.ndarray]:
    return {f"pair/{key}": value for key, value in arrays().items()} | change


def member(header: str, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """A .npz with one array, `pair/0`, whose header says what it wants."""
    text = header.encode("latin1") + b"\n"
    length = struct.pack("<H" if version == b"\x01\x00" else "<I", len(text))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pair/0.npy", b"\x93NUMPY" + version + length + text + data)
    return buffer.getvalue()


def described(shape: object, descr: str = "'|b1'", fortran: bool = False) -> str:
    return f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}"


@pytest.mark.parametrize(
    "made",
    [
        lambda value: value,
        lambda value: value.astype(np.uint8),
        lambda value: value.astype(np.uint8) * 255,
        lambda value: value.astype(">i4"),
        lambda value: value.astype(np.float32),
        lambda value: value * 255.0,
        np.asfortranarray,
        lambda value: np.asfortranarray(value.astype(np.float16)),
    ],
    ids=["bool", "0/1", "0/255", "big-endian", "floats", "floats 0/255", "Fortran", "Fortran floats"],
)
def test_every_type_and_order_reads_as_the_same_rows(tmp_path: Path, store, made):
    content = {f"pair/{key}": made(value) for key, value in arrays().items()}
    assert read(put(tmp_path / "a.npz", npz(**content)), store) == rows()
    assert read(put(tmp_path / "b.npz", npz(compressed=False, **content)), store) == rows()


def test_a_file_per_video_or_per_expression_is_found_below_any_folder(tmp_path: Path, store):
    put(tmp_path / "a" / "results" / "pair.npz", npz(**arrays()))
    assert read(tmp_path / "a", store) == rows()
    for key, value in arrays().items():
        put(tmp_path / "b" / "out" / "pair" / f"{key}.npz", npz(masks=value))
    put(tmp_path / "b" / "log.json", {"lr": 0.1})
    assert read(tmp_path / "b", store) == rows()
    assert "1 JSON files beside the arrays" in opened(tmp_path / "b", store).notes[0]
    put(tmp_path / "c.npz", npz(**{f"pair_{key}": value for key, value in arrays().items()}))
    assert read(tmp_path / "c.npz", store) == rows()


def test_grey_values_and_probabilities_are_cut_at_a_threshold_and_counted(tmp_path: Path, store):
    grey = np.where(arrays()["0"], 200, 60).astype(np.uint8)
    soft = np.where(arrays()["0"], 0.7, 0.2).astype(np.float16)
    for value in (grey, soft):
        path = put(tmp_path / "a.npz", npz(**{"pair/0": value}))
        with pytest.raises(ScoreError, match=r"values between 0 and \d+, expected .*--threshold T"):
            read(path, store)
        found = opened(path, store, Tolerance(threshold=128)).read(VIDEO)
        assert found.adjusted.thresholded == 6
        assert [row.mask for row in found.rows] == [masks.encode(mask) for mask in arrays()["0"]]
    exact = put(tmp_path / "b.npz", npz(**{"pair/0": np.full((6, 24, 32), 128, np.uint8)}))
    at = opened(exact, store, Tolerance(threshold=128)).read(VIDEO).rows
    above = opened(exact, store, Tolerance(threshold=129)).read(VIDEO).rows
    assert (masks.area(at[0].mask), masks.area(above[0].mask)) == (24 * 32, 0)


def test_whole_numbers_are_levels_once_a_threshold_is_given_also_where_they_are_0_and_1(
    tmp_path: Path, store
):
    sure, hardly = arrays()["0"] * np.uint8(200), arrays()["0"] * np.uint8(1)
    path = put(tmp_path / "a.npz", npz(**{"pair/0": sure, "pair/1": hardly}))
    found = opened(path, store, Tolerance(threshold=128)).read(VIDEO)
    areas = {key: sum(masks.area(r.mask) for r in found.rows if r.expression_id == key) for key in "01"}
    assert areas == {"0": np.count_nonzero(sure), "1": 0}
    assert found.adjusted.thresholded == 12


def test_masks_of_another_size_are_resized_where_that_was_asked(tmp_path: Path, store):
    path = put(tmp_path / "a.npz", npz(**{"pair/0": arrays()["0"][:, ::2, ::2]}))
    with pytest.raises(MaskSizeError, match="12x16 px"):
        read(path, store)
    assert opened(path, store, Tolerance(resize="nearest")).read(VIDEO).adjusted.resized == 6


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (np.full((6, 24, 32), np.nan, np.float32), "values from nan to nan; expected bool masks"),
        (np.full((6, 24, 32), -3.5), "values from -3.5 to -3.5; expected bool masks"),
        (np.full((6, 24, 32), 1e9, np.float32), "expected bool masks"),
        (np.arange(6 * 24 * 32).reshape(6, 24, 32) % 256 / 1.0, "float64 values between 0 and 255"),
        (np.full((6, 24, 32), 300, np.int16), "from 300 to 300"),
        (np.full((6, 24, 32), 2, np.uint8), "between 0 and 255"),
        (np.zeros((6, 24, 32), np.complex64), "complex64"),
        (np.zeros((6, 24, 32), "U3"), "expected"),
        (np.zeros((5, 24, 32), np.bool_), "has 5 masks; the video has 6 frames"),
        (np.zeros((24, 32), np.bool_), r"is \(24, 32\)"),
        (np.zeros((6, 1, 24, 32), np.bool_), r"is \(6, 1, 24, 32\)"),
        (np.zeros((0, 24, 32), np.bool_), "has 0 masks"),
    ],
)
def test_arrays_that_are_no_masks_are_refused(tmp_path: Path, store, value, complaint):
    path = put(tmp_path / "a.npz", npz(**{"pair/0": value}))
    with pytest.raises(ScoreError, match=complaint) as caught:
        read(path, store, Tolerance(surplus="ignore"))
    assert "\n" not in str(caught.value)


def test_pickles_are_never_loaded(tmp_path: Path, store):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "sprung",)

    buffer = io.BytesIO()
    np.savez(buffer, **{"pair/0": np.array([Trap()], object)}, allow_pickle=True)
    with pytest.raises(ScoreError, match="object"):
        read(put(tmp_path / "a.npz", buffer.getvalue()), store)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "content",
    [
        member(described((6, 24, 32))),  # says 4608 bytes, holds none
        member(described((6, 24, 32)), b"\0" * 4607),
        member(described((6, 24, 32)), b"\0" * 4609),
        member(described((6, 60_000, 60_000))),
        member(described((6, 2**62, 2**62))),
        member(described((6, -24, -32))),
        member(described((6, 24, 32), "'<f16'"), b"\0" * 4608),
        member(described("(6, 24, 32) * 10**9")),
        member("{" * 9000),
        member(described((6, 24, 32)) + " " * 30_000, b"\0" * 4608, b"\x02\x00"),
        member(described((6, 24, 32)), b"\0" * 4608, b"\x03\x00"),
        member(described((True, 24, 32)), b"\0" * 768),
        member(described((6, 24, 32), "[('a', '|b1')]"), b"\0" * 4608),
        b"PK\x05\x06" + b"\0" * 18,
        b"no zip",
        npz(**{"pair/0": np.zeros((6, 24, 32), np.bool_)})[:-40],
    ],
)
@pytest.mark.parametrize("resize", ["error", "nearest"])
def test_headers_that_lie_cost_no_memory(tmp_path: Path, store, content, resize):
    path = put(tmp_path / "a.npz", content)
    tracemalloc.start()
    try:
        with pytest.raises((FormatError, ScoreError)) as caught:
            read(path, store, Tolerance(resize=resize))
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert "\n" not in str(caught.value) and peak < 32 * 1024 * 1024


def test_a_bomb_is_not_unpacked(tmp_path: Path, store):
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("pair/0.npy", "w") as file,
    ):
        np.lib.format.write_array_header_1_0(
            file, {"descr": "|b1", "fortran_order": False, "shape": (6, 24, 32)}
        )
        for _ in range(64):
            file.write(bytes(1024 * 1024))
    path = put(tmp_path / "a.npz", buffer.getvalue())
    tracemalloc.start()
    with pytest.raises(FormatError, match="is longer or shorter than"):
        read(path, store)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 1024 * 1024


def test_a_changed_byte_is_noticed(tmp_path: Path, store):
    content = bytearray(npz(compressed=False, **flat()))
    content[content.index(b"\x93NUMPY") + 1000] ^= 1
    with pytest.raises(FormatError, match="cannot be unpacked"):
        read(put(tmp_path / "a.npz", bytes(content)), store)


def test_keys_that_belong_to_nothing_or_come_twice_are_refused(tmp_path: Path, store):
    with pytest.raises(ScoreError, match="'masks', which belongs to no video"):
        opened(put(tmp_path / "a.npz", npz(masks=arrays()["0"])), store)
    assert opened(put(tmp_path / "b.npz", npz(**{"nobody/0": arrays()["0"]})), store).video_ids() == (
        "nobody",
    )
    put(tmp_path / "two" / "pair.npz", npz(**arrays()))
    put(tmp_path / "two" / "pair" / "0.npz", npz(masks=arrays()["0"]))
    with pytest.raises(ScoreError, match="second file with an answer to 0 of video pair"):
        opened(tmp_path / "two", store)


def test_two_answers_in_one_file_and_arrays_beside_the_masks_are_called_that(tmp_path: Path, store):
    twice = put(tmp_path / "a.npz", npz(**{"pair/0": arrays()["0"], "pair_0": arrays()["1"]}))
    with pytest.raises(ScoreError, match=r"a\.npz holds a second array with an answer to 0 of video pair"):
        opened(twice, store)
    put(tmp_path / "b" / "pair" / "0.npz", npz(masks=arrays()["0"], scores=np.ones(6)))
    with pytest.raises(ScoreError, match="named after an expression and holds 2 arrays, such as 'masks'"):
        opened(tmp_path / "b", store)
