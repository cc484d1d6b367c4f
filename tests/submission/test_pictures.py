"""Pictures of predictions: masks per object, two files of one frame, JPEG; what is let pass is counted."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rvosbench import masks
from rvosbench.errors import FormatError, MaskSizeError, ScoreError
from rvosbench.runs.tolerance import Adjusted, Tolerance
from rvosbench.store import Store
from rvosbench.submission import open_predictions
from tests.tiny_store import lone_square, square, tiny_store, two_squares


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return tiny_store(tmp_path / "store")


def put(path: Path, mask: np.ndarray, form: str = "PNG") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * np.uint8(255)).save(buffer, form)
    path.write_bytes(buffer.getvalue())


def read(path: Path, store: Store, unit="expression", **tolerance):
    source = open_predictions(path, unit, store=store, tolerance=Tolerance(**tolerance))
    return source, source.read(two_squares())


def test_a_mask_per_object_is_read_beside_label_maps_and_said(tmp_path, store):
    for folder, left in (("000", 2), ("001", 9)):  # as SAM 2 numbers its objects
        put(tmp_path / "mine" / "pair" / folder / "00000.png", square(left))
    source, read_rows = read(tmp_path / "mine", store, "object")
    rows = read_rows.rows
    assert [(row.expression_id, row.frame_index) for row in rows] == [("0", 0), ("1", 0)]
    assert (masks.decode(rows[1].mask) == square(9)).all()
    assert source.notes == (
        f"{tmp_path / 'mine'}: a mask per object is read, <sequence>/<object>/<frame>.png",
    )


def test_one_object_in_two_folders_is_refused(tmp_path, store):
    for folder in ("1", "001"):
        put(tmp_path / "mine" / "pair" / folder / "00000.png", square(2))
    with pytest.raises(ScoreError, match="in the folders 001 and 1, which are one object"):
        read(tmp_path / "mine", store, "object")


def test_label_maps_beside_folders_of_objects_are_refused(tmp_path, store):
    put(tmp_path / "mine" / "pair" / "00000.png", square(2))
    put(tmp_path / "mine" / "pair" / "1" / "00000.png", square(2))
    with pytest.raises(ScoreError, match="both label maps and folders of objects for pair"):
        read(tmp_path / "mine", store, "object")


def test_two_files_of_one_frame_are_refused(tmp_path, store):
    for name in ("00000.png", "00000.PNG"):
        put(tmp_path / "mine" / "pair" / "0" / name, square(2))
    with pytest.raises(ScoreError, match=r"00000\.PNG and pair/0/00000\.png, two files of one frame"):
        read(tmp_path / "mine", store)


def test_a_suffix_in_capitals_is_read(tmp_path, store):
    put(tmp_path / "mine" / "pair" / "0" / "00000.PNG", square(2))
    _, read_rows = read(tmp_path / "mine", store)
    assert [row.frame_index for row in read_rows.rows] == [0]


def test_jpeg_is_refused_by_name_and_read_with_a_threshold(tmp_path, store):
    put(tmp_path / "mine" / "pair" / "0" / "00000.jpg", square(8, 8), "JPEG")
    with pytest.raises(ScoreError, match=r"00000\.jpg is a JPEG, .* write PNG, or .* --threshold 128"):
        read(tmp_path / "mine", store)
    _, read_rows = read(tmp_path / "mine", store, threshold=128)
    assert (masks.decode(read_rows.rows[0].mask) == square(8, 8)).all()
    assert read_rows.adjusted == Adjusted(thresholded=1)


def test_a_jpeg_under_the_name_of_a_png_is_named(tmp_path, store):
    put(tmp_path / "mine" / "pair" / "0" / "00000.png", square(8, 8), "JPEG")
    with pytest.raises(ScoreError, match=r"00000\.png is a JPEG"):
        read(tmp_path / "mine", store)


def test_a_jpeg_that_is_to_be_turned_is_refused(tmp_path, store):
    path = tmp_path / "mine" / "pair" / "0" / "00000.jpg"
    path.parent.mkdir(parents=True)
    image = Image.fromarray(square(8).astype(np.uint8) * np.uint8(255))
    exif = image.getexif()
    exif[0x112] = 3
    image.save(path, exif=exif)
    with pytest.raises(ScoreError, match="EXIF orientation 3"):
        read(tmp_path / "mine", store, threshold=128)


def test_surplus_frames_and_expressions_are_ignored_on_request_and_counted(tmp_path, store):
    put(tmp_path / "mine" / "pair" / "0" / "00000.png", square(2))
    put(tmp_path / "mine" / "pair" / "0" / "00001.png", square(2))
    put(tmp_path / "mine" / "pair" / "9" / "00000.png", square(2))
    (tmp_path / "mine" / "pair" / "9" / "00005.png").write_bytes(b"nobody looks at it")
    with pytest.raises(ScoreError, match=r"frames that it does not have, such as 0/00001.*--surplus ignore"):
        read(tmp_path / "mine", store)
    _, read_rows = read(tmp_path / "mine", store, surplus="ignore")
    assert [(row.expression_id, row.frame_index) for row in read_rows.rows] == [("0", 0)]
    assert read_rows.adjusted == Adjusted(surplus=3)


def test_labels_that_are_no_object_are_ignored_on_request(tmp_path, store):
    labels = np.where(square(2), 7, np.where(square(20), 9, 0)).astype(np.uint8)
    path = tmp_path / "mine" / "single" / "00000.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(masks.encode_index_png(labels))
    source = open_predictions(tmp_path / "mine", "object", store=store)
    with pytest.raises(ScoreError, match=r"holds the labels \[9\], the objects of single are \[7\]"):
        source.read(lone_square())
    source = open_predictions(tmp_path / "mine", "object", store=store, tolerance=Tolerance(surplus="ignore"))
    (row,) = (read_rows := source.read(lone_square())).rows
    assert (masks.decode(row.mask) == square(2)).all()
    assert read_rows.adjusted == Adjusted(surplus=1)


def test_object_0_cannot_be_told_from_the_background_of_a_label_map(tmp_path, store):
    put(tmp_path / "mine" / "pair" / "00000.png", square(2))
    with pytest.raises(ScoreError, match=r"has an object 0, which no label map can hold"):
        read(tmp_path / "mine", store, "object")


def test_names_that_differ_in_case_are_a_slip_and_never_surplus(tmp_path, store):
    put(tmp_path / "a" / "Pair" / "0" / "00000.png", square(2))
    put(tmp_path / "a" / "other" / "0" / "00000.png", square(2))
    with pytest.raises(ScoreError, match="the video 'Pair', which is called 'pair'"):
        read(tmp_path / "a", store, surplus="ignore")


def test_pictures_beside_the_results_are_ignored_on_request(tmp_path, store):
    put(tmp_path / "mine" / "pair" / "0" / "00000.png", square(2))
    put(tmp_path / "mine" / "overview.png", square(2))
    with pytest.raises(ScoreError, match=r"holds overview\.png, expected <video>"):
        read(tmp_path / "mine", store)
    source, _ = read(tmp_path / "mine", store, surplus="ignore")
    assert source.strays == 1


def test_masks_of_another_size_are_resized_on_request_but_not_turned(tmp_path, store):
    double = np.kron(square(4), np.ones((2, 2))).astype(np.bool_)
    put(tmp_path / "mine" / "pair" / "0" / "00000.png", double)
    with pytest.raises(MaskSizeError, match=r"is 48x64 px .* --resize nearest"):
        read(tmp_path / "mine", store)
    _, read_rows = read(tmp_path / "mine", store, resize="nearest")
    assert (masks.decode(read_rows.rows[0].mask) == square(4)).all()
    assert read_rows.adjusted == Adjusted(resized=1)
    put(tmp_path / "mine" / "pair" / "0" / "00000.png", square(4).T)
    with pytest.raises(MaskSizeError, match=r"height and width are exchanged"):
        read(tmp_path / "mine", store, resize="nearest")


def test_what_is_no_regular_file_is_refused_and_nobody_waits_for_it(tmp_path, store):
    import os

    put(tmp_path / "mine" / "pair" / "0" / "00000.png", square(2))
    os.mkfifo(tmp_path / "mine" / "pair" / "0" / "00005.png")
    with pytest.raises(FormatError, match=r"00005\.png is not a regular file"):
        read(tmp_path / "mine", store)
    (tmp_path / "mine" / "pair" / "0" / "00005.png").unlink()
    (tmp_path / "mine" / "pair" / "0" / "00005.png").symlink_to("nowhere")
    with pytest.raises(FormatError, match=r"00005\.png cannot be read"):
        read(tmp_path / "mine", store)
