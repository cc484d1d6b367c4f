"""A folder that is complete or not there; ids that look official."""

from __future__ import annotations

import pytest

from rvosbench.errors import OutputError
from rvosbench.synthetic.folders import new_folder, unique_ids


def test_the_folder_appears_only_at_the_end(tmp_path):
    root = tmp_path / "deep" / "release"
    with new_folder(root) as folder:
        (folder / "file").write_text("x")
        assert not root.exists()
        assert folder.parent == root.parent
    assert [path.name for path in root.iterdir()] == ["file"]
    assert [path.name for path in root.parent.iterdir()] == ["release"]


def test_an_empty_folder_may_be_filled(tmp_path):
    with new_folder(tmp_path) as folder:
        (folder / "file").write_text("x")
    assert (tmp_path / "file").read_text() == "x"


def test_a_failure_leaves_nothing_behind(tmp_path):
    with pytest.raises(KeyError), new_folder(tmp_path / "release") as folder:
        (folder / "file").write_text("x")
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_files_is_refused_and_kept(tmp_path):
    (tmp_path / "mine").write_text("x")
    with (
        pytest.raises(OutputError, match="holds files, expected a new or empty folder"),
        new_folder(tmp_path),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="is a file"), new_folder(tmp_path / "file"):
        pass
    with pytest.raises(OutputError, match="cannot be written"), new_folder(tmp_path / "file" / "below"):
        pass


def test_a_full_disk_is_an_output_error_without_remains(tmp_path):
    with (
        pytest.raises(OutputError, match=r"No space left.*nothing was kept"),
        new_folder(tmp_path / "release"),
    ):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_ids_are_unique_reproducible_and_do_not_depend_on_how_many_there_are():
    many = unique_ids(0, list(range(500)), length=2, alphabet="0123456789abcdefghijklmnopqrstuvwxyz")
    assert len(set(many.values())) == 500
    few = unique_ids(0, list(range(20)), length=10, alphabet="0123456789abcdef")
    more = unique_ids(0, list(range(90)), length=10, alphabet="0123456789abcdef")
    assert few == {index: more[index] for index in range(20)}
    assert few != unique_ids(1, list(range(20)), length=10, alphabet="0123456789abcdef")
