from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from rvosbench.errors import PluginError
from rvosbench.plugins.model import Load, ModelSpec, Preset, Segmenter, Training, Trait
from rvosbench.plugins.options import NoOptions
from rvosbench.plugins.recipe import Recipe
from rvosbench.plugins.registry import MODELS


def nothing(*arguments):
    """Stands for any function of a model."""


PLAIN = ModelSpec(summary="plain", load=nothing)
TRAINABLE = ModelSpec(
    summary="trainable",
    load=nothing,
    traits=frozenset({Trait.NEEDS_CHECKPOINT}),
    presets={"small": Preset(summary="small", recipe=Recipe(learning_rates={"main": 0.1}, steps=1))},
    training=Training(create=nothing, save=nothing),
)


def test_a_plain_model_needs_a_summary_and_a_function():
    PLAIN.check()
    assert (PLAIN.is_oracle, PLAIN.needs_checkpoint, PLAIN.options) == (False, False, NoOptions)
    assert (PLAIN.candidates(None), PLAIN.settings(None)) == (1, {})
    TRAINABLE.check()
    assert TRAINABLE.needs_checkpoint


@dataclasses.dataclass
class Loose:
    """An options record that anybody could change."""

    size: int = 1


@pytest.mark.parametrize(
    ("spec", "change", "message"),
    [
        (PLAIN, {"summary": ""}, "its summary is '', expected one line"),
        (PLAIN, {"summary": "two\nlines"}, "expected one line"),
        (PLAIN, {"summary": None}, "its summary is None"),
        (PLAIN, {"load": "my:load"}, "its load is str, expected a function"),
        (PLAIN, {"candidates": 5}, "its candidates is int, expected a function"),
        (PLAIN, {"settings": {}}, "its settings is dict, expected a function"),
        (PLAIN, {"options": Loose}, "frozen"),
        (PLAIN, {"traits": {"oracle"}}, "its traits are {'oracle'}, expected a frozenset of Trait"),
        (PLAIN, {"traits": frozenset({"oracle"})}, "expected a frozenset of Trait"),
        (PLAIN, {"presets": TRAINABLE.presets}, "presets and no `training`"),
        (PLAIN, {"training": TRAINABLE.training}, "`training` and no presets"),
        (TRAINABLE, {"presets": {"small": {}}}, "names with a Preset each"),
        (TRAINABLE, {"presets": ("small",)}, "names with a Preset each"),
        (TRAINABLE, {"training": "yes"}, "its training is str, expected Training"),
        (TRAINABLE, {"traits": frozenset()}, "expected the trait NEEDS_CHECKPOINT"),
        (TRAINABLE, {"training": Training(create=3, save=nothing)}, "its training.create is int"),
        (TRAINABLE, {"training": Training(create=nothing, save=3)}, "its training.save is int"),
        (
            TRAINABLE,
            {"training": Training(create=nothing, save=nothing, load_backbone=3)},
            "its training.load_backbone is int",
        ),
    ],
)
def test_a_record_with_a_wrong_part_is_refused_at_the_door(spec, change, message):
    wrong = dataclasses.replace(spec, **change)
    with pytest.raises(PluginError) as caught:
        MODELS.register("wrong", wrong)
    assert str(caught.value).startswith("the model 'wrong' registered by this program is not valid: ")
    assert message in str(caught.value)
    assert "wrong" not in MODELS


def test_a_trait_is_written_as_a_word():
    assert sorted(Trait) == ["empty-answers", "language-blind", "needs-checkpoint", "oracle"]


def test_a_spec_costs_no_import_of_torch():
    code = (
        "import sys, rvosbench.plugins.model as m; m.ModelSpec(summary='x', load=print).check();"
        "print([name for name in ('torch', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_built_in_model_has_a_valid_spec(name):
    spec = MODELS[name]
    assert isinstance(spec, ModelSpec)
    if not spec.needs_checkpoint:
        assert isinstance(spec.load(None, Load()), Segmenter)
