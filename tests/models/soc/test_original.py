from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from rvosbench.errors import CheckpointError, FormatError
from rvosbench.models.soc.checkpoint import from_original
from rvosbench.models.soc.config import SOCConfig
from rvosbench.models.soc.original import config_from_original, config_from_weights, read_original, rename
from rvosbench.models.soc.presets import PRESETS
from tests.goldens.soc.recordings import Recordings, manifest


def test_the_weights_of_a_training_checkpoint_are_taken(tmp_path: Path) -> None:
    torch.save(
        {"epoch": 3, "model_state_dict": {"query_embed.weight": torch.ones(2, 4)}}, tmp_path / "03.tar"
    )
    assert read_original(tmp_path / "03.tar").keys() == {"query_embed.weight"}


@pytest.mark.parametrize("shape", [(256,), (1, 256)])
def test_the_head_of_one_class_may_lack_its_axis(shape: tuple[int, ...]) -> None:
    weights = rename(
        {"class_embed.0.weight": torch.ones(shape), "class_embed.0.bias": torch.ones(shape[:-1])}
    )
    assert weights["class_heads.0.weight"].shape == (1, 256)
    assert weights["class_heads.0.bias"].shape == (1,)


def test_position_ids_of_old_versions_are_ignored() -> None:
    state = {"text_encoder.embeddings.position_ids": torch.arange(514)[None]}
    assert rename(state) == {}


def test_an_unknown_entry_cannot_pass_for_one_of_ours() -> None:
    state = {"decoder.queries": torch.ones(1), "class_embed.0.bias": torch.ones(1)}
    assert rename(state).keys() == {"'decoder.queries'", "class_heads.0.bias"}


def test_two_copies_of_a_shared_module_must_agree() -> None:
    name = "bbox_embed.0.layers.0.weight"
    assert len(rename({name: torch.ones(2), f"transformer.decoder.{name}": torch.ones(2)})) == 1
    with pytest.raises(CheckpointError, match="two different copies"):
        rename({name: torch.ones(2), f"transformer.decoder.{name}": torch.zeros(2)})


def test_settings_that_are_none() -> None:
    with pytest.raises(FormatError, match="args"):
        config_from_original({})


@pytest.fixture
def state(recordings: Recordings) -> dict[str, Tensor]:
    return recordings.state()


def refused(state: dict[str, Tensor], recordings: Recordings, settings: Any = None) -> str:
    with pytest.raises(CheckpointError) as caught:
        from_original(state, settings or recordings.settings, recordings.text)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_original_weights_fill_our_model_completely(recordings: Recordings, state: dict[str, Tensor]) -> None:
    model = from_original(state, recordings.settings, recordings.text)
    assert sum(parameter.numel() for parameter in model.parameters()) == recordings.settings["n_params"]
    assert not model.training
    assert model.config.classes == 1
    assert model.config.answer_layer == "first"
    assert torch.equal(model.decoder.queries, state["query_embed.weight"].float())


def test_the_number_of_classes_comes_from_the_weights(recordings: Recordings) -> None:
    model = from_original(recordings.state(65), recordings.settings, recordings.text)
    assert model.config.classes == 65


def test_a_head_without_its_axis_position_ids_and_window_indices_are_no_obstacle(
    recordings: Recordings, state: dict[str, Tensor]
) -> None:
    plain = from_original(state, recordings.settings, recordings.text)
    state["class_embed.0.weight"] = state["class_embed.0.weight"][0]
    state["text_encoder.embeddings.position_ids"] = torch.arange(66)[None]
    state["backbone.0.body.layers.0.blocks.0.attn.relative_position_index"] = torch.zeros(392, 392)
    changed = from_original(state, recordings.settings, recordings.text)
    assert torch.equal(changed.class_heads[0].weight, plain.class_heads[0].weight)


def test_missing_and_unexpected_entries_are_listed_together_and_fatal(
    recordings: Recordings, state: dict[str, Tensor]
) -> None:
    state["stranger"] = state.pop("query_embed.weight")
    message = refused(state, recordings)
    assert "1 missing (decoder.queries)" in message
    assert "1 unexpected ('stranger')" in message


def test_many_missing_entries_are_counted_by_group(recordings: Recordings, state: dict[str, Tensor]) -> None:
    message = refused({k: v for k, v in state.items() if "backbone" not in k}, recordings)
    assert "117 missing (backbone.* x117)" in message
    assert len(message) < 400


def test_original_weights_of_another_size_are_fatal(recordings: Recordings, state: dict[str, Tensor]) -> None:
    changed = copy.deepcopy(recordings.settings)
    changed["args"]["DeformTransformer"]["dim_feedforward"] = 512
    assert "of another shape" in refused(state, recordings, changed)


def test_a_switch_that_this_soc_does_not_build_is_refused(recordings: Recordings) -> None:
    changed = copy.deepcopy(recordings.settings)
    changed["args"]["rel_coord"] = False
    with pytest.raises(FormatError, match="rel_coord is False"):
        config_from_original(changed)


def test_the_config_is_read_off_the_weights(recordings: Recordings) -> None:
    settings = config_from_original(recordings.settings)
    for classes in (1, 65):
        found = config_from_weights(rename(recordings.state(classes)))
        assert found == replace(settings, classes=classes, text_encoder="roberta-base")


@pytest.mark.parametrize(("size", "preset"), [("t", "soc-video-swin-t"), ("b", "soc-video-swin-b")])
def test_the_config_of_a_published_model_is_its_preset(size: str, preset: str) -> None:
    entries = manifest(size)["state_dict"].items()
    state = {name: torch.empty(entry["shape"], device="meta") for name, entry in entries}
    # Two copies of a shared module are compared number by number; a shape alone has none.
    weights = rename({name: value for name, value in state.items() if ".decoder.bbox_embed." not in name})
    assert config_from_weights(weights) == PRESETS[preset].configuration


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("query_embed.weight", torch.ones(3)),
        ("backbone.0.body.patch_embed.proj.weight", torch.tensor(1.0)),
        ("class_embed.0.weight", torch.ones(2, 2, 2)),
        ("spatial_decoder.out_lay.weight", torch.ones(0, 8)),
        ("backbone.0.body.layers.0.blocks.0.mlp.fc1.weight", torch.ones(4, 0)),
    ],
)
def test_shapes_that_make_no_soc(recordings: Recordings, name: str, value: Tensor) -> None:
    state = recordings.state() | {name: value}
    with pytest.raises(CheckpointError):
        from_original(state, config_from_weights(rename(state)), recordings.text)


def test_weights_of_something_else_are_named_as_such() -> None:
    with pytest.raises(CheckpointError, match=r"1 entries such as 'conv1\.weight', none of SOC"):
        rename({"conv1.weight": torch.ones(2)})


def test_what_is_missing_is_taken_as_published_and_left_to_the_comparison() -> None:
    assert config_from_weights({}) == PRESETS["soc-video-swin-t"].configuration


def test_the_published_numbers_are_the_default(recordings: Recordings) -> None:
    assert SOCConfig().heads == recordings.settings["args"]["DeformTransformer"]["nheads"]
