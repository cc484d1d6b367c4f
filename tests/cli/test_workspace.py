"""The user's own three commands in a workspace, and what they do where something is missing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rvosbench.runs.record import read_run
from rvosbench.synthetic import write
from rvosbench.workspace import find_workspace
from rvosbench.workspace.here import from_here
from tests.workspace import labs


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    for name in ("RVOS_HOME", "RVOS_STORES", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def releases(tmp_path_factory) -> Path:
    """Small synthetic releases under their usual names."""
    root = tmp_path_factory.mktemp("releases")
    write("a2d", root / "a2d_sentences", videos=3, seed=1, frames=4, size=(48, 64))
    write("ytvos", root / "ref-youtube-vos", videos=4, seed=1, frames=4, size=(48, 64))
    return root


@pytest.fixture
def lab(tmp_path, releases, monkeypatch):
    """A workspace, which is the current folder, that trains the smallest SOC."""
    (tmp_path / "rvos.toml").write_text(
        f"releases = {json.dumps(str(releases))}\n"
        '[models.soc]\npreset = "soc-demo"\n'
        "[datasets.ytvos]\noptions = { trainval = 0.4 }\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A workspace with a store that was drawn and not prepared."""
    workspace = labs.lab(tmp_path / "lab")
    monkeypatch.chdir(workspace.folder)
    return workspace


def runs(lab: Path) -> list[str]:
    return sorted(path.name for path in (lab / "runs").iterdir())


@pytest.mark.slow
def test_prepare_train_and_evaluate_need_only_names(rvos, lab, releases):
    ran = rvos("prepare", "a2d")
    assert ran.code == 0 and ran.out.splitlines()[-1] == "stores/a2d"
    assert f"Release: {from_here(releases / 'a2d_sentences')}" in ran.err and "Store: stores/a2d" in ran.err
    assert rvos("prepare", "ytvos").code == 0

    ran = rvos("train", "soc", "--dataset", "ytvos", "--steps", 2)
    assert (ran.code, ran.out) == (0, "runs/soc-ytvos-1/checkpoint\n")
    assert "Run: runs/soc-ytvos-1" in ran.err
    record = read_run(Path("runs/soc-ytvos-1"))
    assert (record["preset"], record["store"]) == ("soc-demo", "stores/ytvos")
    assert rvos("train", "soc", "--dataset", "a2d", "--steps", 1).out == "runs/soc-a2d-1/checkpoint\n"
    assert rvos("predict", "centre", "--dataset", "ytvos", "--split", "heldout").out == (
        "runs/centre-ytvos-heldout\n"
    )

    ran = rvos("evaluate")
    assert ran.code == 0, ran.err
    assert runs(lab) == [
        "centre-ytvos-heldout",
        "soc-a2d-1",
        "soc-a2d-1-test",
        "soc-ytvos-1",
        "soc-ytvos-1-heldout",
    ]
    assert "a2d / test, protocol a2d" in ran.out and "ytvos / heldout, protocol ytvos" in ran.out
    for name in ("centre-ytvos-heldout", "soc-a2d-1-test", "soc-ytvos-1-heldout"):
        assert name in ran.out
    record = read_run(Path("runs/soc-ytvos-1-heldout"))
    assert (record["store"], record["checkpoint"]) == ("stores/ytvos", "runs/soc-ytvos-1/checkpoint")

    again = rvos("evaluate")
    assert (again.code, again.out) == (0, ran.out)
    assert "predict" not in again.err and "evaluate" not in again.err
    assert rvos("leaderboard").out == ran.out

    status = json.loads(rvos("status", "--json").out)
    assert {run["name"]: run["kind"] for run in status["runs"]} == {
        "centre-ytvos-heldout": "scored",
        "soc-a2d-1": "trained",
        "soc-a2d-1-test": "scored",
        "soc-ytvos-1": "trained",
        "soc-ytvos-1-heldout": "scored",
    }

    checkpoint_by_name = rvos(
        "predict", "soc", "--checkpoint", "soc-ytvos-1", "--dataset", "a2d", "--split", "test"
    )
    assert checkpoint_by_name.out == "runs/soc-ytvos-1-test\n"


@pytest.mark.slow
def test_from_a_folder_below_the_same_commands_work(rvos, lab, monkeypatch):
    (lab / "notes").mkdir()
    monkeypatch.chdir(lab / "notes")
    assert rvos("prepare", "a2d").out.splitlines()[-1] == "../stores/a2d"
    assert rvos("predict", "centre", "--dataset", "a2d", "--split", "test").out == "../runs/centre-a2d-test\n"
    monkeypatch.chdir(lab)
    assert rvos("evaluate", "centre-a2d-test").code == 0  # though its record says ../stores/a2d
    assert rvos("report", "centre-a2d-test").out == "runs/centre-a2d-test/report/index.html\n"


@pytest.mark.slow
def test_an_interrupted_training_is_found_again(rvos, lab, monkeypatch):
    assert rvos("prepare", "ytvos").code == 0
    train = ("train", "soc", "--dataset", "ytvos", "--steps", 1)
    ran = rvos(*train, "--resume")
    assert ran.code == 1 and "runs has no unfinished run of soc on ytvos" in ran.error
    begun = lab / "runs" / "soc-ytvos-4"
    begun.mkdir(parents=True)
    (begun / "log.jsonl").write_text("")
    (lab / "runs" / "soc-ytvos-4-heldout").mkdir()
    (lab / "runs" / "soc-ytvos-4-heldout" / "log.jsonl").write_text("")
    ran = rvos(*train, "--resume")
    assert (ran.code, ran.out) == (0, "runs/soc-ytvos-4/checkpoint\n")
    for number in (6, 7):
        (lab / "runs" / f"soc-ytvos-{number}").mkdir()
        (lab / "runs" / f"soc-ytvos-{number}" / "log.jsonl").write_text("")
    ran = rvos(*train, "--resume")
    assert "runs/soc-ytvos-6, runs/soc-ytvos-7 are all unfinished; choose one with --out" in ran.error


def test_a_training_that_cannot_start_leaves_no_run(rvos, tiny):
    ran = rvos("train", "soc", "--preset", "soc-demo", "--dataset", "tiny", "--split", "nowhere")
    assert ran.code == 1 and "nowhere" in ran.error
    assert not tiny.runs.exists()


def test_several_processes_must_be_told_of_one_folder(rvos, tiny, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    ran = rvos("train", "soc", "--preset", "soc-demo", "--dataset", "tiny", "--steps", 1)
    assert ran.code == 2 and "--out" in ran.error and not tiny.runs.exists()


def test_explicit_options_win_over_the_workspace(rvos, lab, releases, tmp_path):
    shutil.copytree(releases / "ref-youtube-vos", tmp_path / "copy")
    out = tmp_path / "elsewhere"
    ran = rvos("prepare", "ytvos", "--root", tmp_path / "copy", "--out", out, "-o", "trainval=0.6")
    assert ran.code == 0 and ran.out.splitlines()[-1] == str(out)
    assert "Release:" not in ran.err and "Store:" not in ran.err
    arguments = json.loads((out / "dataset.json").read_text())["converter"]["arguments"]
    assert float(arguments["options"]["trainval"]) == 0.6
    assert not (lab / "stores").exists()


def test_options_of_the_workspace_are_said_and_used(rvos, lab):
    ran = rvos("prepare", "ytvos", "--limit", 1)
    assert ran.code == 0 and ran.out.splitlines()[-1] == "stores/ytvos-first1"
    assert "Option of rvos.toml: trainval = 0.4" in ran.err
    assert "heldout:" in ran.out


def test_a_path_among_the_options_starts_at_the_file(rvos, lab, releases, monkeypatch):
    path = lab / "rvos.toml"
    path.write_text(path.read_text().replace("trainval = 0.4", 'valid-masks = "masks"'))
    (lab / "notes").mkdir()
    monkeypatch.chdir(lab / "notes")
    assert str(lab / "masks") in rvos("prepare", "ytvos").error


def test_a_table_for_no_dataset_is_not_ignored(rvos, lab):
    path = lab / "rvos.toml"
    path.write_text(path.read_text().replace("datasets.ytvos", "datasets.ytvso"))
    ran = rvos("prepare", "ytvos")
    assert ran.code == 1 and "no dataset is named 'ytvso'; did you mean 'ytvos'?" in ran.error


def test_a_root_that_is_not_there_names_the_key(rvos, lab):
    path = lab / "rvos.toml"
    path.write_text(path.read_text() + '\n[datasets.a2d]\nroot = "gone"\n')
    assert "datasets.a2d.root is" in rvos("prepare", "a2d").error


def test_a_release_that_is_not_there_says_where_was_looked(rvos, lab, releases):
    ran = rvos("prepare", "mevis")
    assert ran.code == 1 and f"no release in {releases}; expected a folder named mevis" in ran.error
    assert "no dataset is named 'mevs'; did you mean 'mevis'?" in rvos("prepare", "mevs").error


def test_the_device_of_the_workspace_is_the_default(rvos, tiny):
    (tiny.folder / "rvos.toml").write_text('device = "cuda:77"\n')
    command = ("train", "soc", "--preset", "soc-demo", "--dataset", "tiny", "--steps", 1)
    assert "'cuda:77' is not there" in rvos(*command).error
    assert rvos(*command, "--device", "cpu").code == 0


def test_outside_of_a_workspace_what_is_missing_is_said(rvos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command, word in (
        (("prepare", "a2d"), "--root"),
        (("prepare", "a2d", "--root", tmp_path), "--out"),
        (("leaderboard",), "RUN"),
    ):
        ran = rvos(*command)
        assert ran.code == 2 and f"missing '{word}', which only a workspace can replace" in ran.error
        assert "rvos init" in ran.error
    assert "name one source of predictions" in rvos("evaluate").error


def test_a_broken_file_is_one_line_where_it_matters_and_nothing_where_not(rvos, tiny):
    (tiny.folder / "rvos.toml").write_text("stores = 3\n")
    for command in (("status",), ("evaluate",), ("prepare", "a2d"), ("info", "tiny")):
        ran = rvos(*command)
        assert ran.code == 3 and "rvos.toml: stores is 3" in ran.error
    assert rvos("list", "datasets").code == 0
    assert rvos("info", "stores/tiny").code == 0


def test_evaluate_scores_what_it_can_and_names_the_rest(rvos, tiny):
    labs.predicted(tiny, "fine")
    labs.predicted(tiny, "server", split="valid")
    (labs.predicted(tiny, "broken") / "run.json").write_text("{")
    (tiny.folder / "rvos.toml").write_text('[datasets.tiny]\nprotocol = "ytvos"\n')
    ran = rvos("evaluate")
    assert ran.code == 1
    assert "tiny / test, protocol ytvos" in ran.out and "fine" in ran.out and "broken" not in ran.out
    assert "Warning: broken is not scored: " in ran.err
    assert "server is not scored: the ground truth of tiny/valid is not public" in ran.err
    assert "Warning: server" not in ran.err
    shutil.rmtree(tiny.runs / "broken")
    ran = rvos("evaluate", "--json")
    assert ran.code == 0
    (table,) = json.loads(ran.out)["tables"]
    assert [row["name"] for row in table["rows"]] == ["fine"]


def test_scores_by_another_protocol_do_not_hide_those_of_the_dataset(rvos, tiny):
    labs.scored(tiny, "fine")
    (tiny.folder / "rvos.toml").write_text('[datasets.tiny]\nprotocol = "mevis"\n')
    assert rvos("evaluate").code == 0
    run = {run["name"]: run for run in json.loads(rvos("status", "--json").out)["runs"]}["fine"]
    assert {score["protocol"] for score in run["scores"]} == {"ytvos", "mevis"}


def test_evaluate_in_an_empty_workspace_says_what_comes_first(rvos, tiny):
    ran = rvos("evaluate")
    assert ran.code == 1 and "runs has no runs" in ran.error and "rvos train" in ran.error


@pytest.mark.parametrize(
    "option", [("--dataset", "tiny"), ("--split", "test"), ("--out", "x"), ("--allow-empty",)]
)
def test_what_is_about_one_run_is_not_ignored_for_all(rvos, tiny, option):
    ran = rvos("evaluate", *option)
    assert ran.code == 2 and f"{option[0]} is about one run" in ran.error


def test_rvos_home_makes_the_commands_work_anywhere(rvos, tiny, tmp_path, monkeypatch):
    labs.scored(tiny, "fine")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RVOS_HOME", str(tiny.folder))
    assert "fine" in rvos("leaderboard").out
    assert rvos("info", "tiny").code == 0
    monkeypatch.setenv("RVOS_HOME", str(tmp_path / "gone"))
    assert "RVOS_HOME is" in rvos("status").error


def test_a_workspace_below_a_link_is_found(rvos, tiny, tmp_path, monkeypatch):
    shutil.move(tiny.stores, tmp_path / "disk")
    tiny.stores.symlink_to(tmp_path / "disk")
    assert rvos("info", "tiny").code == 0
    assert find_workspace().stores == tiny.stores


def test_stores_and_runs_are_completed_by_name(rvos, tiny, monkeypatch):
    labs.scored(tiny, "drawn-1")
    labs.scored(tiny, "other")

    def complete(line: str) -> list[str]:
        monkeypatch.setenv("_RVOS_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
        ran = rvos()
        assert (ran.code, ran.err) == (0, "")
        return ran.out.split()

    assert complete("rvos train soc --dataset t")[:1] == ["plain,tiny"]
    assert complete("rvos report dr") == ["plain,drawn-1", "file,dr"]
    (tiny.folder / "rvos.toml").write_text("stores = 3\n")  # said when the command runs, not at the tab key
    assert "plain,tiny" not in complete("rvos train soc --dataset t")


@pytest.fixture
def theirs(tiny) -> Path:
    """A zip of PNG files, elsewhere than in the workspace's folders, and a scored run to be ranked beside."""
    from rvosbench.submission import convert

    run = labs.scored(tiny, "centre-tiny-test")
    path = tiny.folder / "results.v2.tar.zip"
    convert(run, labs.tiny(tiny), path, to="png", split="test")
    return path


def test_a_zip_made_by_anybody_is_a_row_of_the_leaderboard_in_one_short_command(
    rvos, tiny, theirs, monkeypatch
):
    command = ("evaluate", "--dataset", "tiny", "--split", "test", "--protocol", "ytvos", "--leaderboard")
    ran = rvos(*command, "--predictions", theirs.name)
    assert ran.code == 0, ran.err
    assert "Run: runs/results.v2-tiny-test\n" in ran.err and "Nothing was kept" not in ran.err
    rows = [line.split()[1] for line in ran.out.splitlines() if line.split()[:1] in (["1"], ["2"])]
    assert sorted(rows) == ["centre-tiny-test", "results.v2-tiny-test"]
    monkeypatch.chdir("runs")  # the same file, from another folder: the same row
    ran = rvos(*command, "--predictions", f"../{theirs.name}")
    assert ran.code == 0 and "Scored already" in ran.err, ran.err
    assert runs(tiny.folder) == ["centre-tiny-test", "results.v2-tiny-test"]
    (other := tiny.folder / "runs" / "elsewhere").mkdir()
    shutil.copy(theirs, other / "results.v2.zip")  # another file of the same name: another row
    ran = rvos(*command, "--predictions", "elsewhere/results.v2.zip")
    assert ran.code == 0 and "results.v2-tiny-test-2" in ran.out, ran.err
    monkeypatch.chdir(tiny.folder)
    assert rvos("compare", "results.v2-tiny-test", "results.v2-tiny-test-2").code == 0


def test_predictions_that_cannot_be_scored_leave_no_run(rvos, tiny, theirs):
    theirs.write_bytes(theirs.read_bytes()[:-40])
    command = ("evaluate", "--dataset", "tiny", "--split", "test", "--protocol", "ytvos", "--leaderboard")
    ran = rvos(*command, "--predictions", theirs)
    assert ran.code != 0 and "cannot be read as a zip archive" in ran.error
    assert runs(tiny.folder) == ["centre-tiny-test"]


def test_a_model_too_is_kept_and_ranked_without_naming_a_folder(rvos, tiny):
    command = ("evaluate", "--dataset", "tiny", "--split", "test", "--protocol", "ytvos", "--leaderboard")
    ran = rvos(*command, "--model", "everything")
    assert ran.code == 0, ran.err
    assert runs(tiny.folder) == ["everything-tiny-test"] and "everything-tiny-test" in ran.out


def test_outside_of_a_workspace_a_leaderboard_needs_out(rvos, tiny, theirs, tmp_path, monkeypatch):
    (tmp_path / "outside").mkdir()
    monkeypatch.chdir(tmp_path / "outside")
    given = ("--dataset", tiny.stores / "tiny", "--split", "test", "--predictions", theirs)
    ran = rvos("evaluate", *given, "--leaderboard")
    assert ran.code == 2 and "add --out FOLDER" in ran.error and "rvos init" in ran.error


def test_the_local_score_of_a_zip_is_under_the_protocol_that_the_workspace_chooses(rvos, tiny):
    run = labs.predicted(tiny, "fine")
    words = ("submit", run, "--server", "mevis", "--json", "--out")
    assert json.loads(rvos(*words, "none.zip").out)["scores"] is None  # no protocol is the dataset's own
    (tiny.folder / "rvos.toml").write_text('[datasets.tiny]\nprotocol = "mevis"\n')
    submitted = json.loads(rvos(*words, "a.zip").out)["scores"]
    scored = json.loads(rvos("evaluate", run, "--json").out)
    assert submitted["protocol"]["name"] == scored["protocol"]["name"] == "mevis"
    assert submitted["metrics"] == scored["metrics"]
    check = ("submit", "--check", "a.zip", "--dataset", "tiny", "--split", "test", "--server", "mevis")
    assert json.loads(rvos(*check, "--json").out)["scores"]["metrics"] == scored["metrics"]
    named = json.loads(rvos(*words, "b.zip", "--protocol", "ytvos").out)["scores"]
    assert named["protocol"]["name"] == "ytvos"


_KILLED = """
import os, signal, sys
import rvosbench.evaluation.evaluate as module
module.score_spread = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from cli.main import main
main(sys.argv[1:])
"""


def test_a_kill_while_scores_are_made_leaves_no_second_name(rvos, tiny, theirs):
    words = ["evaluate", "--dataset", "tiny", "--split", "test", "--protocol", "ytvos", "--leaderboard"]
    words += ["--predictions", str(theirs)]
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", _KILLED, *words]
    ended = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(root)}, check=False)
    assert ended.returncode == -signal.SIGKILL
    (left,) = (tiny.runs / "results.v2-tiny-test" / "scores").iterdir()
    assert left.name.startswith(".ytvos.partial-")
    assert "results.v2" not in rvos("leaderboard").out
    assert rvos(*words).code == 0
    assert runs(tiny.folder) == ["centre-tiny-test", "results.v2-tiny-test"]
    scores = tiny.runs / "results.v2-tiny-test" / "scores"
    assert [path.name for path in scores.iterdir()] == ["ytvos"]
