"""The leaderboard as a grid: best, second, marks of imperfect predictions, metrics by choice."""

from __future__ import annotations

import csv
import io
import json

import pytest
from rich.console import Console

from rvosbench.errors import UnknownNameError
from rvosbench.reporting.board import board_grid
from rvosbench.reporting.leaderboard import as_csv, as_json, as_latex, as_markdown, as_rich, collect, tables
from tests.reporting.runs import scores_file

ZERO = {"tolerance": {"missing": "zero"}, "adjusted": {"missing": 1200}}
CUT = {"tolerance": {"threshold": 128, "missing": "zero"}, "adjusted": {"thresholded": 9, "missing": 1200}}


def board(tmp_path, *runs):
    folders = [scores_file(tmp_path / name, value, **changes) for name, value, changes in runs]
    (table,) = tables(collect(folders))
    return table


def column(table, name, **options):
    """Run -> its cell."""
    grid = board_grid(table, **options)
    number = [each.name for each in grid.columns].index(name)
    return {row[1].text: row[number] for row in grid.rows}


def test_the_best_of_the_ranked_is_bold_and_equal_figures_share_it(tmp_path):
    table = board(
        tmp_path,
        ("oracle", 0.99, {"is_oracle": True}),
        ("a", 0.66301, {}),
        ("b", 0.66299, {}),
        ("c", 0.5, {}),
        ("d", 0.4, {}),
    )
    cells = column(table, "J&F")
    assert [name for name, cell in cells.items() if cell.best] == ["a", "b"], "both read 66.3"
    assert [name for name, cell in cells.items() if cell.second] == ["c"]
    assert "**66.3 [61.3, 71.3]**" in as_markdown([table]) and "<u>" not in as_markdown([table])
    assert "<u>50.0 [45.0, 55.0]</u>" in as_markdown([table], second=True)
    latex = as_latex([table], second=True)
    assert latex.count(r"\textbf{66.3}") == 2 and r"\underline{50.0}" in latex and "99.0" in latex


def test_of_a_decay_the_lowest_is_the_best(tmp_path):
    def metrics(value):
        entry = {"n": 10, "unit": "expression", "low": None, "high": None}
        return {"metrics": {"J&F": entry | {"value": 0.5}, "J decay": entry | {"value": value}}}

    table = board(tmp_path, ("a", 0, metrics(0.1)), ("b", 0, metrics(-0.1)), ("c", 0, metrics(None)))
    cells = column(table, "J decay")
    assert [cells[name].best for name in "abc"] == [False, True, False]
    assert (cells["b"].text, cells["c"].text) == ("-10.0", "-")


def test_a_single_run_is_not_the_best_of_anything(tmp_path):
    table = board(tmp_path, ("a", 0.5, {}))
    assert not any(cell.best for row in board_grid(table).rows for cell in row)


def test_imperfect_predictions_are_marked_in_every_form(tmp_path):
    table = board(tmp_path, ("clean", 0.7, {}), ("zero", 0.6, ZERO), ("cut", 0.5, CUT))
    phrase, other = "1,200 missing masks counted as empty", "grey masks cut at 128"
    cells = column(table, "run")
    assert [cells[name].marks for name in ("clean", "zero", "cut")] == [(), ("a",), ("a", "b")]

    console = Console(width=80, file=io.StringIO(), force_terminal=False)
    console.print(as_rich(table))
    drawn = console.file.getvalue()
    assert "zero (a)" in drawn and "cut (a) (b)" in drawn
    assert f"a: {phrase}." in drawn and f"b: {other}." in drawn

    markdown = as_markdown([table])
    assert "cut<sup>a</sup><sup>b</sup>" in markdown and f"<sup>b</sup> {other}." in markdown
    latex = as_latex([table])
    assert r"cut\textsuperscript{a}\textsuperscript{b}" in latex
    assert rf"\textsuperscript{{a}}~{phrase}." in latex
    rows = {row["run"]: row["marks"] for row in csv.DictReader(io.StringIO(as_csv([table])))}
    assert rows == {"clean": "", "zero": phrase, "cut": f"{phrase}; {other}"}
    (content,) = as_json([table])["tables"]
    assert {row["name"]: row["marks"] for row in content["rows"]} == {
        "clean": [],
        "zero": [phrase],
        "cut": [phrase, other],
    }
    html = table_html(table)
    assert "cut<sup>a</sup><sup>b</sup>" in html and other in html


def table_html(table):
    from rvosbench.reporting.leaderboard import Leaderboard

    return Leaderboard((table,))._repr_html_()


def test_metrics_are_chosen_in_their_order_and_a_wrong_one_is_refused(tmp_path):
    table = board(tmp_path, ("a", 0.5, {}), ("b", 0.4, {}))
    names = [column.name for column in board_grid(table, ["F", "J", "F"]).columns]
    assert names == ["#", "run", "model", "F", "J", "", "marks"]
    assert "Ranked by J&F." in [note.text for note in board_grid(table, ["F"]).footnotes]
    assert "Ranked by J&F." not in [note.text for note in board_grid(table).footnotes]
    with pytest.raises(UnknownNameError, match=r"'Jay'"):
        board_grid(table, ["Jay"])


def test_csv_has_every_figure_in_percent_with_the_ends_of_its_interval(tmp_path):
    table = board(tmp_path, ("a", 0.663, {}), ("=b", 0.25, {"n_expressions": 7}))
    head, *rows = csv.reader(io.StringIO(as_csv([table])))
    first, second = (dict(zip(head, row, strict=True)) for row in rows)
    assert (first["#"], first["run"], first["J&F"], first["J&F low"]) == ("1", "a", "66.3", "61.3")
    assert (second["#"], second["run"], second["note"]) == ("", "'=b", "7 of 10")
    assert (first["dataset"], first["protocol"], first["store"]) == ("ytvos", "ytvos", "f" * 12)


def test_json_of_a_board_without_tests_says_so(tmp_path):
    table = board(tmp_path, ("a", 0.5, {}))
    content = json.loads(json.dumps(as_json([table]), allow_nan=False))["tables"][0]
    assert content["significance"] is None and content["rows"][0]["tests"] == {}
