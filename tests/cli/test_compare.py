"""`rvos compare`: the table, the file, and one line for what cannot be compared."""

from __future__ import annotations

import json

import pytest

from rvosbench.evaluation.evaluate import evaluate
from tests.reporting.runs import late, scored_run, store_of_pairs, truth


@pytest.fixture
def runs(tmp_path):
    store = store_of_pairs(tmp_path / "store")
    return [scored_run(tmp_path / name, store, answer) for name, answer in (("a", truth), ("b", late))]


def test_shows_differences_as_a_table_and_as_json(rvos, runs):
    ran = rvos("compare", *runs)
    assert (ran.code, ran.err) == (0, "")
    assert "protocol ytvos: 11 expressions in 3 videos" in " ".join(ran.out.split())
    assert "-10.6 [-16.7, -8.3]" in ran.out and "0.2500" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    content = json.loads(rvos("compare", *runs, "--json").out)
    assert content["others"][0]["metrics"]["J"]["p"] == 0.25
    assert rvos("compare", *runs).out == ran.out  # seeded


def test_refusals_are_one_line(rvos, runs):
    assert rvos("compare", runs[0]).code == 2
    assert rvos("compare", *runs, "--seed", "-1").code == 2
    scores = json.loads((runs[1] / "scores" / "ytvos" / "scores.json").read_text())
    (runs[1] / "scores" / "ytvos" / "scores.json").write_text(json.dumps(scores | {"split": "valid"}))
    ran = rvos("compare", *runs, "--json")
    assert ran.code == 3
    assert "another split" in ran.error
    assert ran.out == ""


def test_the_json_can_also_be_written_to_a_file(rvos, runs, tmp_path):
    ran = rvos("compare", *runs, "--out", tmp_path / "new" / "differences.json")
    assert ran.code == 0 and "-10.6 [-16.7, -8.3]" in ran.out
    written = json.loads((tmp_path / "new" / "differences.json").read_text())
    assert written == json.loads(rvos("compare", *runs, "--json").out)


def test_a_protocol_chooses_among_several(rvos, runs, tmp_path):
    store = store_of_pairs(tmp_path / "again")
    for run in runs:
        evaluate(run, store, protocol="refcoco")
    ran = rvos("compare", *runs)
    assert ran.code == 1 and "choose one with --protocol" in ran.error
    assert "oIoU" in rvos("compare", *runs, "--protocol", "refcoco").out


def test_tables_for_papers_and_spreadsheets(rvos, runs, tmp_path):
    printed = rvos("compare", *runs, "--csv", "-").out
    head, *lines = printed.splitlines()
    assert head.startswith(
        "dataset,split,protocol,run,marks,first run,first run's marks,metric,better,first,value,"
    )
    assert len(lines) == 3 and ",100.0,89.39" in printed and ",0.25,false,0.25" in printed
    ran = rvos("compare", *runs, "--csv", tmp_path / "differences.csv", "--latex")
    assert (tmp_path / "differences.csv").read_text() == printed
    assert r"J\&F & 100.0 & 89.4 & $-$10.6 {\scriptsize [$-$16.7, $-$8.3]} & 0.2500 \\" in ran.out
    assert "| J | 100.0 | 89.4 | -10.6 [-16.7, -8.3] | 0.2500 |" in rvos("compare", *runs, "--markdown").out
    assert rvos("compare", *runs, "--json", "--latex").code == 2


def test_imperfect_predictions_are_said(rvos, runs):
    path = runs[1] / "scores" / "ytvos" / "scores.json"
    scores = json.loads(path.read_text())
    scores["tolerance"]["missing"], scores["adjusted"]["missing"] = "zero", 12
    path.write_text(json.dumps(scores))
    ran = rvos("compare", *runs)
    assert "b (a)" in ran.out and "12 missing masks counted as empty" in ran.out
    assert r"{b}\textsuperscript{a}" in rvos("compare", *runs, "--latex").out
    assert json.loads(rvos("compare", *runs, "--json").out)["others"][0]["marks"] == [
        "12 missing masks counted as empty"
    ]
