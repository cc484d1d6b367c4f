from __future__ import annotations

import os
from pathlib import Path

import pytest

from rvosbench.errors import OutputError
from rvosbench.files.places import Content, check_file, check_folder

ANYTHING = Content("a store", lambda folder: True)
NOTHING = Content("a store", lambda folder: False)


def test_a_free_name_is_fine(tmp_path):
    check_file(tmp_path / "a.mp4", overwrite=False)
    check_folder(tmp_path / "a", content=NOTHING)
    (tmp_path / "empty").mkdir()
    check_folder(tmp_path / "empty", content=NOTHING)


def test_a_taken_file_needs_to_be_overwritten_and_a_folder_never_is(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"old")
    check_file(tmp_path / "a.mp4", overwrite=True)
    with pytest.raises(OutputError, match="already exists"):
        check_file(tmp_path / "a.mp4", overwrite=False)
    with pytest.raises(OutputError, match="is a folder"):
        check_file(tmp_path, overwrite=True)


def test_a_dangling_link_is_taken(tmp_path):
    (tmp_path / "a.mp4").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError, match="already exists"):
        check_file(tmp_path / "a.mp4", overwrite=False)


def test_a_link_is_written_where_it_points_to(tmp_path):
    (tmp_path / "a.mp4").symlink_to(tmp_path / "none" / "b.mp4")
    with pytest.raises(OutputError, match=f"folder {tmp_path / 'none'} is not there"):
        check_file(tmp_path / "a.mp4", overwrite=True)


def test_a_device_is_no_file_to_overwrite():
    with pytest.raises(OutputError, match="is a device"):
        check_file(Path("/dev/null"), overwrite=True)


def test_a_full_folder_is_overwritten_only_when_asked_and_when_all_in_it_is_ours(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").touch()
    check_folder(tmp_path / "a", overwrite=True, content=ANYTHING)
    with pytest.raises(OutputError, match=r"already holds a store; .* --overwrite"):
        check_folder(tmp_path / "a", content=ANYTHING)
    with pytest.raises(OutputError, match="not empty and holds something else than a store"):
        check_folder(tmp_path / "a", overwrite=True, content=NOTHING)


def test_without_a_content_a_full_folder_gives_way_only_when_asked(tmp_path):
    (tmp_path / "1.png").touch()
    check_folder(tmp_path, overwrite=True)
    with pytest.raises(OutputError, match="is not empty; choose another one or remove it"):
        check_folder(tmp_path)


@pytest.mark.parametrize("name", ["file", "link", "dangling", ".", ".."])
def test_what_is_no_folder_of_its_own_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError, match="name of a folder"):
        check_folder(Path(name), overwrite=True, content=ANYTHING)


@pytest.mark.parametrize("name", [".", "..", "", "a/.."])
def test_what_is_no_file_name_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputError, match="is a folder"):
        check_file(Path(name), overwrite=True)


def test_a_mount_point_is_refused_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    monkeypatch.setattr(os.path, "ismount", lambda path: True)
    with pytest.raises(OutputError, match="is a mount point"):
        check_folder(tmp_path / "folder", overwrite=True)
    with pytest.raises(OutputError, match="is a mount point"):
        check_file(tmp_path / "file", overwrite=True)


@pytest.mark.parametrize("parents", [False, True])
@pytest.mark.parametrize("name", ["none/a", "file/a", "file/b/a", "dangling/a", "a" * 300])
def test_a_place_that_cannot_be_is_refused_in_one_line(tmp_path, name, parents):
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for check in (check_file, check_folder):
        if (name, parents) == ("none/a", True):
            check(tmp_path / name, overwrite=True, parents=True)
            continue
        with pytest.raises(OutputError, match=r"is not there|too long|is no folder") as caught:
            check(tmp_path / name, overwrite=True, parents=parents)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("parents", [False, True])
def test_a_folder_without_the_right_to_write_is_refused_before_the_work(tmp_path, monkeypatch, parents):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    for check in (check_file, check_folder):
        with pytest.raises(OutputError, match=f"the folder {tmp_path} cannot be written"):
            check(tmp_path / ("new/a" if parents else "a"), overwrite=True, parents=parents)
