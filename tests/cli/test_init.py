"""`rvos init`: one file, and what comes next."""

from __future__ import annotations

import pytest

from rvosbench.workspace.read import read_workspace


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.delenv("RVOS_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_file_is_the_result_and_the_next_steps_are_remarks(rvos, here):
    ran = rvos("init")
    assert (ran.code, ran.out) == (0, "rvos.toml\n")
    assert "Next:" in ran.err and "put releases into releases" in ran.err and "rvos prepare a2d" in ran.err
    assert [path.name for path in here.iterdir()] == ["rvos.toml"]
    assert rvos("status").code == 0 and rvos("init", "--overwrite", "--quiet").err == ""


def test_another_folder_and_its_releases(rvos, here):
    (here / "data").mkdir()
    ran = rvos("init", "lab", "--releases", here / "data", "--releases", "more")
    assert ran.out == "lab/rvos.toml\n" and "  cd lab" in ran.err
    assert "put releases into lab/more, or say in rvos.toml where they are" in ran.err
    assert read_workspace(here / "lab").releases == (here / "data", here / "lab" / "more")


def test_what_is_there_is_kept(rvos, here):
    (here / "rvos.toml").write_text("workers = 2\n")
    ran = rvos("init")
    assert ran.code == 1 and "already exists; edit it, or add --overwrite" in ran.error
    assert (here / "rvos.toml").read_text() == "workers = 2\n"
    assert rvos("init", "--overwrite").code == 0
    assert "workers = 2" not in (here / "rvos.toml").read_text()
