"""Which workspace one is in."""

from __future__ import annotations

from pathlib import Path

import pytest

from rvosbench.errors import FormatError, MissingPathError
from rvosbench.workspace import current_workspace, find_workspace
from rvosbench.workspace.here import from_here
from rvosbench.workspace.init import initialise


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """A folder in no workspace, which is the current one."""
    monkeypatch.delenv("RVOS_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_outside_of_workspaces_there_is_none(outside):
    assert find_workspace() is None
    with pytest.raises(MissingPathError, match=r"no rvos\.toml here or in a folder above; .*: rvos init"):
        current_workspace()


def test_it_is_found_from_a_folder_below_and_the_nearest_one_counts(outside, monkeypatch):
    initialise(outside / "lab")
    below = outside / "lab" / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert current_workspace().folder == outside / "lab"
    initialise(outside / "lab" / "a")
    assert current_workspace().folder == outside / "lab" / "a"
    assert find_workspace(outside / "lab").folder == outside / "lab"


def test_rvos_home_wins_over_where_one_is(outside, monkeypatch):
    initialise(outside / "here")
    initialise(outside / "home")
    monkeypatch.chdir(outside / "here")
    monkeypatch.setenv("RVOS_HOME", str(outside / "home"))
    assert current_workspace().folder == outside / "home"
    monkeypatch.setenv("RVOS_HOME", "../home")
    assert current_workspace().folder.samefile(outside / "home")
    monkeypatch.setenv("RVOS_HOME", "")
    assert current_workspace().folder == outside / "here"


def test_rvos_home_without_a_workspace_is_an_error_though_there_is_one_here(outside, monkeypatch):
    initialise(outside)
    for home in (outside / "gone", outside.parent / "also gone"):
        monkeypatch.setenv("RVOS_HOME", str(home))
        with pytest.raises(MissingPathError) as caught:
            find_workspace()
        assert f"RVOS_HOME is {home}, which has no rvos.toml" in str(caught.value)
        assert f"rvos init {home}" in str(caught.value)


def test_a_broken_link_is_a_broken_workspace_not_none(outside):
    (outside / "rvos.toml").symlink_to("nowhere")
    with pytest.raises(MissingPathError, match=r"rvos\.toml is not there"):
        find_workspace()
    (outside / "rvos.toml").unlink()
    (outside / "rvos.toml").write_text("what")
    with pytest.raises(FormatError):
        find_workspace()


def test_through_a_link_it_is_found_by_the_way_one_came(outside, monkeypatch):
    initialise(outside / "lab")
    disk = outside / "disk" / "runs"
    disk.mkdir(parents=True)
    (outside / "lab" / "runs").symlink_to(disk)
    monkeypatch.chdir(disk)
    assert find_workspace() is None
    monkeypatch.setenv("PWD", str(outside / "lab" / "runs"))  # as a shell does at `cd`
    assert current_workspace().folder == outside / "lab"
    monkeypatch.setenv("PWD", str(outside / "lab"))  # not where we are: not to be believed
    assert find_workspace() is None


def test_a_workspace_may_be_a_link_itself(outside, monkeypatch):
    initialise(outside / "real")
    (outside / "link").symlink_to("real")
    monkeypatch.setenv("RVOS_HOME", str(outside / "link"))
    assert current_workspace().stores == outside / "link" / "stores"


def test_paths_are_named_as_one_would_type_them(outside, monkeypatch):
    stores = outside / "lab" / "stores"
    assert from_here(stores / "a") == Path("lab/stores/a")
    (outside / "lab" / "notes").mkdir(parents=True)
    monkeypatch.chdir(outside / "lab" / "notes")
    assert from_here(stores / "a") == Path("../stores/a")
    deep = outside / "lab" / "notes" / "x" / "y"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert from_here(stores / "a") == stores / "a"


def test_a_path_from_inside_a_link_leads_where_it_says(outside, monkeypatch):
    disk = outside / "disk" / "notes"
    disk.mkdir(parents=True)
    lab = outside / "lab"
    lab.mkdir()
    (lab / "notes").symlink_to(disk)
    store = lab / "stores" / "a"
    store.mkdir(parents=True)
    monkeypatch.chdir(lab / "notes")
    monkeypatch.setenv("PWD", str(lab / "notes"))
    assert from_here(store).samefile(store)  # and not ../stores/a, which is on the disk
    assert from_here(lab / "notes" / "b") == Path("b")


def test_where_the_current_folder_was_removed_there_is_no_workspace(outside, monkeypatch):
    gone = outside / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert find_workspace() is None
    assert from_here(outside / "x") == outside / "x"
