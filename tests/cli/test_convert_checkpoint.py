"""Checkpoint files of the original on the command line: converted, used as they are, refused."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
import torch

from rvosbench.evaluation.evaluate import evaluate
from rvosbench.models.soc.presets import PRESETS
from rvosbench.models.soc.spec import SPEC
from rvosbench.plugins.model import Load
from rvosbench.store import Store
from tests.goldens.soc.recordings import Recordings
from tests.models.soc.test_kinetics import published_names

RECORDINGS = Recordings(Path(__file__).resolve().parents[1] / "goldens" / "soc")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as the original's training writes it, with the folder `text` beside it."""
    folder = tmp_path_factory.mktemp("downloads")
    state = {name: value.float() for name, value in RECORDINGS.state().items()}
    torch.save({"epoch": 19, "model_state_dict": state, "best_mAP": 0.5}, folder / "soc.tar")
    shutil.copytree(RECORDINGS.text, folder / "text")
    return folder / "soc.tar"


@pytest.fixture
def original(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made.parent, tmp_path / "downloads")) / made.name


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.slow
def test_a_converted_checkpoint_predicts_and_its_scores_say_which_layer_answered(
    rvos, store, original, tmp_path
):
    for layer in ("first", "last"):
        ours, run = tmp_path / f"soc-{layer}", tmp_path / layer
        ran = rvos(
            *("convert-checkpoint", original, "--out", ours),
            *("--answer-layer", layer, "--eval-size", 64, 112),
        )
        assert ran.code == 0, ran.err
        assert ran.out.strip() == str(ours)
        assert f"answers from the {layer} decoder layer" in ran.err
        given = ("--dataset", store, "--split", "heldout", "--limit", 1)
        assert rvos("predict", "soc", "--checkpoint", ours, *given, "--out", run).code == 0
        assert json.loads((run / "run.json").read_text())["settings"]["answer_layer"] == layer
        # A model of random weights may find nothing anywhere, which the command takes for a mistake.
        evaluate(
            run,
            store=Store.open(store),
            split="heldout",
            protocol="ytvos",
            allow_empty=True,
        )
        settings = json.loads((run / "scores" / "ytvos" / "scores.json").read_text())["settings"]
        assert settings["answer_layer"] == layer
        assert settings["eval_short_side"] == 64


@pytest.mark.slow
def test_the_file_itself_is_a_checkpoint(rvos, store, original, tmp_path):
    run = tmp_path / "run"
    given = ("--dataset", store, "--split", "heldout", "--limit", 1)
    ran = rvos("predict", "soc", "--checkpoint", original, *given, "--out", run)
    assert ran.code == 0, ran.err
    assert json.loads((run / "run.json").read_text())["settings"]["answer_layer"] == "first"


def test_a_baseline_has_no_settings(rvos, store, tmp_path):
    run = tmp_path / "run"
    assert rvos("predict", "centre", "--dataset", store, "--split", "heldout", "--out", run).code == 0
    assert rvos("evaluate", run).code == 0
    assert json.loads((run / "scores" / "ytvos" / "scores.json").read_text())["settings"] == {}


class Bomb:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return exec, (f"open({str(self.trace)!r}, 'w').close()",)


def damage(kind: str, original: Path) -> str:
    """Replace the file by something else; returns what the message must say."""
    state = torch.load(original, weights_only=True)["model_state_dict"]
    if kind == "truncated":
        original.write_bytes(original.read_bytes()[:100_000])
        return "complete?"
    if kind == "bomb":
        with zipfile.ZipFile(original, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("soc/data.pkl", bytes(1 << 24))
        return "claims to unpack"
    if kind == "picture":
        original.write_bytes(b"\xff\xd8\xff\xe0" + bytes(1000))
        return "is it a checkpoint of the original SOC"
    if kind == "program":
        torch.save({"model_state_dict": state, "extra": Bomb(original.parent / "trace")}, original)
        return "builtins.exec"
    if kind == "another model":
        torch.save({"conv1.weight": torch.ones(3)}, original)
        return "is it a checkpoint of the original SOC"
    if kind == "incomplete":
        torch.save({name: value for name, value in state.items() if "voc." not in name}, original)
        return "missing (object_cluster.* x"
    original.unlink()
    if kind == "folder":
        original.mkdir()
        return "is a folder"
    return "does not exist"


@pytest.mark.parametrize(
    "kind",
    ["truncated", "bomb", "picture", "program", "another model", "incomplete", "folder", "nothing"],
)
def test_a_bad_file_is_one_line_and_leaves_nothing(rvos, store, original, tmp_path, kind):
    expected = damage(kind, original)
    before = leftovers(original.parent)
    ran = rvos("convert-checkpoint", original, "--out", tmp_path / "ours")
    assert ran.code == 1
    assert expected in ran.error
    assert str(original) in ran.error
    given = ("--dataset", store, "--split", "heldout", "--out", tmp_path / "run")
    assert rvos("predict", "soc", "--checkpoint", original, *given).code == 1
    assert leftovers(tmp_path) == ["downloads"]
    assert leftovers(original.parent) == before


def test_another_preset_an_unknown_one_and_a_taken_place(rvos, original, tmp_path):
    out = tmp_path / "ours"
    ran = rvos("convert-checkpoint", original, "--out", out, "--preset", "soc-video-swin-t")
    assert ran.code == 1
    assert "expected soc-video-swin-t" in ran.error
    ran = rvos("convert-checkpoint", original, "--out", out, "--preset", "soc-video-swin-x")
    assert ran.code == 1
    assert "did you mean" in ran.error
    ran = rvos("convert-checkpoint", original, "--out", original.parent)
    assert ran.code == 1
    assert "is not empty and holds something else than a checkpoint; choose another one" in ran.error
    ran = rvos("convert-checkpoint", original, "--out", out, "--text-encoder", tmp_path)
    assert ran.code == 1
    assert "config.json" in ran.error
    assert leftovers(tmp_path) == ["downloads"]


def test_training_may_start_from_a_kinetics_backbone(rvos, store, tmp_path):
    backbone = SPEC.training.create(PRESETS["soc-demo"].configuration, 5).model.backbone
    torch.save({"state_dict": published_names(backbone)}, tmp_path / "k400.pth")
    given = ("--preset", "soc-demo", "--dataset", store, "--split", "heldout", "--steps", 1)
    ran = rvos("train", "soc", *given, "--backbone", tmp_path / "k400.pth", "--out", tmp_path / "run")
    assert ran.code == 0, ran.err
    assert "backbone_sha256" in json.loads((tmp_path / "run" / "run.json").read_text())
    trained = SPEC.load(tmp_path / "run" / "checkpoint", Load()).model.backbone
    for name, value in backbone.state_dict().items():
        torch.testing.assert_close(trained.state_dict()[name], value, atol=2e-3, rtol=0)

    torch.save({"state_dict": {"backbone.norm.weight": torch.ones(1)}}, tmp_path / "k400.pth")
    ran = rvos("train", "soc", *given, "--backbone", tmp_path / "k400.pth", "--out", tmp_path / "second")
    assert ran.code == 1
    assert "is it a Video Swin" in ran.error
    assert leftovers(tmp_path) == ["k400.pth", "run"]
