"""`rvos status`: everything in the workspace, the damaged things too, on 80 columns."""

from __future__ import annotations

import json

import pytest

from rvosbench.workspace.init import initialise
from tests.workspace import labs


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.delenv("RVOS_HOME", raising=False)
    workspace = labs.lab(tmp_path / "lab")
    monkeypatch.chdir(workspace.folder)
    return workspace


def test_without_a_workspace_one_line_says_how_to_make_one(rvos, tmp_path, monkeypatch):
    monkeypatch.delenv("RVOS_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    ran = rvos("status")
    assert (ran.code, ran.out) == (
        0,
        "No rvos.toml here or in a folder above; make this folder a workspace with: rvos init\n",
    )
    assert json.loads(rvos("status", "--json").out) == {
        "schema_version": 1,
        "workspace": None,
        "stores": [],
        "runs": [],
    }


def test_an_empty_workspace_says_what_fills_it(rvos, tmp_path, monkeypatch):
    initialise(tmp_path)
    monkeypatch.chdir(tmp_path)
    lines = rvos("status").out.splitlines()
    assert lines == [
        f"Workspace {tmp_path}",
        "Stores: none in stores; make one with: rvos prepare DATASET",
        "Runs: none in runs; make one with: rvos train MODEL --dataset STORE",
    ]


def test_stores_runs_and_scores_are_listed(rvos, lab):
    labs.trained(lab, "soc-tiny-1")
    labs.scored(lab, "drawn-tiny-test", model="drawn")
    out = rvos("status").out
    rows = [line.split() for line in out.splitlines()]
    assert ["soc-tiny-1", "trained", "tiny/train"] in rows
    (row,) = (row for row in rows if row[:1] == ["drawn-tiny-test"])
    assert row[:5] == ["drawn-tiny-test", "scored", "tiny/test", "ytvos", "J&F"]
    assert 0 < float(row[5]) < 100
    assert ["tiny", "tiny", "train", "1", "4"] in [row[:5] for row in rows]


def test_the_score_of_a_part_is_shown_as_that_of_a_part(rvos, lab):
    labs.predicted(lab, "part-1", model="drawn", shard={"index": 1, "of": 2})
    labs.predicted(lab, "whole", model="drawn")
    rows = {line.split()[0]: line for line in rvos("status").out.splitlines() if line.strip()}
    assert "predicted, shard 1/2" in rows["part-1"]
    assert "shard" not in rows["whole"]


def test_what_is_damaged_is_a_row_with_its_fault(rvos, lab):
    (lab.stores / "broken").mkdir()
    (labs.predicted(lab, "lost") / "run.json").write_text("{")
    labs.predicted(lab, "fine")
    ran = rvos("status")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert ["broken", "damaged"] in [line.split() for line in lines]
    assert ["lost", "damaged"] in [line.split() for line in lines]
    assert any(line.startswith("broken: ") and "dataset.json" in line for line in lines)
    assert any(line.startswith("lost: ") and "is not JSON" in line for line in lines)
    content = json.loads(rvos("status", "--json").out)
    assert [store["name"] for store in content["stores"] if store["fault"]] == ["broken"]
    assert [run["name"] for run in content["runs"] if run["fault"]] == ["lost"]


def test_tables_fit_80_columns_and_names_steer_no_terminal(rvos, lab):
    long = "a-run-with-a-name-that-is-longer-than-any-column-could-be-" + "x" * 60
    labs.scored(lab, long, model="m" * 100)
    labs.predicted(lab, "odd\x1b[31m", model="\x1b[2J", dataset="d" * 90)
    out = rvos("status").out
    assert "\x1b" not in out
    lines = out.splitlines()[1:]
    assert max(map(len, lines)) <= 80
    assert "odd" in out
