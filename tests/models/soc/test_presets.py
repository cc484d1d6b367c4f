from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch
from transformers import RobertaConfig, RobertaModel

from rvosbench.models.soc import checkpoint
from rvosbench.models.soc.config import SOCConfig
from rvosbench.models.soc.model import SOC
from rvosbench.models.soc.original_names import renamed
from rvosbench.models.soc.presets import PRESETS, describe, same_shape
from tests.goldens.soc.recordings import manifest


def test_the_demo_is_small_enough_for_two_cores() -> None:
    parameters = sum(
        parameter.numel()
        for parameter in checkpoint.create(PRESETS["soc-demo"].configuration, seed=0).parameters()
    )
    assert 3.5e6 < parameters < 4.1e6


def test_the_demo_learns_its_text_encoder() -> None:
    model = checkpoint.create(PRESETS["soc-demo"].configuration, seed=0)
    assert all(parameter.requires_grad for parameter in model.text_encoder.parameters())


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_survives_json(name: str) -> None:
    config = PRESETS[name].configuration
    assert SOCConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_presets_differ_in_shape() -> None:
    configs = {name: preset.configuration for name, preset in PRESETS.items()}
    for name, config in configs.items():
        assert [other for other, preset in configs.items() if same_shape(config, preset)] == [name]
        assert describe(config).startswith(name)


def test_presets_are_listed_without_torch() -> None:
    code = "import sys, rvosbench.models.soc.spec as s; print(list(s.SPEC.presets), 'torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "soc-demo" in answer
    assert answer.strip().endswith("False")


@pytest.mark.parametrize(("preset", "letter"), [("soc-video-swin-t", "t"), ("soc-video-swin-b", "b")])
def test_full_models_have_the_names_and_shapes_of_the_published_ones(preset: str, letter: str) -> None:
    recorded = manifest(letter)
    published = {renamed(name): tuple(entry["shape"]) for name, entry in recorded["state_dict"].items()}
    published.pop(None, None)  # entries that hold nothing learned
    base = RobertaConfig(vocab_size=50265, max_position_embeddings=514, type_vocab_size=1)
    with torch.device("meta"):
        model = SOC(PRESETS[preset].configuration, RobertaModel(base), tokenizer=None)
    assert {name: tuple(value.shape) for name, value in model.state_dict().items()} == published
    assert sum(parameter.numel() for parameter in model.parameters()) == recorded["total_params"]


def test_the_demos_text_encoder_tells_sentences_apart_before_training() -> None:
    model = checkpoint.create(PRESETS["soc-demo"].configuration, seed=0).eval()
    with torch.no_grad():
        sentences = model.read(["the red circle", "the blue square"]).sentences
    assert sentences.std(0).mean() > 0.1 * sentences.std()
