"""`rvos submit`: a zip and its local score, or the faults of one, as text and as one object."""

from __future__ import annotations

import json
import re
import zipfile

import pytest

from cli.names import SERVER
from rvosbench.submission.servers import SERVERS


@pytest.fixture
def run(rvos, store, tmp_path):
    words = ("predict", "random-object", "--dataset", store, "--split", "heldout", "--out", tmp_path / "run")
    assert rvos(*words, "--quiet").code == 0
    return tmp_path / "run"


def test_a_run_becomes_a_zip_with_the_score_that_evaluate_gives(rvos, run, store, tmp_path):
    ran = rvos("submit", run, "--server", "ytvos", "--out", tmp_path / "a.zip", "--json", "--quiet")
    assert ran.code == 0, ran.err
    assert ran.err == "Warning: Refer-YouTube-VOS (CodaLab, closed): nothing can be uploaded any more\n"
    content = json.loads(ran.out)
    assert content["layout"] == "Annotations/{video}/{expression}/{frame}.png"
    assert content["size_bytes"] == (tmp_path / "a.zip").stat().st_size
    scores = json.loads(rvos("evaluate", run, "--json").out)
    assert content["scores"]["metrics"] == scores["metrics"]
    assert content["masks"] == len(zipfile.ZipFile(tmp_path / "a.zip").namelist())
    ran = rvos("submit", "--check", tmp_path / "a.zip", "--dataset", store, "--split", "heldout", "--json")
    assert ran.code == 0
    checked = json.loads(ran.out)
    assert (checked["server"], checked["faults"]) == ("ytvos", [])
    assert checked["scores"]["metrics"] == scores["metrics"]


def test_text_names_the_zip_and_the_local_score(rvos, run, tmp_path):
    ran = rvos("submit", run, "--out", tmp_path / "a.zip")
    assert ran.code == 0, ran.err
    path, score = ran.out.splitlines()
    assert path == str(tmp_path / "a.zip")
    assert re.match(r"Local score, protocol ytvos: J&F [\d.]+ \[[\d., ]+\], J ", score)
    assert "Annotations/{video}/{expression}/{frame}.png; 2 videos" in ran.err
    assert len(rvos("submit", run, "--out", tmp_path / "b.zip", "--no-score").out.splitlines()) == 1
    assert "add --overwrite" in rvos("submit", run, "--out", tmp_path / "a.zip").error
    assert rvos("submit", run, "--out", tmp_path / "a.zip", "--overwrite").code == 0


def test_faults_are_listed_and_the_code_is_3(rvos, run, store, tmp_path):
    assert rvos("submit", run, "--server", "ytvos", "--out", tmp_path / "a.zip", "--no-score").code == 0
    with zipfile.ZipFile(tmp_path / "a.zip") as good, zipfile.ZipFile(tmp_path / "b.zip", "w") as bad:
        first, *rest = good.namelist()
        bad.writestr("__MACOSX/a", b"")
        for name in rest:
            bad.writestr(name, good.read(name))
    check = ("submit", "--check", tmp_path / "b.zip", "--dataset", store, "--split", "heldout")
    ran = rvos(*check, "--server", "ytvos")
    assert ran.code == 3 and "Error" not in ran.err
    head, junk, *_ = ran.out.splitlines()
    assert head.endswith("b.zip: Refer-YouTube-VOS (CodaLab, closed) would refuse it because of")
    assert junk.startswith("  files that a system has added, such as __MACOSX (1): leave them out")
    assert f"    {first}" in ran.out.splitlines()
    assert "Local score" not in ran.out
    faults = json.loads(rvos(*check, "--json").out)["faults"]
    assert [(fault["kind"], fault["count"]) for fault in faults] == [("junk", 1), ("missing-frame", 1)]
    without_split = rvos(*check[:-2], "--server", "ytvos")
    assert without_split.out == ran.out and "Split: heldout\n" in without_split.err
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as nobodys:
        nobodys.writestr("a/b/c.png", b"")
    assert "choose one with --split" in rvos(*check[:2], tmp_path / "c.zip", *check[3:5]).error
    many = json.loads(rvos(*check, "--server", "mevis", "--json").out)["faults"]
    assert {fault["kind"] for fault in many} == {"junk", "too-deep", "missing-frame"}
    assert rvos(*check, "--largest", 1000, "--server", "ytvos").out == ran.out
    assert "not there" in rvos(*check[:2], tmp_path / "d.zip", *check[3:]).error


def test_a_plan_writes_nothing_and_lists_what_is_missing(rvos, run, store, tmp_path):
    ran = rvos("submit", run, "--server", "mevis", "--out", tmp_path / "a.zip", "--dry-run")
    assert ran.code == 0, ran.err
    assert re.search(r"missing masks +0\n", ran.out) and not (tmp_path / "a.zip").exists()
    partial = ("predict", "centre", "--dataset", store, "--split", "heldout", "--limit", 1)
    assert rvos(*partial, "--out", tmp_path / "one", "--quiet").code == 0
    plan = ("submit", tmp_path / "one", "--server", "mevis", "--out", tmp_path / "a.zip", "--dry-run")
    ran = rvos(*plan, "--json")
    assert ran.code == 3
    content = json.loads(ran.out)
    assert content["dry_run"] is True and content["size_bytes"] > 0
    assert {gap["of"] for gap in content["missing"]} == {4}
    assert len({gap["video"] for gap in content["missing"]}) == 1
    ran = rvos(*plan)
    assert ran.code == 3
    assert re.search(r"4 of 4 frames \(all\)", ran.out)
    assert "masks are missing" in rvos(*plan[:-1]).error
    assert not (tmp_path / "a.zip").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name one of: a RUN, --predictions, or a zip to --check"),
        (("RUN", "--check", "a.zip"), "name one of"),
        (("RUN",), "missing option '--out'"),
        (("RUN", "--out", "a"), "expected the name of a .zip file"),
        (("RUN", "--out", "a.zip", "--largest", 3), "--largest is about a zip to --check"),
        (("--check", "a.zip", "--dry-run", "--dataset", "STORE"), "--dry-run is about a zip to write"),
        (("--check", "a.zip", "--server", "mevis"), "missing option '--dataset'"),
    ],
)
def test_wrong_usage_is_said(rvos, run, store, tmp_path, words, said):
    ran = rvos("submit", *({"RUN": run, "STORE": store}.get(word, word) for word in words))
    assert ran.code == 2 and said in ran.error


def test_an_unknown_server_is_refused_by_name(rvos, run, tmp_path):
    ran = rvos("submit", run, "--server", "mevsi", "--out", tmp_path / "a.zip")
    assert ran.code == 1 and "did you mean 'mevis'" in ran.error


def test_completion_knows_every_server():
    assert [item.value for item in SERVER.shell_complete(None, None, "")] == list(SERVERS)
