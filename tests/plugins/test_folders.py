from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from rvosbench.files.partials import partial_path
from rvosbench.plugins.folders import contents_of
from tests.datasets import tiny_releases


def files(root: Path, **content: str) -> Path:
    """A folder with these files; `__` in a name is a folder's border, `_` before the suffix a dot."""
    root.mkdir()
    for name, text in content.items():
        path = root / name.replace("__", "/").replace("_json", ".json").replace("_x", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return root


RUN = json.dumps({"model": "soc", "dataset": "ytvos", "split": "valid"})


@pytest.mark.parametrize(
    ("content", "kind", "text", "command"),
    [
        ({"dataset_json": "{}"}, "store", "a store", "rvos info {}"),
        (
            {"run_json": RUN, "predictions__a": ""},
            "run",
            "a run of rvos predict (soc on ytvos/valid)",
            "rvos evaluate {}",
        ),
        (
            {"run_json": RUN, "predictions__a": "", "scores__a": ""},
            "run",
            "a run of rvos predict (soc on ytvos/valid)",
            "rvos leaderboard {}",
        ),
        ({"run_json": "{", "predictions__a": ""}, "run", "a run of rvos predict", "rvos evaluate {}"),
        (
            {"run_json": "[]", "checkpoint__a": ""},
            "training run",
            "a run of rvos train",
            "rvos predict MODEL --checkpoint {}/checkpoint",
        ),
        (
            {"run_json": RUN, "checkpoint__a": ""},
            "training run",
            "a run of rvos train",
            "rvos predict soc --checkpoint {}/checkpoint",
        ),
        ({"log_xjsonl": ""}, "unfinished training run", "an unfinished run of rvos train", None),
        ({"scores_json": "{}"}, "scores", "the scores of predictions from elsewhere", "rvos leaderboard {}"),
        (
            {"config_json": "{}", "model_xsafetensors": ""},
            "checkpoint",
            "a checkpoint",
            "rvos predict MODEL --checkpoint {}",
        ),
        ({"rvos_xtoml": ""}, "workspace", "a workspace", "rvos status"),
        (
            {"a_xparquet": ""},
            "predictions",
            "a folder of Parquet files, as predictions are",
            "rvos evaluate --predictions {} --dataset STORE",
        ),
        ({"readme": ""}, "folder", "a folder that holds neither a store nor a run", None),
        ({}, "empty folder", "an empty folder", None),
    ],
)
def test_a_folder_is_told_by_the_files_in_it(tmp_path, content, kind, text, command):
    folder = files(tmp_path / "here", **content)
    found = contents_of(folder)
    assert (found.kind, found.text) == (kind, text)
    assert found.command == (command and command.format(folder))


def test_a_release_is_told_with_the_command_that_reads_it(tmp_path):
    root = tiny_releases.mevis(tmp_path / "my release")
    found = contents_of(root)
    assert (found.kind, found.text) == ("release", "a release of MeViS")
    assert str(found) == f"a release of MeViS, see it with: rvos prepare mevis --root '{root}'"


def test_a_path_without_a_folder_is_told_too(tmp_path):
    assert contents_of(tmp_path / "nowhere").kind == "nothing"
    with zipfile.ZipFile(tmp_path / "mine.zip", "w"):
        pass
    for name, kind in (("mine.zip", "zip"), ("soc.tar", "weights"), ("notes.txt", "file")):
        (tmp_path / name).touch()
        assert contents_of(tmp_path / name).kind == kind
    assert contents_of(tmp_path / ("x" * 5000)).text == "a folder that cannot be read"
    assert contents_of(Path("a\0b")).kind in ("nothing", "folder")


def test_what_an_interrupted_run_left_is_told(tmp_path):
    assert contents_of(files(tmp_path / ".ytvos.partial", journal="")).kind == "unfinished store"
    run = partial_path(tmp_path / "run")
    assert contents_of(files(run, log_xjsonl="")).kind == "unfinished store"
    (tmp_path / "half" / "data" / "videos").mkdir(parents=True)
    assert contents_of(tmp_path / "half").text == "a store that was not finished"
