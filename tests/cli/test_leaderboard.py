"""`rvos leaderboard` goes on where a folder has nothing to show."""

from __future__ import annotations

import json

from tests.reporting.runs import scores_file


def test_folders_without_scores_are_left_out_with_a_warning_each(rvos, tmp_path):
    good = scores_file(tmp_path / "good")
    damaged = scores_file(tmp_path / "damaged")
    (damaged / "scores.json").write_text("{")
    (tmp_path / "empty").mkdir()
    ran = rvos("leaderboard", good, damaged, tmp_path / "empty", tmp_path / "nowhere", "--json")
    assert ran.code == 0
    tables = json.loads(ran.out)["tables"]
    assert [row["name"] for table in tables for row in table["rows"]] == ["good"]
    lines = ran.err.splitlines()
    assert len(lines) == 3 and all(line.startswith("Warning: ") for line in lines)
    assert all(line.endswith("it is left out") for line in lines)


def test_with_nothing_to_show_it_is_an_error(rvos, tmp_path):
    (tmp_path / "empty").mkdir()
    ran = rvos("leaderboard", tmp_path / "empty")
    assert ran.code == 1 and "expected the folder of a finished" in ran.error


def test_a_protocol_that_a_run_was_not_scored_under_leaves_it_out(rvos, tmp_path):
    runs = [scores_file(tmp_path / "a"), scores_file(tmp_path / "b", protocol="mevis")]
    ran = rvos("leaderboard", *runs, "--protocol", "mevis")
    assert ran.code == 0 and "a was not scored under 'mevis'" in ran.err
    assert rvos("leaderboard", *runs, "--protocol", "refcoco").code == 1


def davis_run(folder, value=0.5):
    """Seven metrics, more than 80 columns hold."""
    entry = {"n": 10, "unit": "expression", "low": value - 0.05, "high": value + 0.05, "value": value}
    names = ("J&F", "J", "J recall", "J decay", "F", "F recall", "F decay")
    return scores_file(folder, metrics=dict.fromkeys(names, entry), protocol="davis-expressions")


def test_what_does_not_fit_is_named_and_all_shows_it(rvos, tmp_path):
    runs = [davis_run(tmp_path / name) for name in ("a-run-with-a-rather-long-name", "b")]
    ran = rvos("leaderboard", *runs)
    assert ran.code == 0 and max(map(len, ran.out.splitlines())) <= 80
    table, _, hidden = ran.out.partition("Not shown: ")
    assert "J recall" in table + hidden and "F decay" in hidden and "--all" in hidden
    everything = rvos("leaderboard", *runs, "--all").out
    assert "Not shown" not in everything and "F decay" in everything
    assert max(map(len, everything.splitlines())) <= 80
    chosen = rvos("leaderboard", *runs, "--metric", "F decay", "--metric", "J").out
    assert "F decay" in chosen and "J recall" not in chosen


def test_tables_for_papers_and_spreadsheets(rvos, tmp_path):
    runs = [davis_run(tmp_path / "a_1", 0.6), davis_run(tmp_path / "=b")]
    printed = rvos("leaderboard", *runs, "--csv", "-").out
    assert printed.startswith("dataset,split,protocol,store,#,run,model,J&F,J&F low,J&F high,J,")
    assert ",'=b,'=b,50.0,45.0,55.0," in printed
    ran = rvos("leaderboard", *runs, "--csv", tmp_path / "new" / "board.csv", "--latex")
    assert (tmp_path / "new" / "board.csv").read_text() == printed
    assert r"a\_1 & \textbf{60.0} & " in ran.out and "F recall" in ran.out and ran.err == ""
    assert "\\scriptsize" in rvos("leaderboard", *runs, "--latex", "--intervals").out


def test_two_results_on_stdout_are_refused(rvos, tmp_path):
    run = davis_run(tmp_path / "a")
    ran = rvos("leaderboard", run, "--csv", "-", "--latex")
    assert ran.code == 2 and "--csv - and --latex would both be printed" in ran.error


def test_a_table_without_the_metric_is_left_out_with_a_warning(rvos, tmp_path):
    runs = [davis_run(tmp_path / "a"), scores_file(tmp_path / "b")]
    ran = rvos("leaderboard", *runs, "--metric", "F recall")
    assert ran.code == 0 and "ytvos: 10 expressions in 4 videos has no F recall" in ran.err
    assert "davis-expressions" in ran.out and "protocol ytvos" not in ran.out
    assert rvos("leaderboard", runs[1], "--metric", "F recall").code == 1
