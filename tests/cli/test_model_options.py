"""Options of models as they are typed, and the words that predict understands."""

from __future__ import annotations

import json

import pytest

from rvosbench.models.soc.presets import PRESETS
from rvosbench.models.soc.spec import SPEC
from tests.tiny_store import CARD, tiny_store


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("soc") / "checkpoint"
    SPEC.training.save(SPEC.training.create(PRESETS["soc-demo"].configuration, 0), folder)
    return folder


def record(run):
    return json.loads((run / "run.json").read_text())


def test_models_list_their_options(rvos):
    assert "-o answer-layer=first|last" in rvos("list", "models").out
    listed = json.loads(rvos("list", "models", "--json").out)["models"]
    names = {row["name"] for row in listed["soc"]["options"]}
    assert names >= {"text-encoder", "answer-layer", "eval-frames"}
    assert listed["centre"]["options"] == []


def test_an_option_of_the_model_is_recorded(rvos, store, checkpoint, tmp_path):
    given = ("--checkpoint", checkpoint, "--dataset", store, "--split", "heldout", "--limit", 1)
    ran = rvos("predict", "soc", *given, "-o", "answer-layer=first", "--out", tmp_path / "run")
    assert ran.code == 0, ran.err
    assert record(tmp_path / "run")["settings"]["answer_layer"] == "first"
    assert record(tmp_path / "run")["traits"] == ["needs-checkpoint"]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("answer-layr=first", "no option 'answer-layr'; did you mean 'answer-layer'"),
        ("answer-layer=middle", "is 'middle', expected first or last"),
        ("answer-layer", "not KEY=VALUE"),
        ("eval-frames=-1", "eval_frames is -1, expected a whole number of at least 0"),
    ],
)
def test_an_option_that_is_none_is_refused_before_anything_is_loaded(
    rvos, store, checkpoint, tmp_path, option, message
):
    given = ("--checkpoint", checkpoint, "--dataset", store, "--split", "heldout")
    ran = rvos("predict", "soc", *given, "-o", option, "--out", tmp_path / "run")
    assert ran.code == 1 and message in ran.error
    frames = tmp_path / "frames"
    ran = rvos("segment", frames, "x", "--checkpoint", checkpoint, "-o", option, "--out", tmp_path / "a.mp4")
    assert ran.code == 1


def test_the_old_name_of_mismatched_expressions_works_and_warns(rvos, store, tmp_path):
    given = ("predict", "everything", "--dataset", store, "--split", "heldout")
    ran = rvos(*given, "--mismatched-expressions", "--out", tmp_path / "new")
    assert ran.code == 0 and "Warning" not in ran.err
    ran = rvos(*given, "--swap-sentences", "--out", tmp_path / "old")
    assert ran.code == 0
    assert "Warning: --swap-sentences is now called --mismatched-expressions" in ran.err
    assert record(tmp_path / "old")["mismatched_expressions"] is True
    assert record(tmp_path / "old")["left_out"] == record(tmp_path / "new")["left_out"]
    assert "--swap-sentences" not in rvos("predict", "--help").out


def test_all_candidates_of_a2d_are_kept_and_said(rvos, checkpoint, tmp_path):
    from dataclasses import replace

    store = tiny_store(tmp_path / "store", card=replace(CARD, name="a2d"))
    given = ("--checkpoint", checkpoint, "--dataset", store.folder, "--split", "train")
    ran = rvos("predict", "soc", *given, "--out", tmp_path / "run")
    assert ran.code == 0, ran.err
    assert (record(tmp_path / "run")["candidates"], record(tmp_path / "run")["candidates_available"]) == (
        5,
        5,
    )
    assert "candidates per expression: 5 of the 5 that soc can give" in ran.err
