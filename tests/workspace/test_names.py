"""Names of stores and runs: nobody gets another's, nobody leaves an empty one, what is typed wins."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest

from rvosbench.errors import MissingPathError, OutputError
from rvosbench.workspace import current_workspace
from rvosbench.workspace.init import initialise
from rvosbench.workspace.names import (
    answers_run,
    new_run,
    resolve_run,
    resolve_store,
    run_stem,
    store_name,
    store_path,
)


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A workspace, which is the current folder."""
    for name in ("RVOS_HOME", "RVOS_STORES"):
        monkeypatch.delenv(name, raising=False)
    workspace = initialise(tmp_path / "lab")
    monkeypatch.chdir(tmp_path / "lab")
    return workspace


def store(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "dataset.json").write_text("{}")
    return folder


def claim(lab, count: int = 1, *, keep: bool = True) -> list[str]:
    names = []
    for _ in range(count):
        with new_run(lab, "soc", "ytvos") as run:
            names.append(run.name)
            if keep:
                (run / "log.jsonl").write_text("")
    return names


@pytest.mark.parametrize(
    ("dataset", "options", "limit", "name"),
    [
        ("ytvos", {}, None, "ytvos"),
        ("ytvos", {"trainval": "0.1", "seed": "3"}, None, "ytvos"),
        ("refcoco+", {}, None, "refcoco+"),
        ("refcoco", {"split-by": "google"}, None, "refcoco-google"),
        ("refcocog", {"sentences": "raw", "split-by": "umd"}, None, "refcocog-raw"),
        ("mevis", {"mevis-version": "1"}, None, "mevis-v1"),
        ("a2d", {}, 5, "a2d-first5"),
        ("refcoco", {"split-by": "unc", "sentences": "sent"}, None, "refcoco"),
    ],
)
def test_a_store_is_called_after_what_is_in_it(lab, dataset, options, limit, name):
    assert store_name(dataset, options, limit=limit) == name
    assert store_path(lab, dataset, options, limit=limit) == lab.stores / name


def test_odd_names_of_plugins_make_folders_too():
    assert run_stem("my model/v2", "../") == "my_model_v2-unnamed"
    assert run_stem("-x", ".hidden") == "x-hidden"


def test_runs_are_numbered_above_all_that_were(lab):
    assert claim(lab, 2) == ["soc-ytvos-1", "soc-ytvos-2"]
    (lab.runs / "soc-ytvos-7-valid").mkdir()
    (lab.runs / "soc-ytvos+-9").mkdir()
    (lab.runs / "soc-ytvos-old").mkdir()
    assert claim(lab) == ["soc-ytvos-8"]


def test_a_run_that_fails_before_it_keeps_anything_leaves_nothing(lab):
    with pytest.raises(ZeroDivisionError), new_run(lab, "soc", "ytvos") as run:
        assert run == Path("runs/soc-ytvos-1") and run.is_dir()
        raise ZeroDivisionError
    assert not lab.runs.exists()
    claim(lab)
    with pytest.raises(ZeroDivisionError), new_run(lab, "soc", "ytvos") as run:
        raise ZeroDivisionError
    assert [path.name for path in lab.runs.iterdir()] == ["soc-ytvos-1"]


def test_a_run_that_fails_later_keeps_what_it_has(lab):
    with pytest.raises(ZeroDivisionError), new_run(lab, "soc", "ytvos") as run:
        (run / "log.jsonl").write_text("")
        raise ZeroDivisionError
    assert (lab.runs / "soc-ytvos-1" / "log.jsonl").exists()


def test_a_writer_may_put_its_folder_in_the_place_of_the_empty_one(lab):
    with new_run(lab, "soc", "ytvos") as run:
        partial = run.with_name(f".{run.name}.partial")
        partial.mkdir()
        (partial / "run.json").write_text("{}")
        partial.replace(run)
    assert (lab.runs / "soc-ytvos-1" / "run.json").exists()


def test_what_a_killed_process_left_is_passed_over(lab):
    script = (
        "import os\n"
        "from rvosbench.workspace import current_workspace\n"
        "from rvosbench.workspace.names import new_run\n"
        "with new_run(current_workspace(), 'soc', 'ytvos'): os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == -9
    assert claim(lab) == ["soc-ytvos-2"]


def _claims(folder: Path, barrier, results) -> None:
    from rvosbench.workspace import find_workspace

    workspace = find_workspace(folder)
    barrier.wait()
    results.put(claim(workspace, 20))


def test_processes_at_once_never_get_the_same_name(lab):
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(3), context.Queue()
    workers = [context.Process(target=_claims, args=(lab.folder, barrier, results)) for _ in range(3)]
    for worker in workers:
        worker.start()
    names = [name for _ in workers for name in results.get(timeout=120)]
    for worker in workers:
        worker.join(timeout=60)
    assert len(names) == 60 and sorted(names) == sorted(path.name for path in lab.runs.iterdir())
    assert len(set(names)) == 60


def test_answers_are_called_after_what_answered_and_the_split(lab):
    names = []
    for _ in range(3):
        with answers_run(lab, "soc-ytvos-1", "valid") as run:
            names.append(run.name)
            (run / "run.json").write_text("{}")
    assert names == ["soc-ytvos-1-valid", "soc-ytvos-1-valid-2", "soc-ytvos-1-valid-3"]


def test_runs_where_none_can_be_are_one_line(lab):
    lab.runs.write_text("")
    with (
        pytest.raises(OutputError, match=r"runs cannot be written .*set runs in rvos\.toml"),
        new_run(lab, "a", "b"),
    ):
        pass


def test_a_store_is_found_by_its_name(lab, monkeypatch):
    store(lab.stores / "ytvos")
    assert resolve_store("ytvos") == Path("stores/ytvos")
    (lab.folder / "sub").mkdir()
    monkeypatch.chdir(lab.folder / "sub")
    assert resolve_store("ytvos") == Path("../stores/ytvos")


def test_a_path_wins_over_a_name(lab):
    store(lab.stores / "ytvos")
    (lab.folder / "ytvos").mkdir()
    assert resolve_store("./ytvos") == Path("ytvos")
    assert resolve_store(str(lab.folder / "ytvos")) == lab.folder / "ytvos"
    # A bare word is a path only where it leads to a store: a release may be called like the dataset.
    assert resolve_store("ytvos") == Path("stores/ytvos")
    (lab.folder / "ytvos" / "dataset.json").write_text("{}")
    assert resolve_store("ytvos") == Path("ytvos")


def test_rvos_stores_keeps_working_and_comes_before_the_workspace(lab, tmp_path, monkeypatch):
    store(lab.stores / "ytvos")
    store(lab.stores / "mine")
    store(tmp_path / "shelf" / "ytvos")
    monkeypatch.setenv("RVOS_STORES", str(tmp_path / "shelf"))
    assert resolve_store("ytvos") == tmp_path / "shelf" / "ytvos"
    assert resolve_store("mine") == Path("stores/mine")
    with pytest.raises(MissingPathError, match="there are: mine, ytvos; make one"):
        resolve_store("other")


def test_without_a_workspace_names_are_as_they_were(tmp_path, monkeypatch):
    monkeypatch.delenv("RVOS_HOME", raising=False)
    monkeypatch.delenv("RVOS_STORES", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingPathError, match=r"no store at ytvos; .*, or set RVOS_STORES to the folder"):
        resolve_store("ytvos")
    with pytest.raises(MissingPathError, match=r"no store at a/ytvos; make one with: rvos prepare .*ytvos$"):
        resolve_store("a/ytvos")
    (tmp_path / "ytvos").mkdir()
    assert resolve_store("ytvos") == Path("ytvos")
    assert resolve_run("soc") == Path("soc")


def test_a_run_is_found_by_its_name_and_a_path_wins(lab):
    claim(lab)
    assert resolve_run("soc-ytvos-1") == Path("runs/soc-ytvos-1")
    assert resolve_run("gone") == Path("gone")
    assert resolve_run("x/soc-ytvos-1") == Path("x/soc-ytvos-1")
    (lab.folder / "soc-ytvos-1").mkdir()
    assert resolve_run("soc-ytvos-1") == Path("soc-ytvos-1")
    assert current_workspace() == lab
