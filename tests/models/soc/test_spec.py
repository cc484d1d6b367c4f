from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from rvosbench.errors import CheckpointError, MissingPathError, OptionError
from rvosbench.models.loading import load_model
from rvosbench.models.soc.presets import PRESETS
from rvosbench.models.soc.spec import SPEC
from rvosbench.plugins.model import Load
from rvosbench.plugins.registry import MODELS

CONFIG = PRESETS["soc-demo"].configuration
FRAMES = np.random.default_rng(0).integers(0, 256, (7, 40, 56, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("soc") / "checkpoint"
    SPEC.training.save(SPEC.training.create(CONFIG, 3), folder)
    return folder


def test_the_registry_knows_it() -> None:
    assert MODELS["soc"] is SPEC
    assert "soc-demo" in SPEC.presets


def test_importing_it_imports_neither_torch_nor_transformers() -> None:
    code = (
        "import sys; from rvosbench.plugins.registry import MODELS; MODELS['soc'];"
        "print([name for name in ('torch', 'transformers') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_what_it_creates_and_saves_it_loads(checkpoint: Path) -> None:
    created = SPEC.training.create(CONFIG, 3)
    assert created.module().training
    loaded = load_model("soc", checkpoint)
    assert not loaded.segmenter.module().training
    assert loaded.candidates == CONFIG.queries == 5
    after = loaded.segment(FRAMES, "the blue star", 5)
    (before,) = created.segment(loaded_clip(), ["the blue star"], 5)
    assert np.array_equal(before.masks, after.masks)
    assert np.array_equal(before.scores, after.scores)


def loaded_clip():
    from rvosbench.models.loading import clip_of

    return clip_of(FRAMES)


def test_the_seed_decides_the_weights() -> None:
    one, same, other = (SPEC.training.create(CONFIG, seed).module() for seed in (1, 1, 2))
    weights = [torch.cat([p.flatten() for p in model.parameters()]) for model in (one, same, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_no_checkpoint_says_how_to_get_one() -> None:
    with pytest.raises(MissingPathError, match="rvos train soc"):
        SPEC.load(None, Load())


def test_its_settings_say_which_layer_answers(checkpoint: Path) -> None:
    settings = load_model("soc", checkpoint).settings
    assert settings["answer_layer"] == CONFIG.answer_layer
    assert json.loads(json.dumps(settings)) == settings


def test_its_options_change_answers_and_stand_in_the_settings(checkpoint: Path) -> None:
    plain = load_model("soc", checkpoint)
    chosen = {"answer-layer": "first", "eval-frames": "0", "eval-short-side": "32", "cluster-window": "2"}
    other = load_model("soc", checkpoint, options=chosen)
    assert other.settings == {
        "answer_layer": "first",
        "eval_short_side": 32,
        "eval_max_side": CONFIG.eval_max_side,
        "eval_frames": 0,
        "cluster_window": 2,
    }
    for name, value in plain.segmenter.module().state_dict().items():
        assert torch.equal(value, other.segmenter.module().state_dict()[name])
    one, two = (model.segment(FRAMES, "the blue star", 5) for model in (plain, other))
    assert not np.array_equal(one.masks, two.masks)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"eval-frames": "-1"}, "eval_frames is -1, expected a whole number of at least 0"),
        ({"eval-short-side": "0"}, "eval_short_side is 0"),
        ({"answer-layer": "middle"}, "'answer-layer' of the model 'soc' is 'middle', expected first or last"),
    ],
)
def test_impossible_options_are_refused_before_torch_is_needed(options, message) -> None:
    with pytest.raises(OptionError, match=message):
        load_model("soc", "no-such-checkpoint", options=options)


def test_a_folder_of_ours_has_a_text_encoder_of_its_own(checkpoint: Path) -> None:
    with pytest.raises(CheckpointError, match="has a text encoder of its own"):
        load_model("soc", checkpoint, options={"text-encoder": "some/name"})


def test_another_model_is_not_saved_as_soc(tmp_path: Path) -> None:
    class Other:
        def segment(self, clip: object, expressions: object, candidates: int = 1) -> list[object]:
            return []

    with pytest.raises(CheckpointError, match="Other"):
        SPEC.training.save(Other(), tmp_path / "checkpoint")
    assert not (tmp_path / "checkpoint").exists()
