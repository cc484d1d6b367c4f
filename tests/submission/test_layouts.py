"""PNG folders and zips are read and written as the public servers do; what does not fit is refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rvosbench import masks
from rvosbench.errors import (
    FormatError,
    MissingPathError,
    ScoreError,
    ShapeError,
)
from rvosbench.runs.predictions import Prediction, PredictionsWriter
from rvosbench.runs.tolerance import Tolerance
from rvosbench.submission import open_predictions
from tests.tiny_store import HEIGHT, WIDTH, square, tiny_store, two_squares, video

FRAMES = ("00000", "00005", "00010")


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def answers(root: Path, video: str = "pair") -> None:
    """Expression 0 in three frames, expression 1 in one."""
    for place, frame in enumerate(FRAMES):
        put(root / video / "0" / f"{frame}.png", masks.encode_binary_png(square(2 * place)))
    put(root / video / "1" / "00005.png", masks.encode_binary_png(np.zeros((HEIGHT, WIDTH), np.bool_)))


def expected() -> list[tuple[str, int, int, float, bytes]]:
    found = [("0", place, 0, 1.0, masks.encode(square(2 * place)).counts) for place in range(3)]
    return [*found, ("1", 1, 0, 1.0, masks.empty(HEIGHT, WIDTH).counts)]


def plain(rows: list[Prediction]) -> list[tuple[str, int, int, float, bytes]]:
    return [(r.expression_id, r.frame_index, r.candidate, r.score, r.mask.counts) for r in rows]


@pytest.mark.parametrize("top", ["", "Annotations", "valid"])
def test_one_png_per_expression_and_frame(tmp_path: Path, top):
    answers(tmp_path / "mine" / top)
    source = open_predictions(tmp_path / "mine", "expression")
    assert source.video_ids() == ("pair",)
    assert plain(source.read(two_squares()).rows) == expected()
    assert source.read(two_squares("other")).rows == []


def test_a_zip_is_read_without_unpacking(tmp_path: Path):
    answers(tmp_path / "mine" / "Annotations")
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        archive.writestr("__MACOSX/Annotations/pair/0/._00000.png", b"resource fork")
        archive.writestr("Annotations/pair/.DS_Store", b"")
        for path in sorted((tmp_path / "mine").rglob("*.png")):
            archive.write(path, path.relative_to(tmp_path / "mine"))
    source = open_predictions(tmp_path / "mine.zip", "expression")
    assert plain(source.read(two_squares()).rows) == expected()


def test_any_value_but_0_is_foreground(tmp_path: Path):
    for mode, value in (("L", 1), ("L", 255), ("P", 1), ("1", 1)):
        image = Image.fromarray((square(3) * np.uint8(value)).astype(np.uint8))
        if mode == "P":
            image.putpalette([0, 0, 0, 255, 0, 0])
        buffer = io.BytesIO()
        (image.point(lambda pixel: 255 * (pixel > 0)).convert("1") if mode == "1" else image).save(
            buffer, "PNG"
        )
        put(tmp_path / "mine" / "pair" / "0" / "00000.png", buffer.getvalue())
        (row,) = open_predictions(tmp_path / "mine", "expression").read(two_squares()).rows
        assert (masks.decode(row.mask) == square(3)).all(), mode


def two_objects():
    """The objects 1 and 2."""
    return video("pair", "train", {1: {0: square(20, 14)}, 2: {0: square(0)}}, {"both": (1, 2)})


def test_label_maps_hold_all_objects_of_a_frame(tmp_path: Path):
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[square(20, 14)] = 1
    for frame in FRAMES[:2]:
        put(tmp_path / "mine" / "pair" / f"{frame}.png", masks.encode_index_png(labels))
    rows = open_predictions(tmp_path / "mine", "object").read(two_objects()).rows
    assert [(row.expression_id, row.frame_index) for row in rows] == [("1", 0), ("1", 1), ("2", 0), ("2", 1)]
    assert (masks.decode(rows[0].mask) == square(20, 14)).all()
    assert not masks.area(rows[2].mask)


def test_labels_that_are_no_object_are_refused(tmp_path: Path):
    put(tmp_path / "mine" / "pair" / "00000.png", masks.encode_binary_png(square(0)))
    with pytest.raises(
        ScoreError, match=r"00000\.png holds the labels \[255\], the objects of pair are \[1, 2\]"
    ):
        open_predictions(tmp_path / "mine", "object").read(two_objects())


def test_the_other_layout_is_refused_with_a_hint(tmp_path: Path):
    answers(tmp_path / "mine")
    with pytest.raises(ScoreError, match=r"expected <sequence>/<frame>\.png"):
        open_predictions(tmp_path / "mine", "object")
    put(tmp_path / "maps" / "pair" / "00000.png", masks.encode_binary_png(square(0)))
    with pytest.raises(ScoreError, match=r"expected <video>/<expression>/<frame>\.png"):
        open_predictions(tmp_path / "maps", "expression")


def test_parquet_is_read_too_and_its_sizes_are_checked(tmp_path: Path):
    row = Prediction(
        video_id="pair",
        expression_id="0",
        frame_index=2,
        candidate=0,
        score=0.5,
        mask=masks.encode(square(1)),
    )
    with PredictionsWriter(tmp_path / "p") as writer:
        writer.add([row])
    assert open_predictions(tmp_path / "p", "expression").read(two_squares()).rows == [row]
    assert open_predictions(tmp_path / "p" / "part-00000.parquet", "object").read(two_squares()).rows == [row]
    small = Prediction(
        video_id="pair",
        expression_id="0",
        frame_index=99,
        candidate=0,
        score=0.5,
        mask=masks.empty(HEIGHT, WIDTH),
    )
    with PredictionsWriter(tmp_path / "late") as writer:
        writer.add([small])
    with pytest.raises(
        ScoreError, match=r"1 predictions of video pair are of frames .* 0/99; it has 6 frames"
    ):
        open_predictions(tmp_path / "late", "expression").read(two_squares())


def test_masks_of_another_size_are_refused_in_every_format(tmp_path: Path):
    wide = np.zeros((HEIGHT, WIDTH + 1), np.bool_)
    put(tmp_path / "png" / "pair" / "0" / "00000.png", masks.encode_binary_png(wide))
    with PredictionsWriter(tmp_path / "p") as writer:
        writer.add(
            [
                Prediction(
                    video_id="pair",
                    expression_id="0",
                    frame_index=0,
                    candidate=0,
                    score=1.0,
                    mask=masks.encode(wide),
                )
            ]
        )
    for folder in ("png", "p"):
        with pytest.raises(ShapeError, match=r"is 24x33 px .* never resized"):
            open_predictions(tmp_path / folder, "expression").read(two_squares())


def test_frames_that_the_video_does_not_have_are_listed(tmp_path: Path):
    answers(tmp_path / "mine")
    for name in ("00001", "00002"):
        put(tmp_path / "mine" / "pair" / "1" / f"{name}.png", masks.encode_binary_png(square(0)))
    with pytest.raises(
        ScoreError, match=r"2 predictions of video pair .*1/00001, 1/00002; its frames are 00000"
    ):
        open_predictions(tmp_path / "mine", "expression").read(two_squares())


def test_the_ground_truth_itself_is_refused(tmp_path: Path):
    release = tmp_path / "release"
    answers(release / "train" / "Annotations")
    answers(release / "results")
    for folder in (release, release / "train" / "Annotations", release / "train" / "Annotations" / "pair"):
        with pytest.raises(ScoreError, match="is the ground truth of the release"):
            open_predictions(folder, "expression", release=release)
    (tmp_path / "link").symlink_to(release / "train" / "Annotations")
    with pytest.raises(ScoreError, match="is the ground truth of the release"):
        open_predictions(tmp_path / "link", "expression", release=release)
    assert open_predictions(release / "results", "expression", release=release).video_ids() == ("pair",)


def test_the_ground_truth_is_found_out_through_links_and_from_the_folder_around_it(tmp_path: Path):
    release = tmp_path / "release"
    answers(release / "valid" / "Annotations")
    (release / "valid" / "JPEGImages").mkdir()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "pair").symlink_to(release / "valid" / "Annotations" / "pair")
    for folder in (release / "valid", tmp_path / "mine"):
        with pytest.raises(ScoreError, match="is the ground truth of the release"):
            open_predictions(folder, "expression", release=release)
    # Results that were written into the release, as scripts of the field do by default, are none.
    answers(release / "results" / "Annotations")
    assert open_predictions(release / "results", "expression", release=release).video_ids() == ("pair",)


def test_the_store_itself_is_refused(tmp_path: Path):
    store = tiny_store(tmp_path / "store")
    for path in (store.folder, store.folder / "data", tmp_path / "store" / ".." / "store"):
        with pytest.raises(ScoreError, match=r"is the store .* name the folder that your model wrote"):
            open_predictions(path, "expression", store=store.folder)


def test_label_maps_per_annotator_are_read_up_to_the_largest_label(tmp_path: Path):
    labels = np.where(square(0), 1, np.where(square(20, 14), 3, 0)).astype(np.uint8)
    for k in range(4):
        for place, frame in enumerate(FRAMES):
            shown = labels if k == 1 and place == 2 else np.zeros_like(labels)
            put(
                tmp_path / "mine" / "valid" / f"anno_{k}" / "pair" / f"{frame}.png",
                masks.encode_index_png(shown),
            )
    source = open_predictions(tmp_path / "mine", "annotator")
    assert source.merged
    assert source.video_ids() == ("pair",)
    rows = source.read(two_squares()).rows
    areas = {(row.expression_id, row.frame_index): masks.area(row.mask) for row in rows}
    empty = {(f"anno_{k}/1", place): 0 for k in range(4) for place in range(3)}
    second = {(f"anno_1/{label}", place): 0 for label in (1, 2, 3) for place in range(3)}
    assert areas == empty | second | {("anno_1/1", 2): 64, ("anno_1/3", 2): 64}
    assert not open_predictions(tmp_path / "mine" / "valid", "annotator").read(two_squares("other")).rows


def test_masks_per_expression_are_taken_for_annotators_and_to_be_merged(tmp_path: Path):
    answers(tmp_path / "mine")
    source = open_predictions(tmp_path / "mine", "annotator")
    assert not source.merged
    assert plain(source.read(two_squares()).rows) == expected()


def test_what_is_no_prediction_is_refused(tmp_path: Path):
    with pytest.raises(MissingPathError, match="is not there"):
        open_predictions(tmp_path / "nowhere", "expression")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ScoreError, match="holds no PNG file"):
        open_predictions(tmp_path / "empty", "expression")
    put(tmp_path / "text.zip", b"not a zip")
    with pytest.raises(FormatError, match=r"text\.zip cannot be read as a zip archive"):
        open_predictions(tmp_path / "text.zip", "expression")
    put(tmp_path / "cut" / "pair" / "0" / "00000.png", masks.encode_binary_png(square(0))[:60])
    with pytest.raises(ScoreError, match=r"00000\.png ends after 60 bytes"):
        open_predictions(tmp_path / "cut", "expression").read(two_squares())


def test_a_folder_that_links_to_itself_is_read_once(tmp_path: Path):
    answers(tmp_path / "mine")
    for name in ("a", "b", "c"):
        (tmp_path / "mine" / name).symlink_to(tmp_path / "mine", target_is_directory=True)
    source = open_predictions(tmp_path / "mine", "expression")
    assert plain(source.read(two_squares()).rows) == expected()


def test_a_damaged_zip_entry_is_refused(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        archive.writestr("pair/0/00000.png", masks.encode_binary_png(square(0)))
    data = bytearray((tmp_path / "mine.zip").read_bytes())
    data[60] ^= 0xFF  # inside the stored file: the checksum no longer fits
    (tmp_path / "mine.zip").write_bytes(bytes(data))
    with pytest.raises(FormatError, match=r"mine\.zip:pair/0/00000\.png cannot be unpacked"):
        open_predictions(tmp_path / "mine.zip", "expression").read(two_squares())


def test_parquet_below_another_folder_is_found_and_said(tmp_path: Path):
    row = Prediction(
        video_id="pair",
        expression_id="0",
        frame_index=2,
        candidate=0,
        score=0.5,
        mask=masks.encode(square(1)),
    )
    with PredictionsWriter(tmp_path / "mine" / "predictions") as writer:
        writer.add([row])
    source = open_predictions(tmp_path / "mine", "expression")
    assert source.read(two_squares()).rows == [row]
    assert source.notes == (f"{tmp_path / 'mine'}: the results are in the folder predictions",)
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        archive.write(tmp_path / "mine" / "predictions" / "part-00000.parquet", "p/part-00000.parquet")
    source = open_predictions(tmp_path / "mine.zip", "expression")
    assert source.read(two_squares()).rows == [row]
    assert source.notes == (f"{tmp_path / 'mine.zip'}: the results are in the folder p",)


def test_pictures_beside_another_form_are_told_from_results(tmp_path: Path):
    put(tmp_path / "mine" / "plots" / "curve.png", masks.encode_binary_png(square(0)))
    put(tmp_path / "mine" / "results.json", b"{}")
    with pytest.raises(ScoreError, match=r"or name results\.json itself if that holds them"):
        open_predictions(tmp_path / "mine", "expression")


def test_jpegs_among_the_masks_are_refused_and_not_left_out(tmp_path: Path):
    answers(tmp_path / "mine")
    mixed = tmp_path / "mine" / "pair" / "1" / "00010.jpg"
    Image.fromarray(square(3) * np.uint8(255)).save(mixed)
    for tolerance in (Tolerance(), Tolerance(missing="zero", threshold=128)):
        with pytest.raises(
            ScoreError, match=r"pair/1/00010\.jpg among masks as PNG; .* write all of them as PNG"
        ):
            open_predictions(tmp_path / "mine", "expression", tolerance=tolerance)
    mixed.rename(mixed.with_stem("00005"))
    with pytest.raises(ScoreError, match=r"00005\.jpg beside a PNG of the same name, two files of one frame"):
        open_predictions(tmp_path / "mine", "expression")


def test_jpegs_that_are_called_otherwise_or_lie_elsewhere_are_nobodys_masks(tmp_path: Path):
    answers(tmp_path / "mine")
    for name in ("pair/0/00005_overlay.jpg", "overlays/pair/0/00005.jpg", "pair/00005.jpg"):
        path = tmp_path / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(square(3) * np.uint8(255)).save(path)
    source = open_predictions(tmp_path / "mine", "expression", store=tiny_store(tmp_path / "store"))
    assert plain(source.read(two_squares()).rows) == expected()


def test_json_beside_pictures_is_said_to_be_left_unread(tmp_path: Path):
    answers(tmp_path / "mine")
    put(tmp_path / "mine" / "results.json", b"{}")
    (note,) = open_predictions(tmp_path / "mine", "expression").notes
    assert "the PNGs are read, and not what results.json may hold" in note


def test_a_space_that_makes_the_difference_is_shown(tmp_path: Path):
    answers(tmp_path / "mine", "pair ")
    with pytest.raises(ScoreError, match="the video 'pair ', which is called 'pair'"):
        open_predictions(tmp_path / "mine", "expression", store=tiny_store(tmp_path / "store"))


@pytest.mark.parametrize("name", ["ANNO_{}", "annotator_{}", "0{}"])
def test_annotators_under_other_names_are_named_and_no_videos_of_another_split(tmp_path: Path, name):
    for number in range(4):
        file = tmp_path / "mine" / name.format(number) / "pair" / "00000.png"
        put(file, masks.encode_index_png(square(0).astype(np.uint8)))
    with pytest.raises(
        ScoreError, match=f"holds the videos in the folders {name.format(0)}, .*expected the f"
    ):
        open_predictions(tmp_path / "mine", "annotator", store=tiny_store(tmp_path / "store"))
