import io
import json

import pytest
from rich.console import Console

from rvosbench.errors import FormatError, MissingPathError, OutputError
from rvosbench.reporting.leaderboard import (
    as_csv,
    as_json,
    as_latex,
    as_markdown,
    as_rich,
    collect,
    leaderboard,
    show,
    tables,
    write,
)
from tests.reporting.runs import scores_file


def board(tmp_path, *runs):
    """One table of runs, given as (name, J&F, changes)."""
    folders = [scores_file(tmp_path / name, value, **changes) for name, value, changes in runs]
    (table,) = tables(collect(folders))
    return table


def terminal(table):
    console = Console(width=80, file=io.StringIO(), force_terminal=False)
    console.print(as_rich(table))
    return console.file.getvalue()


def test_best_first_and_equal_values_share_a_rank(tmp_path):
    table = board(tmp_path, ("c", 0.4, {}), ("b", 0.6, {}), ("a", 0.6, {}), ("d", 0.3, {}))
    assert [row.name for row in table.rows] == ["a", "b", "c", "d"]
    assert table.ranks == (1, 1, 3, 4)


@pytest.mark.parametrize(
    "change",
    [{"protocol": "mevis"}, {"dataset": "mevis"}, {"split": "test"}, {"store_fingerprint": "0" * 64}],
)
def test_what_cannot_be_compared_never_shares_a_table(tmp_path, change):
    runs = [scores_file(tmp_path / "a"), scores_file(tmp_path / "b", 0.9, **change)]
    found = tables(collect(runs))
    assert sorted(row.name for table in found for row in table.rows) == ["a", "b"]
    assert [len(table.rows) for table in found] == [1, 1]
    assert [table.ranks for table in found] == [(1,), (1,)]


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"is_oracle": True}, "oracle"),
        ({"swapped_sentences": True}, "mismatched"),
        ({"n_expressions": 7}, "7 of 10"),
    ],
)
def test_numbers_that_mean_something_else_have_no_rank(tmp_path, change, note):
    table = board(tmp_path, ("model", 0.5, {}), ("other", 0.9, change))
    assert [row.name for row in table.rows] == ["other", "model"]
    assert table.ranks == (None, 1)
    assert table.notes == (note, "")
    assert len(table.footnotes) == 2
    assert table.whole.n_expressions == 10


def test_terminal_fits_80_columns_and_shows_the_interval(tmp_path):
    name = "a-very-long-name-of-a-run-that-somebody-typed-without-thinking"
    drawn = terminal(board(tmp_path, (name, 0.663, {}), ("other", 1.0, {"is_oracle": True})))
    assert max(map(len, drawn.splitlines())) <= 80
    assert "66.3 [61.3, 71.3]" in drawn and "100.0 [95.0, 105.0]" in drawn
    assert "65.3" in drawn and "67.3" in drawn
    assert "10 expressions in 4 videos" in " ".join(drawn.split())
    assert "oracle" in drawn


def test_names_cannot_steer_the_terminal_or_the_markdown(tmp_path):
    table = board(tmp_path, ("a|b`<b>[red]x*", 0.5, {"model": "m\x1b[2J\n| 1 | evil |"}))
    assert "\x1b" not in terminal(table) and "[red]" in terminal(table)
    text = as_markdown([table])
    assert "\x1b" not in text and "<b>" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 3, "head, rule and one run"
    assert rows[2].replace("\\|", "").count("|") == rows[0].count("|")


def test_markdown_shows_every_metric_with_its_interval(tmp_path):
    text = as_markdown([board(tmp_path, ("a", 0.5, {}))])
    assert "| # | run | model | J&F | J | F |  |" in text
    assert "| 1 | a | a | 50.0 [45.0, 55.0] | 49.0 [44.0, 54.0] | 51.0 [46.0, 56.0] |  |" in text


def test_json_is_strict_and_versioned(tmp_path):
    metric = {"value": None, "n": 10, "unit": "expression", "low": None, "high": None}
    table = board(tmp_path, ("a", 0.5, {}), ("b", 0.5, {"metrics": {"J&F": metric}}))
    content = json.loads(json.dumps(as_json([table]), allow_nan=False))
    assert content["schema_version"] == 2
    first, second = content["tables"][0]["rows"]
    assert (first["rank"], first["metrics"]["J&F"]["value"]) == (1, 0.5)
    assert (second["name"], second["metrics"]["J&F"]["value"]) == ("b", None)


def test_files_are_written_and_replaced(tmp_path):
    table = board(tmp_path, ("a", 0.5, {}))
    for _ in range(2):
        markdown, data, csv, tex = write([table], tmp_path / "new" / "boards")
    assert markdown.read_text() == as_markdown([table])
    assert json.loads(data.read_text()) == as_json([table])
    assert csv.read_text() == as_csv([table]) and tex.read_text() == as_latex([table])
    names = sorted(path.name for path in markdown.parent.iterdir())
    assert names == ["leaderboard.csv", "leaderboard.json", "leaderboard.md", "leaderboard.tex"]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write([], tmp_path / "file")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"metrics": []}', '{"metrics": {"J": 1}, "protocol": {"main_metric": "J"}}', "\x00"],
)
def test_damaged_scores_are_refused(tmp_path, text):
    scores_file(tmp_path / "a")
    (tmp_path / "a" / "scores.json").write_text(text)
    with pytest.raises(FormatError, match=r"scores\.json") as caught:
        collect([tmp_path / "a"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["metrics", "protocol", "dataset", "split", "n_expressions", "model"])
def test_scores_without_a_key_are_refused(tmp_path, key):
    path = scores_file(tmp_path / "a") / "scores.json"
    scores = json.loads(path.read_text())
    del scores[key]
    path.write_text(json.dumps(scores))
    with pytest.raises(FormatError, match=key):
        collect([tmp_path / "a"])


def test_a_run_without_scores_says_what_to_do(tmp_path):
    with pytest.raises(MissingPathError, match="rvos evaluate"):
        collect([tmp_path])


def test_a_missing_value_and_a_negative_zero(tmp_path):
    (row,) = collect([scores_file(tmp_path / "a", -0.0001)])
    assert show(None) == "-"
    assert show(row.scores.metrics["J&F"], interval=False) == "0.0"


def test_a_metric_of_which_less_is_better_ranks_from_the_lowest(tmp_path):
    def metrics(value):
        number = {"value": value, "low": None, "high": None, "n": 10, "unit": "frame", "better": "lower"}
        return {"J&F": number}

    table = board(
        tmp_path,
        ("a", 0.5, {"metrics": metrics(0.3)}),
        ("b", 0.5, {"metrics": metrics(0.1)}),
        ("c", 0.5, {"metrics": metrics(None)}),
    )
    assert [row.name for row in table.rows] == ["b", "a", "c"]
    assert table.ranks == (1, 2, 3)
    assert "J&F ↓" in terminal(table) and "lower is better" in " ".join(terminal(table).split())


def test_the_datasets_own_protocol_comes_first_and_one_can_be_chosen(tmp_path):
    for name in ("mevis", "ytvos"):
        scores_file(tmp_path / "run" / "scores" / name, protocol=name)
    assert [table.protocol for table in leaderboard([tmp_path / "run"])] == ["ytvos", "mevis"]
    assert [table.protocol for table in leaderboard([str(tmp_path / "run")], "mevis")] == ["mevis"]


def test_a_leaderboard_is_an_object_for_notebooks(tmp_path):
    evil = "<script>alert(1)</script>"
    found = leaderboard([scores_file(tmp_path / "a"), scores_file(tmp_path / "b", 0.9, model=evil)])
    assert len(found) == 1 and "### ytvos / valid" in repr(found)
    assert "<script>" not in found._repr_html_() and "&lt;script&gt;" in found._repr_html_()
    frame = found.to_pandas()
    assert frame[["rank", "run", "J&F"]].values.tolist() == [[1, "b", 0.9], [2, "a", 0.5]]
    assert found.as_json() == as_json(found.tables)
