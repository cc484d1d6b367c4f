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
