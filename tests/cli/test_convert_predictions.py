"""`rvos convert-predictions`: what comes out scores as what went in, and what is lost is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def run(rvos, store, tmp_path: Path) -> Path:
    out = tmp_path / "run"
    given = ("--dataset", store, "--split", "heldout", "--out", out)
    assert rvos("predict", "random-object", *given).code == 0
    return out


def values(ran) -> dict[str, float]:
    assert ran.code == 0, ran.err
    return {name: metric["value"] for name, metric in json.loads(ran.out)["metrics"].items()}


def test_every_form_scores_as_the_run_it_came_from(rvos, store, run, tmp_path):
    given = ("--dataset", store, "--split", "heldout")
    expected = values(rvos("evaluate", run, "--json"))
    for to, name in (("json", "a.json.gz"), ("png", "b.zip"), ("parquet", "c"), ("submission", "d.zip")):
        out = tmp_path / name
        ran = rvos("convert-predictions", run, *given, "--to", to, "--out", out)
        assert (ran.code, ran.out) == (0, f"{out}\n"), ran.err
        assert values(rvos("evaluate", "--predictions", out, *given, "--json")) == expected


def test_a_dry_run_writes_nothing_and_says_what_would_be_lost(rvos, store, run, tmp_path):
    out = tmp_path / "x.json"
    given = ("--dataset", store, "--split", "heldout", "--to", "json", "--out", out)
    said = json.loads(rvos("convert-predictions", run, *given, "--dry-run", "--json").out)
    assert (said["schema_version"], said["dry_run"], said["to"], said["lost"]) == (1, True, "json", [])
    assert said["masks"] > 0 and not out.exists()


def test_scores_and_candidates_that_get_lost_and_answers_that_are_missing_are_warned_of(
    rvos, store, tmp_path
):
    from rvosbench.store import Store

    opened = Store.open(store)
    video = opened.video("heldout", opened.video_ids("heldout")[0])
    empty = [{"size": [video.height, video.width], "counts": [video.height * video.width]}] * len(
        video.frames
    )
    records = [
        {"video_id": video.video_id, "exp_id": "0", "score": score, "segmentations": empty}
        for score in (0.5, 0.2)
    ]
    (tmp_path / "r.json").write_text(json.dumps(records))
    given = ("--dataset", store, "--split", "heldout", "--to", "png", "--out", tmp_path / "png")
    ran = rvos("convert-predictions", tmp_path / "r.json", *given)
    assert ran.code == 0
    frames = len(video.frames)
    assert f"Warning: {frames} masks of further candidates are left out" in ran.err
    assert f"Warning: {frames} scores are left out; they read as 1 again" in ran.err
    assert "expressions or objects have no prediction" in ran.err


def test_what_cannot_be_read_is_one_line(rvos, store, tmp_path):
    (tmp_path / "r.json").write_text('{"a": {"0": [')
    given = ("--dataset", store, "--split", "heldout", "--to", "json", "--out", tmp_path / "x.json")
    ran = rvos("convert-predictions", tmp_path / "r.json", *given)
    assert ran.code == 3 and "ends in the middle of a value" in ran.error
    assert not (tmp_path / "x.json").exists()
