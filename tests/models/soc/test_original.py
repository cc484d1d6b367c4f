from __future__ import annotations

import json
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from rvosbench.errors import CheckpointError, FormatError, MissingPathError
from rvosbench.models.soc.original import config_from_original, from_original, read_original, rename


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return exec, (f"open({str(self.path)!r}, 'w').close()",)


def refused(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        read_original(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("zipped", [True, False])
def test_a_training_checkpoint_gives_its_weights(tmp_path: Path, zipped: bool) -> None:
    weights = OrderedDict(first=torch.arange(3.0), second=torch.zeros(2, dtype=torch.int64))
    optimizer = {"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 1e-4}]}
    torch.save(
        {"epoch": 3, "model_state_dict": weights, "optimizer_state_dict": optimizer},
        tmp_path / "03.pth.tar",
        _use_new_zipfile_serialization=zipped,
    )
    read = read_original(tmp_path / "03.pth.tar")
    assert read.keys() == weights.keys()
    assert all(torch.equal(read[name], value) for name, value in weights.items())


def test_a_bare_state_dictionary_is_one_too(tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(2)}, tmp_path / "bare.tar")
    assert read_original(tmp_path / "bare.tar")["weight"].tolist() == [1, 1]


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_runs_code_is_refused_by_name_and_not_run(tmp_path: Path, zipped: bool) -> None:
    trace = tmp_path / "was here"
    torch.save(
        {"model_state_dict": {}, "extra": Bomb(trace)},
        tmp_path / "bad.tar",
        _use_new_zipfile_serialization=zipped,
    )
    assert "exec" in refused(tmp_path / "bad.tar")
    assert not trace.exists()


@pytest.mark.parametrize("content", [b"", b"not a pickle", b"PK\x03\x04 nor a zip", b"\x80\x02}q\x00."])
def test_a_file_that_is_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file.tar").write_bytes(content)
    assert "file.tar" in refused(tmp_path / "file.tar")


def test_a_truncated_checkpoint(tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(1000)}, tmp_path / "cut.tar")
    data = (tmp_path / "cut.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(data[: len(data) // 2])
    assert "complete?" in refused(tmp_path / "cut.tar")


def test_a_checkpoint_with_something_else_than_tensors(tmp_path: Path) -> None:
    torch.save({"model_state_dict": {"epoch": 3}}, tmp_path / "odd.tar")
    assert "epoch, which is no tensor" in refused(tmp_path / "odd.tar")


def test_a_checkpoint_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingPathError, match="is not a file"):
        read_original(tmp_path / "nowhere.tar")


@pytest.mark.parametrize("shape", [(256,), (1, 256)])
def test_the_head_of_one_class_may_lack_its_axis(shape: tuple[int, ...]) -> None:
    weights = rename(
        {"class_embed.0.weight": torch.ones(shape), "class_embed.0.bias": torch.ones(shape[:-1])}
    )
    assert weights["class_heads.0.weight"].shape == (1, 256)
    assert weights["class_heads.0.bias"].shape == (1,)


def test_position_ids_of_old_versions_are_ignored() -> None:
    assert rename({"text_encoder.embeddings.position_ids": torch.arange(514)[None]}) == {}


def test_unknown_entries_are_listed_and_fatal() -> None:
    with pytest.raises(CheckpointError, match=r"2 entries that SOC lacks \(module\.a, module\.b\)"):
        rename({"module.b": torch.zeros(1), "module.a": torch.zeros(1)})


def test_two_copies_of_a_shared_module_must_agree() -> None:
    name = "bbox_embed.0.layers.0.weight"
    assert len(rename({name: torch.ones(2), f"transformer.decoder.{name}": torch.ones(2)})) == 1
    with pytest.raises(CheckpointError, match="two different copies"):
        rename({name: torch.ones(2), f"transformer.decoder.{name}": torch.zeros(2)})


def test_settings_that_are_none() -> None:
    with pytest.raises(FormatError, match="args"):
        config_from_original({})


@pytest.fixture(scope="module")
def tiny(shared: Path) -> Path:
    return shared / "goldens" / "soc" / "tiny"


def settings(tiny: Path) -> dict:
    return json.loads((tiny / "config.json").read_text())


def test_original_weights_fill_our_model_completely(tiny: Path) -> None:
    recorded = settings(tiny)
    model = from_original(load_file(tiny / "weights.safetensors"), recorded, tiny / "tokenizer")
    assert sum(parameter.numel() for parameter in model.parameters()) == recorded["n_params"]
    assert not model.training
    assert model.config.classes == 1


def test_the_number_of_classes_comes_from_the_weights(tiny: Path) -> None:
    state = load_file(tiny / "weights.safetensors") | load_file(tiny / "weights_nc65_class_embed.safetensors")
    assert from_original(state, settings(tiny), tiny / "tokenizer").config.classes == 65


def test_a_missing_original_weight_is_fatal(tiny: Path) -> None:
    state = load_file(tiny / "weights.safetensors")
    del state["query_embed.weight"]
    with pytest.raises(CheckpointError, match="1 missing"):
        from_original(state, settings(tiny), tiny / "tokenizer")


def test_original_weights_of_another_size_are_fatal(tiny: Path) -> None:
    changed = settings(tiny)
    changed["args"]["DeformTransformer"]["dim_feedforward"] = 512
    with pytest.raises(CheckpointError, match="of another shape"):
        from_original(load_file(tiny / "weights.safetensors"), changed, tiny / "tokenizer")


def test_a_switch_that_this_soc_does_not_build_is_refused(tiny: Path) -> None:
    changed = settings(tiny)
    changed["args"]["rel_coord"] = False
    with pytest.raises(FormatError, match="rel_coord is False"):
        config_from_original(changed)
