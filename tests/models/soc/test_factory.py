from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from rvosbench.errors import CheckpointError, MissingPathError, UnknownNameError
from rvosbench.models.soc.factory import SOC_FACTORY
from rvosbench.models.soc.presets import PRESETS
from rvosbench.plugins.contracts import (
    BackboneFactory,
    ConfigurableFactory,
    TextEncoderFactory,
    TrainableFactory,
)
from rvosbench.plugins.registry import MODELS
from rvosbench.types import Clip


def test_the_registry_knows_it() -> None:
    assert MODELS["soc"] is SOC_FACTORY
    assert isinstance(SOC_FACTORY, TrainableFactory)
    assert isinstance(SOC_FACTORY, BackboneFactory)
    assert isinstance(SOC_FACTORY, ConfigurableFactory)
    assert isinstance(SOC_FACTORY, TextEncoderFactory)
    assert "soc-demo" in SOC_FACTORY.presets


def test_importing_it_imports_neither_torch_nor_transformers() -> None:
    code = (
        "import sys; from rvosbench.plugins.registry import MODELS; MODELS['soc'];"
        "print([name for name in ('torch', 'transformers') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_what_it_creates_and_saves_it_loads(tmp_path: Path) -> None:
    created = SOC_FACTORY.create("soc-demo", seed=3)
    assert created.module().training
    SOC_FACTORY.save(created, tmp_path / "checkpoint")
    loaded = SOC_FACTORY.load(tmp_path / "checkpoint", device="cpu", seed=0)
    assert not loaded.module().training
    frames = np.random.default_rng(0).integers(0, 256, (2, 3, 40, 56), dtype=np.uint8)
    clip = Clip(video_id="v", frames=frames, frame_indices=(0, 1), wanted=(0, 1))
    [before], [after] = (model.segment(clip, ["the blue star"]) for model in (created, loaded))
    assert np.array_equal(before.masks, after.masks)
    assert np.array_equal(before.scores, after.scores)


def test_the_seed_decides_the_weights() -> None:
    one, same, other = (SOC_FACTORY.create("soc-demo", seed=seed).module() for seed in (1, 1, 2))
    weights = [torch.cat([p.flatten() for p in model.parameters()]) for model in (one, same, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_a_misspelt_preset_gets_a_hint() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'soc-demo'"):
        SOC_FACTORY.create("soc-dmo", seed=0)


def test_no_checkpoint_says_how_to_get_one() -> None:
    with pytest.raises(MissingPathError, match="rvos train soc"):
        SOC_FACTORY.load(None, device="cpu", seed=0)


def test_its_settings_say_which_layer_answers() -> None:
    settings = SOC_FACTORY.settings(SOC_FACTORY.create("soc-demo", seed=0))
    assert settings["answer_layer"] == PRESETS["soc-demo"].answer_layer
    assert json.loads(json.dumps(settings)) == settings


def test_another_model_is_not_saved_as_soc(tmp_path: Path) -> None:
    class Other:
        def segment(self, clip: object, expressions: object, candidates: int = 1) -> list[object]:
            return []

    with pytest.raises(CheckpointError, match="Other"):
        SOC_FACTORY.save(Other(), tmp_path / "checkpoint")
    assert not (tmp_path / "checkpoint").exists()
