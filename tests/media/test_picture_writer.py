import numpy as np
import pytest
from PIL import Image

from rvosbench.errors import OutputError
from rvosbench.media.picture_writer import FRAMES, FrameFolderWriter, PictureWriter, PngFolder, encode_frame


def picture(value):
    pixels = np.full((10, 14, 3), value, np.uint8)
    pixels[2:4, 3:9] = (200, 30, 90)
    return pixels


def write(folder, names=("00000", "00005"), replace=False):
    with FrameFolderWriter(folder, replace=replace) as writer:
        for value, name in enumerate(names):
            writer.add(picture(value), value / 5, name)


def content(folder):
    return sorted(path.name for path in folder.iterdir())


def test_every_frame_becomes_a_file_of_its_name(tmp_path):
    write(tmp_path / "frames")
    assert content(tmp_path / "frames") == ["00000.png", "00005.png"]
    assert content(tmp_path) == ["frames"]
    with Image.open(tmp_path / "frames" / "00005.png") as image:
        assert image.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(image), picture(1))


def test_nothing_is_under_the_name_before_the_end(tmp_path):
    with FrameFolderWriter(tmp_path / "frames") as writer:
        writer.add(picture(0), 0.0, "a")
        assert not (tmp_path / "frames").exists()
    assert (tmp_path / "frames").is_dir()


def test_an_error_leaves_nothing_and_keeps_what_was_there(tmp_path):
    write(tmp_path / "old")
    for name in ("new", "old"):
        with pytest.raises(ZeroDivisionError), FrameFolderWriter(tmp_path / name, replace=True) as writer:
            writer.add(picture(0), 0.0, "a")
            raise ZeroDivisionError
    assert content(tmp_path) == ["old"]
    assert content(tmp_path / "old") == ["00000.png", "00005.png"]


def test_only_own_frames_are_replaced(tmp_path):
    write(tmp_path / "frames")
    with pytest.raises(OutputError, match="--overwrite"):
        write(tmp_path / "frames")
    write(tmp_path / "frames", ["7"], replace=True)
    assert content(tmp_path / "frames") == ["7.png"]
    Image.fromarray(picture(0)).save(tmp_path / "frames" / "8.png")
    with pytest.raises(OutputError, match="something else than frames of rvos segment"):
        write(tmp_path / "frames", ["9"], replace=True)
    assert content(tmp_path / "frames") == ["7.png", "8.png"]
    assert content(tmp_path) == ["frames"]


def test_what_comes_under_the_name_meanwhile_is_kept(tmp_path):
    with (
        pytest.raises(OutputError, match="not empty"),
        FrameFolderWriter(tmp_path / "f", replace=True) as writer,
    ):
        writer.add(picture(0), 0.0, "a")
        (tmp_path / "f").mkdir()
        (tmp_path / "f" / "thesis.tex").write_text("precious")
    assert content(tmp_path) == ["f"]
    assert (tmp_path / "f" / "thesis.tex").read_text() == "precious"


def test_an_empty_folder_gives_way(tmp_path):
    (tmp_path / "frames").mkdir()
    write(tmp_path / "frames")
    assert content(tmp_path / "frames") == ["00000.png", "00005.png"]


def test_folders_in_the_folder(tmp_path):
    folder = PngFolder(tmp_path / "m", overwrite=False, content=FRAMES, subfolders=["1", "2"])
    folder.write("2/a.png", encode_frame(picture(0)))
    folder.finish()
    assert content(tmp_path / "m") == ["1", "2"]
    assert content(tmp_path / "m" / "2") == ["a.png"]


def test_one_picture(tmp_path):
    with PictureWriter(tmp_path / "a.png") as writer:
        writer.add(picture(3), 0.0, "name")
        assert not (tmp_path / "a.png").exists()
    assert content(tmp_path) == ["a.png"]
    with Image.open(tmp_path / "a.png") as image:
        np.testing.assert_array_equal(np.asarray(image), picture(3))


def test_a_second_frame_does_not_fit_one_picture(tmp_path):
    (tmp_path / "a.png").write_bytes(b"old")
    with (
        pytest.raises(OutputError, match=r"more than one frame; choose a folder, such as .*/a, or a video"),
        PictureWriter(tmp_path / "a.png", replace=True) as writer,
    ):
        writer.add(picture(0), 0.0, "0")
        writer.add(picture(1), 0.1, "1")
    assert content(tmp_path) == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == b"old"
