"""Files that ask by EXIF to be shown turned: said, named in errors about sizes, and used as stored."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from rvosbench.errors import DatasetError
from rvosbench.media.frame_sources import FrameSource
from rvosbench.media.images import image_header
from rvosbench.media.orientation import orientation_of_png
from rvosbench.preparation import prepare
from rvosbench.preparation.opening import open_release
from rvosbench.store import Store
from tests.datasets import tiny_releases as tiny


def mark(path, orientation, size=None):
    """Save the image again with an orientation, by default at its size."""
    with Image.open(path) as image:
        exif = Image.Exif()
        exif[0x0112] = orientation
        again = image.copy() if size is None else image.resize(size)
        again.save(path, exif=exif)


def mark_png(path, orientation):
    """Put an eXIf chunk after the header of a PNG, without touching its pixels."""
    data = path.read_bytes()
    exif = Image.Exif()
    exif[0x0112] = orientation
    body = b"eXIf" + exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    path.write_bytes(data[:33] + chunk + data[33:])


def problems(name, root, split, video_id):
    return open_release(name, root).read(split, video_id).problems


FRAMES = {
    "ytvos": ("train", "aaa", "train/JPEGImages/aaa/00010.jpg"),
    "davis": ("val", "motorbike", "DAVIS/JPEGImages/480p/motorbike/00001.jpg"),
    "mevis": ("train", "aaa", "train/JPEGImages/aaa/00001.jpg"),
    "refcoco": ("train", "COCO_train2014_000000000007", "train2014/COCO_train2014_000000000007.jpg"),
    "jhmdb": ("test", tiny.JHMDB_ODD, f"Rename_Images/pullup/{tiny.JHMDB_ODD}/00001.png"),
}


@pytest.mark.parametrize("orientation", [2, 3, 4])
@pytest.mark.parametrize("name", FRAMES)
def test_a_turn_that_keeps_the_size_is_said_and_the_pixels_stay(tmp_path, name, orientation):
    split, video_id, file = FRAMES[name]
    root = getattr(tiny, name)(tmp_path / "release")
    assert not problems(name, root, split, video_id)
    whole = open_release(name, root).read(split, video_id).video
    mark(root / file, orientation)
    (said,) = problems(name, root, split, video_id)
    words = {2: "mirrored", 3: "upside down", 4: "upside down and mirrored"}[orientation]
    assert f"ask by EXIF to be shown turned ({file.rsplit('/', 1)[1]} {words})" in said
    assert open_release(name, root).read(split, video_id).video == whole
    made = prepare(name, root, tmp_path / "store", splits=[split])
    assert said in made.warnings
    assert said in Store.open(made.store).problems()["message"].to_pylist()


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_a_frame_on_its_side_explains_the_size_of_its_mask(tmp_path, orientation):
    root = tiny.ytvos(tmp_path / "release")
    for name in ("00005", "00010", "00020"):
        mark(root / "train" / "JPEGImages" / "aaa" / f"{name}.jpg", orientation, size=(24, 32))
    with pytest.raises(DatasetError) as refused:
        prepare("ytvos", root, tmp_path / "store", splits=["train"])
    assert (
        f"its frame is 32x24 (EXIF, orientation {orientation}, asks to show the picture on its side"
        in str(refused.value)
    )


def test_so_do_run_lengths_matlab_arrays_and_coco(tmp_path):
    root = tiny.mevis(tmp_path / "mevis")
    for path in (root / "train" / "JPEGImages" / "aaa").iterdir():
        mark(path, 6, size=(24, 32))
    with pytest.raises(DatasetError, match=r"has size \[24, 32\], its image \[32, 24\].*EXIF, orientation 6"):
        open_release("mevis", root).read("train", "aaa")
    root = tiny.jhmdb(tmp_path / "jhmdb")
    for path in (root / "Rename_Images" / "pullup" / tiny.JHMDB_ODD).iterdir():
        mark(path, 6, size=(24, 32))
    with pytest.raises(DatasetError, match=r"its frames 32x24 px.*EXIF, orientation 6"):
        open_release("jhmdb", root).read("test", tiny.JHMDB_ODD)
    root = tiny.refcoco(tmp_path / "refcoco")
    mark(root / "train2014" / "COCO_train2014_000000000007.jpg", 8, size=(24, 32))
    with pytest.raises(DatasetError, match=r"the annotations say 24x32 \(EXIF, orientation 8"):
        open_release("refcoco", root).read("train", "COCO_train2014_000000000007")


def test_a_frame_turned_among_upright_ones_is_explained(tmp_path):
    root = tiny.ytvos(tmp_path / "release")
    mark(root / "train" / "JPEGImages" / "aaa" / "00010.jpg", 6, size=(24, 32))
    with pytest.raises(DatasetError, match=r"first frame of its video 24x32 \(EXIF, orientation 6"):
        open_release("ytvos", root).read("train", "aaa")


def test_a_size_that_no_turn_explains_is_not_blamed_on_exif(tmp_path):
    root = tiny.ytvos(tmp_path / "release")
    for name in ("00005", "00010", "00020"):
        mark(root / "train" / "JPEGImages" / "aaa" / f"{name}.jpg", 3, size=(30, 20))
    with pytest.raises(DatasetError) as refused:
        open_release("ytvos", root).read("train", "aaa")
    assert "EXIF" not in str(refused.value)


def test_an_annotation_that_asks_to_be_turned_is_said(tmp_path):
    root = tiny.ytvos(tmp_path / "release")
    whole = open_release("ytvos", root).read("train", "aaa").video
    mark_png(root / "train" / "Annotations" / "aaa" / "00010.png", 3)
    read = open_release("ytvos", root).read("train", "aaa")
    assert read.video == whole
    (said,) = read.problems
    assert "1 of the 3 annotations in " in said
    assert "(00010.png upside down)" in said


@pytest.mark.parametrize("orientation", [0, 1, 9, 65535])
def test_no_turn_and_values_that_mean_none_are_not_said(tmp_path, orientation):
    root = tiny.ytvos(tmp_path / "release")
    mark(root / "train" / "JPEGImages" / "aaa" / "00010.jpg", orientation)
    mark_png(root / "train" / "Annotations" / "aaa" / "00010.png", orientation)
    assert not problems("ytvos", root, "train", "aaa")


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, about the resolution
@pytest.mark.parametrize("seed", range(20))
def test_damaged_exif_is_no_turn_and_no_traceback(tmp_path, seed):
    path = tmp_path / "a.jpg"
    Image.new("RGB", (32, 24)).save(path)
    mark(path, 6)
    data = bytearray(path.read_bytes())
    start, rng = data.index(b"Exif"), np.random.default_rng(seed)
    for position in rng.integers(start + 6, start + 30, 6):
        data[position] = rng.integers(0, 256)
    path.write_bytes(data)
    header = image_header(path)
    assert (header.height, header.width) == (24, 32)
    assert 1 <= header.orientation <= 8
    assert orientation_of_png(path) == 1  # it is none
    assert orientation_of_png(tmp_path / "none.png") == 1


def test_frames_of_ones_own_are_shown_as_stored_and_it_is_said_once(tmp_path, caplog):
    for number in range(3):
        Image.fromarray(np.full((24, 32, 3), 9, np.uint8)).save(tmp_path / f"{number}.jpg")
        mark(tmp_path / f"{number}.jpg", 6)
    assert [frame.pixels.shape for frame in FrameSource(tmp_path, folder_fps=6)] == [(24, 32, 3)] * 3
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path / '0.jpg'} asks by EXIF to be shown on its side; it is shown as stored, turn the pixels "
        "of such frames first"
    ]
