import pytest

from rvosbench.errors import OutputError
from rvosbench.files.places import check_file, check_folder


def anything(folder):
    return True


def nothing(folder):
    return False


def test_a_free_name_is_fine(tmp_path):
    check_file(tmp_path / "a.mp4", replace=False)
    check_folder(tmp_path / "a", replace=False, replaceable=nothing)
    (tmp_path / "empty").mkdir()
    check_folder(tmp_path / "empty", replace=False, replaceable=anything)


def test_a_taken_file_needs_to_be_replaced_and_a_folder_never_is(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"old")
    check_file(tmp_path / "a.mp4", replace=True)
    with pytest.raises(OutputError, match="already exists"):
        check_file(tmp_path / "a.mp4", replace=False)
    with pytest.raises(OutputError, match="is a folder"):
        check_file(tmp_path, replace=True)


def test_a_dangling_link_is_taken(tmp_path):
    (tmp_path / "a.mp4").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError, match="already exists"):
        check_file(tmp_path / "a.mp4", replace=False)


def test_a_full_folder_is_replaced_only_when_asked_and_when_all_in_it_is_ours(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").touch()
    check_folder(tmp_path / "a", replace=True, replaceable=anything)
    with pytest.raises(OutputError, match=r"not empty; .* --overwrite"):
        check_folder(tmp_path / "a", replace=False, replaceable=anything)
    with pytest.raises(OutputError, match="not all in it was written by rvos"):
        check_folder(tmp_path / "a", replace=True, replaceable=nothing)


@pytest.mark.parametrize("name", ["file", "link", ".", ".."])
def test_what_is_no_folder_of_its_own_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    with pytest.raises(OutputError, match="name of a folder"):
        check_folder(type(tmp_path)(name), replace=True, replaceable=anything)


@pytest.mark.parametrize("name", ["none/a", "file/a", "a" * 300])
def test_a_place_that_cannot_be_is_refused_in_one_line(tmp_path, name):
    (tmp_path / "file").touch()
    for check in (
        lambda path: check_file(path, replace=True),
        lambda path: check_folder(path, replace=True, replaceable=anything),
    ):
        with pytest.raises(OutputError, match=r"is not there|too long") as caught:
            check(tmp_path / name)
        assert "\n" not in str(caught.value)
