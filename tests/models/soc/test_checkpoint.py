from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import constants as hub
from safetensors.torch import load_file, save_file

from rvosbench.errors import (
    CheckpointError,
    FormatError,
    MissingPathError,
    OutputError,
    RvosbenchError,
    UnknownNameError,
)
from rvosbench.models.soc import checkpoint
from rvosbench.models.soc.model import SOC
from rvosbench.models.soc.presets import PRESETS
from tests.goldens.soc.recordings import Recordings

DEMO = PRESETS["soc-demo"].configuration


@pytest.fixture(scope="module")
def model() -> SOC:
    return checkpoint.create(DEMO, seed=1)


@pytest.fixture(scope="module")
def written(model: SOC, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "checkpoint"
    checkpoint.save(model, folder)
    return folder


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "copy"))


def refused(folder: Path, kind: type[RvosbenchError], device: str = "cpu") -> str:
    with pytest.raises(kind) as caught:
        checkpoint.load(folder, device)
    message = str(caught.value)
    assert "\n" not in message
    return message


def edit_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_what_was_saved_is_loaded(model: SOC, written: Path) -> None:
    loaded = checkpoint.load(written)
    assert loaded.config == model.config
    assert not loaded.training
    theirs = loaded.state_dict()
    assert theirs.keys() == model.state_dict().keys()
    for name, value in model.state_dict().items():
        assert torch.equal(theirs[name], value), name
    assert loaded.tokenizer("the red square")["input_ids"] == model.tokenizer("the red square")["input_ids"]


def test_a_checkpoint_has_the_documented_files(written: Path) -> None:
    assert sorted(item.name for item in written.iterdir()) == ["config.json", "model.safetensors", "text"]
    assert {"config.json", "tokenizer.json"} <= {item.name for item in (written / "text").iterdir()}
    modes = {item.stat().st_mode & 0o777 for item in written.rglob("*") if item.is_file()}
    assert len(modes) == 1


def test_loading_and_creating_leave_the_random_state_alone(written: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    checkpoint.load(written)
    checkpoint.create(DEMO, seed=9)
    assert torch.equal(torch.rand(3), expected)


def test_fresh_weights_are_a_function_of_the_seed(model: SOC) -> None:
    again, other = checkpoint.create(DEMO, seed=1), checkpoint.create(DEMO, seed=2)
    ours = model.state_dict()
    assert all(torch.equal(value, ours[name]) for name, value in again.state_dict().items())
    assert not all(torch.equal(value, ours[name]) for name, value in other.state_dict().items())


def test_saving_replaces_an_earlier_checkpoint_and_leaves_nothing_else(copy: Path) -> None:
    other = checkpoint.create(DEMO, seed=2)
    checkpoint.save(other, copy)
    assert torch.equal(checkpoint.load(copy).decoder.queries, other.decoder.queries)
    assert [item.name for item in copy.parent.iterdir()] == ["copy"]


def test_a_failed_save_keeps_the_earlier_checkpoint(
    model: SOC, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (copy / "model.safetensors").read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(OutputError, match="No space left"):
        checkpoint.save(model, copy)
    assert (copy / "model.safetensors").read_bytes() == before
    assert [item.name for item in copy.parent.iterdir()] == ["copy"]


def test_a_folder_with_other_things_is_not_replaced(model: SOC, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(OutputError, match="something else than a checkpoint"):
        checkpoint.save(model, tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_file_in_the_way_is_not_replaced(model: SOC, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match="is a file"):
        checkpoint.save(model, tmp_path / "taken")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "nowhere", MissingPathError)


def test_a_folder_that_is_no_checkpoint(tmp_path: Path) -> None:
    assert "expected a SOC checkpoint" in refused(tmp_path, CheckpointError)


def test_a_file_that_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "best.pth.tar").write_text("")
    assert "is it a checkpoint of the original SOC" in refused(tmp_path / "best.pth.tar", CheckpointError)


@pytest.mark.parametrize("kept", [0, 4, 1000, 1_000_000])
def test_truncated_weights(copy: Path, kept: int) -> None:
    path = copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    assert "damaged or truncated" in refused(copy, CheckpointError)


def test_missing_and_unexpected_weights_are_listed(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    weights["stranger"] = weights.pop("decoder.queries")
    save_file(weights, copy / "model.safetensors")
    message = refused(copy, CheckpointError)
    assert "1 missing (decoder.queries)" in message
    assert "1 unexpected (stranger)" in message


def test_weights_of_another_size_name_both_sizes(copy: Path) -> None:
    config = {**DEMO.to_dict(), "queries": 7, "channels": 256}
    edit_config(copy, config=config)
    message = refused(copy, CheckpointError)
    assert "holds channels 128, queries 5" in message
    assert "expected a SOC of no preset (channels 256, queries 7" in message


def test_a_checkpoint_of_another_preset_names_both_presets(written: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        checkpoint.load(written, expected=PRESETS["soc-video-swin-t"].configuration)
    assert "holds soc-demo (channels 128, queries 5" in str(caught.value)
    assert "expected soc-video-swin-t (channels 256, queries 20" in str(caught.value)


def test_the_expected_preset_may_differ_in_what_shapes_no_weight(written: Path) -> None:
    checkpoint.load(written, expected=replace(DEMO, dropout=0.0, eval_short_side=96))


@pytest.mark.parametrize("text", ["", "{", "[]", "\ufeff{}", '{"format": "other"}'])
def test_a_config_that_is_none(copy: Path, text: str) -> None:
    (copy / "config.json").write_text(text)
    refused(copy, RvosbenchError)


def test_a_config_of_another_version_says_which(copy: Path) -> None:
    edit_config(copy, format_version=99)
    assert "format 99, this rvosbench reads 1" in refused(copy, FormatError)


@pytest.mark.parametrize("config", [None, [], {}, {**DEMO.to_dict(), "queries": "many"}])
def test_a_config_with_wrong_values(copy: Path, config: object) -> None:
    edit_config(copy, config=config)
    assert "config.json: " in refused(copy, FormatError)


def test_an_absurd_size_is_refused_before_it_is_allocated(copy: Path) -> None:
    edit_config(copy, config={**DEMO.to_dict(), "feedforward": 10**9})
    assert "of another shape" in refused(copy, CheckpointError)


def test_a_checkpoint_without_its_text_encoder(copy: Path) -> None:
    shutil.rmtree(copy / "text")
    assert "text" in refused(copy, MissingPathError)


def test_an_unknown_device(written: Path) -> None:
    assert "'warp'" in refused(written, UnknownNameError, device="warp")


# Files of the original.


@pytest.fixture
def original(recordings: Recordings, tmp_path: Path) -> Path:
    """A checkpoint file as the original's training writes it, with the text encoder's folder beside it."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    content = {
        "epoch": 19,
        "model_state_dict": {name: value.float() for name, value in recordings.state().items()},
        "optimizer_state_dict": {"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 1e-4}]},
        "best_mAP": 0.5,
    }
    torch.save(content, folder / "soc.tar")
    shutil.copytree(recordings.text, folder / "text")
    return folder / "soc.tar"


def test_a_file_of_the_original_answers_as_recorded(original: Path, golden: Callable[[str], Any]) -> None:
    model = checkpoint.load(original)
    assert not model.training
    assert model.config.answer_layer == "first"
    recorded = golden("case_a_eval_T4")
    with torch.no_grad():
        answer = model(*recorded.inputs()).answer
    recorded.assert_equal(answer.masks.transpose(0, 1), "out.pred_masks")


def test_a_converted_checkpoint_is_the_original(original: Path, tmp_path: Path) -> None:
    out = tmp_path / "ours"
    checkpoint.convert(original, out, eval_short_side=320, eval_max_side=576)
    assert sorted(item.name for item in out.iterdir()) == ["config.json", "model.safetensors", "text"]
    ours, theirs = checkpoint.load(out), checkpoint.load(original)
    assert ours.config == replace(theirs.config, eval_short_side=320, eval_max_side=576)
    for name, value in theirs.state_dict().items():
        assert torch.equal(ours.state_dict()[name], value), name
    assert ours.tokenizer("a man runs")["input_ids"] == theirs.tokenizer("a man runs")["input_ids"]


def test_the_text_encoder_may_be_another_folder(
    original: Path, recordings: Recordings, tmp_path: Path
) -> None:
    shutil.rmtree(original.parent / "text")
    model = checkpoint.load_original(original, text_encoder=str(recordings.text))
    assert model.text_encoder.config.vocab_size == 420


def test_without_a_text_encoder_the_message_names_the_folder_to_fill_and_comes_at_once(
    original: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.rmtree(original.parent / "text")
    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(hub, "ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    start_s = time.perf_counter()
    with pytest.raises(MissingPathError) as caught:
        checkpoint.load(original)
    assert time.perf_counter() - start_s < 4
    message = str(caught.value)
    assert str(tmp_path / "cache" / "models--roberta-base") in message
    assert f"put config.json, vocab.json, merges.txt into {original.parent / 'text'}" in message


def test_a_text_encoder_of_another_size_is_refused(original: Path) -> None:
    path = original.parent / "text" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"hidden_size": 32}))
    message = refused(original, CheckpointError)
    assert "of another shape" in message
    assert "text_encoder" in message


def test_a_file_of_another_preset_names_both(original: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        checkpoint.convert(original, tmp_path / "ours", expected=PRESETS["soc-video-swin-t"].configuration)
    assert "a SOC of no preset (channels 128, queries 5" in str(caught.value)
    assert "expected soc-video-swin-t (channels 256, queries 20" in str(caught.value)
    assert not (tmp_path / "ours").exists()


def test_nothing_is_converted_into_a_taken_place(original: Path) -> None:
    with pytest.raises(OutputError, match="is not empty"):
        checkpoint.convert(original, original.parent)
    with pytest.raises(OutputError, match="is a file; expected the name of a folder"):
        checkpoint.convert(original, original)
    assert sorted(item.name for item in original.parent.iterdir()) == ["soc.tar", "text"]


def test_a_file_takes_its_text_encoder_from_elsewhere_and_a_folder_does_not(
    original: Path, recordings: Recordings, tmp_path: Path
) -> None:
    checkpoint.convert(original, tmp_path / "ours")
    shutil.rmtree(original.parent / "text")
    model = checkpoint.load(original, text_encoder=str(recordings.text))
    assert model.text_encoder.config.vocab_size == 420
    with pytest.raises(CheckpointError, match="has a text encoder of its own"):
        checkpoint.load(tmp_path / "ours", text_encoder=str(recordings.text))
