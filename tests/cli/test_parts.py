"""`--shard`, `rvos merge`, several runs at once, and what is not computed twice, as a person types them."""

from __future__ import annotations

import json
import shutil

import pytest

from rvosbench.runs.run import open_run


@pytest.fixture
def asked(store):
    return ("--dataset", store, "--split", "heldout")


def test_parts_made_scored_and_merged_are_a_run_that_is_ranked(rvos, asked, tmp_path):
    assert rvos("predict", "centre", *asked, "--out", tmp_path / "whole").code == 0
    assert rvos("evaluate", tmp_path / "whole").code == 0
    for index in (1, 2):
        part = tmp_path / f"part-{index}"
        ran = rvos("predict", "centre", *asked, "--shard", f"{index}/2", "--out", part, "--json")
        assert json.loads(ran.out)["shard"] == {"index": index, "of": 2}
        ran = rvos("evaluate", part)
        assert f"* only shard {index}/2 of the videos" in ran.out
    assert "holds the scores of shard 1/2 alone" in rvos("leaderboard", tmp_path / "part-1").error
    assert "shard 2/2" in rvos("merge", tmp_path / "part-1", "--out", tmp_path / "run").error
    parts = (tmp_path / "part-1", tmp_path / "part-2")
    ran = rvos("merge", *parts, "--out", tmp_path / "run")
    assert (ran.code, ran.out) == (0, f"{tmp_path / 'run'}\n")
    assert "Merged 2 parts, scores under ytvos; times in run.json are their sums." in ran.err
    assert open_run(tmp_path / "run").scores() == open_run(tmp_path / "whole").scores()
    assert "run" in rvos("leaderboard", tmp_path / "run", tmp_path / "whole").out
    ran = rvos("merge", *parts, "--out", tmp_path / "run", "--overwrite", "--json")
    assert json.loads(ran.out)["protocols"] == ["ytvos"]


@pytest.mark.parametrize("scored", [False, True])
def test_a_part_is_no_run_to_submit_convert_report_or_compare(rvos, asked, tmp_path, scored):
    whole, part = tmp_path / "whole", tmp_path / "part"
    assert rvos("predict", "centre", *asked, "--out", whole).code == 0
    assert rvos("evaluate", whole).code == 0
    if scored:  # a part of the scores of whole predictions
        assert rvos("evaluate", whole, "--shard", "1/2", "--out", part).code == 0
    else:
        assert rvos("predict", "centre", *asked, "--shard", "1/2", "--out", part).code == 0
        assert rvos("evaluate", part).code == 0
    before = sorted(tmp_path.iterdir())
    commands: list[tuple] = [
        ("submit", part, "--server", "ytvos", "--out", tmp_path / "a.zip"),
        ("submit", part, "--server", "ytvos", "--out", tmp_path / "a.zip", "--missing", "zero", "--dry-run"),
        ("submit", "--predictions", part, *asked, "--server", "ytvos", "--out", tmp_path / "a.zip"),
        ("convert-predictions", part, *asked, "--to", "parquet", "--out", tmp_path / "rows"),
        ("convert-predictions", part, *asked, "--to", "json", "--out", tmp_path / "a.json", "--dry-run"),
        ("report", part),
        ("compare", whole, part),
    ]
    for command in commands:
        ran = rvos(*command)
        assert ran.code != 0 and "shard 1/2" in ran.error, command
        assert "rvos merge PART... --out RUN" in ran.error, command
    assert sorted(tmp_path.iterdir()) == before


def test_a_shard_that_there_is_not_is_wrong_usage(rvos, asked, tmp_path):
    ran = rvos("predict", "centre", *asked, "--shard", "3/2", "--out", tmp_path / "run")
    assert ran.code == 2 and "expected i/n with i from 1 to n" in ran.error


def test_several_models_make_one_table_and_the_second_time_nothing(rvos, asked, tmp_path):
    models = ("--model", "centre", "--model", "everything")
    ran = rvos("evaluate", *models, *asked, "--out", tmp_path / "both")
    assert ran.code == 0
    assert "centre-ytvos-heldout" in ran.out and "everything-ytvos-heldout" in ran.out
    again = rvos("evaluate", *models, *asked, "--out", tmp_path / "both")
    assert again.out == ran.out
    assert again.err.count("was scored already") == 2 and "predict centre" not in again.err
    forced = rvos("evaluate", *models, *asked, "--out", tmp_path / "both", "--force")
    assert forced.out == ran.out and "scored already" not in forced.err


def test_a_run_that_fails_is_named_and_the_others_are_done(rvos, asked, tmp_path):
    for name in ("a", "b", "c"):
        rvos("predict", "centre", *asked, "--out", tmp_path / name)
    shutil.rmtree(tmp_path / "b" / "predictions")
    ran = rvos("evaluate", *(tmp_path / name for name in ("a", "b", "c")), "--json")
    assert ran.code == 1
    shown = json.loads(ran.out)
    assert list(shown["failed"]) == ["b"]
    assert [row["run"][-2:] for row in shown["tables"][0]["rows"]] == ["/a", "/c"]
    assert "Warning: b is not scored: " in ran.err


def test_a_run_is_scored_on_the_one_of_several_stores_that_it_is_of(rvos, store, asked, tmp_path):
    rvos("synth", "ytvos", "--root", tmp_path / "release", "--videos", "3", "--frames", "4")
    other = tmp_path / "other"
    rvos("prepare", "ytvos", "--root", tmp_path / "release", "--out", other, "-o", "trainval=0.5")
    rvos("predict", "centre", *asked, "--out", tmp_path / "a")
    rvos("predict", "centre", "--dataset", other, "--split", "heldout", "--out", tmp_path / "b")
    ran = rvos("evaluate", tmp_path / "a", tmp_path / "b", "--dataset", store, "--dataset", other)
    assert ran.code == 0 and ran.out.count("ytvos / heldout") == 2
    ran = rvos("evaluate", "--model", "centre", "--dataset", store, "--dataset", other, "--split", "heldout")
    assert ran.code == 0 and "centre-other-heldout" in ran.out
    assert "Nothing was kept" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "centre", "--model", "nothing"), "missing option '--dataset'"),
        (("--model", "centre", "--checkpoint", "x", "--checkpoint", "y", "--dataset", "s"), "has weights"),
        (("a", "b", "--out", "c"), "drop --out"),
        (("a", "b", "--shard", "1/2"), "--shard is about one run"),
        (("a", "--checkpoint", "w"), "is the weights of a --model"),
    ],
)
def test_what_cannot_be_combined_is_wrong_usage(rvos, arguments, said):
    ran = rvos("evaluate", *arguments)
    assert ran.code == 2 and said in ran.error


def test_a_workspace_leaves_parts_alone_and_says_what_to_do(rvos, asked, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert rvos("init").code == 0
    rvos("predict", "centre", *asked, "--shard", "1/2", "--out", tmp_path / "runs" / "part")
    rvos("predict", "centre", *asked, "--out", tmp_path / "runs" / "whole")
    ran = rvos("evaluate")
    assert ran.code == 0, ran.err
    assert "part is not scored: it is shard 1/2 of a run; make the run with: rvos merge" in ran.err
    assert "whole" in ran.out
    rvos("evaluate", "part")
    assert "part" not in rvos("leaderboard").out


def test_a_killed_predict_is_taken_up_again_under_the_same_name_in_a_workspace(
    rvos, asked, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert rvos("init").code == 0
    first = rvos("predict", "centre", *asked)
    name = first.out.strip()
    # As kill -9 leaves it: the claimed name, empty, and the folder beside it.
    shutil.rmtree(name)
    (tmp_path / name).mkdir()
    partial = (tmp_path / name).with_name(f".{(tmp_path / name).name}.partial")
    partial.mkdir()
    (partial / "lock").touch()
    assert rvos("predict", "centre", *asked).out.strip() == name
    assert rvos("predict", "centre", *asked).out.strip() != name
