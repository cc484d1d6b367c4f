"""Predictions are called after their file or folder, never after how they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from rvosbench.evaluation.inputs import given
from rvosbench.submission.naming import name_of


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("results.json", "results"),
        ("results.json.gz", "results"),
        ("Results.JSON.GZ", "Results"),
        ("rows.jsonl.gz", "rows"),
        ("x.tar.gz", "x"),
        ("x.TGZ", "x"),
        ("x.tar.bz2", "x"),
        ("x.json.zip", "x"),
        ("x.tar.zip", "x"),
        ("masks.npz", "masks"),
        ("part.parquet", "part"),
        ("soc-v1.5", "soc-v1.5"),
        ("soc-v1.5.zip", "soc-v1.5"),
        (".zip", ".zip"),
        ("plain", "plain"),
    ],
)
@pytest.mark.parametrize("is_folder", [False, True])
def test_suffixes_of_forms_and_archives_are_no_part_of_the_name(tmp_path: Path, name, expected, is_folder):
    path = tmp_path / name
    path.mkdir() if is_folder else path.write_bytes(b"")
    assert given(path).model == expected


def test_the_current_folder_has_the_name_that_it_has_elsewhere(tmp_path: Path, monkeypatch):
    inside = tmp_path / "my_model.zip" / "valid"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    assert name_of(Path()) == "valid"
    assert name_of(Path("..")) == "my_model"
    assert name_of(Path("../valid/..")) == "my_model"
