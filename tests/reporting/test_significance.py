"""Marks against a chosen row: those of `rvos compare`, and what has none is named."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rvosbench.errors import InvalidDataError
from rvosbench.reporting.comparison import compare_runs
from rvosbench.reporting.leaderboard import as_csv, as_json, as_latex, as_markdown, leaderboard
from tests.reporting.runs import late, nothing, scored_run, scores_file, truth
from tests.tiny_store import two_squares, write_store

PROTOCOL = "davis-expressions"


def shifted(video, expression_id, frame):
    return np.roll(truth(video, expression_id, frame), frame, axis=1)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Seven videos: every difference is significant among two runs (2/128), after Holm among four too."""
    folder = tmp_path_factory.mktemp("runs")
    store = write_store(folder / "store", [two_squares(f"v{number}") for number in range(7)])
    answers = {"baseline": shifted, "worse": nothing, "late": late, "same": shifted}
    found = {
        name: scored_run(folder / name, store, answer, protocol=PROTOCOL) for name, answer in answers.items()
    }
    found["part"] = scored_run(folder / "part", store, late, protocol=PROTOCOL, left_out=["v0/0"])
    return found


def cells(table, row):
    """The figures of a row with their marks."""
    return {
        metric: (test.mark, test.p_holm)
        for (path, metric), test in table.significance.tests.items()
        if path.endswith(row)
    }


def test_the_p_values_are_those_of_compare(runs):
    chosen = [runs[name] for name in ("baseline", "worse", "late", "same")]
    (table,) = leaderboard(chosen, against=runs["baseline"])
    expected = compare_runs(chosen)
    for contrast in expected.others:
        for entry in contrast.differences:
            test = table.significance.tests[str(contrast.row.run.path), entry.metric]
            assert (test.comparison, test.p_holm) == (entry.comparison, entry.p_holm)


def test_better_and_worse_have_their_marks_and_chance_has_none(runs):
    chosen = [runs[name] for name in ("baseline", "worse", "late", "same")]
    (table,) = leaderboard(chosen, against=runs["baseline"])
    assert cells(table, "late")["J"] == ("†", 3 * 2 / 128)
    assert cells(table, "worse")["J"] == ("‡", 3 * 2 / 128)
    assert cells(table, "same")["J"] == ("", 1.0)
    assert cells(table, "worse")["J decay"][0] == "†", "of a decay less is better"
    assert cells(table, "baseline") == {}


def test_more_rows_make_each_mark_harder_to_earn(runs, monkeypatch):
    """With four others 4 x 2/128 is above 0.05; the row of other expressions does not count."""
    chosen = [runs[name] for name in ("baseline", "worse", "late", "same", "part")]
    (table,) = leaderboard(chosen, against=runs["baseline"])
    assert (table.significance.rows, cells(table, "late")["J"]) == (3, ("†", 3 * 2 / 128))
    monkeypatch.setattr("rvosbench.reporting.significance.LEVEL", 0.04)
    assert cells(table, "late")["J"][0] == ""


def test_what_cannot_be_tested_is_said(runs):
    (table,) = leaderboard([runs["part"]], against=runs["baseline"])
    assert [row.name for row in table.rows] == ["part", "baseline"], "the chosen run is listed too"
    assert table.significance.untested == {"part": "scored on other expressions"}
    text = as_markdown([table])
    assert "Not tested against baseline: part (scored on other expressions)." in text and "†" not in text


def test_every_form_says_test_count_and_correction(runs):
    chosen = [runs[name] for name in ("baseline", "late")]
    found = leaderboard(chosen, against=runs["baseline"])
    for text in (as_markdown(found.tables), as_latex(found.tables)):
        flat = " ".join(text.split())
        assert "than baseline with p " in flat and "permutation test" in flat
        assert "(n = 28 expressions in 7 videos)" in flat and "Holm's method for 1 run," in flat
    assert r"\textsuperscript{\dag{}}" in as_latex(found.tables)
    content = json.loads(json.dumps(as_json(found.tables), allow_nan=False))["tables"][0]
    assert content["significance"]["against"] == str(runs["baseline"])
    late_row = next(row for row in content["rows"] if row["name"] == "late")
    assert late_row["tests"]["J"] == late_row["tests"]["J"] | {"p": 2 / 128, "better": True}
    head, *lines = as_csv(found.tables).splitlines()
    column = head.split(",").index("J p Holm")
    assert sorted(line.split(",")[column] for line in lines) == ["", "0.015625"]


def test_a_run_that_stands_nowhere_is_refused(runs, tmp_path):
    other = scores_file(tmp_path / "other", protocol="mevis")
    with pytest.raises(InvalidDataError, match=r"other stands in no table"):
        leaderboard([runs["baseline"]], PROTOCOL, against=other)


def test_a_row_whose_tables_are_gone_is_named_and_stops_nobody(runs, tmp_path):
    store = write_store(tmp_path / "store", [two_squares(f"v{number}") for number in range(7)])
    broken = scored_run(tmp_path / "broken", store, late, protocol=PROTOCOL)
    (broken / "scores" / PROTOCOL / "frame_scores.parquet").unlink()
    (table,) = leaderboard([broken, runs["late"]], against=runs["baseline"])
    assert list(table.significance.untested) == ["broken"]
    assert "is missing; score the run again" in table.significance.untested["broken"]
    assert cells(table, "late")["J"] == ("†", 2 / 128)
