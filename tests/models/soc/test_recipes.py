from __future__ import annotations

import json
import math

import pytest

from rvosbench.models.soc.presets import PRESETS
from rvosbench.models.soc.recipes import DEMO, UPSTREAM, UPSTREAM_MIRROR


def test_upstream_cuts_its_rates_after_its_own_epochs():
    schedule = UPSTREAM["refcoco"].schedule
    epochs = [schedule.factor(epoch / 30) for epoch in range(30)]
    assert epochs == pytest.approx([1.0] * 15 + [0.1] * 5 + [0.01] * 10)
    a2d = [UPSTREAM["a2d"].schedule.factor(epoch / 40) for epoch in (14, 15)]
    assert a2d == pytest.approx([1.0, 0.2])


def test_upstreams_table():
    ytvos, a2d = UPSTREAM["ytvos"], UPSTREAM["a2d"]
    assert dict(ytvos.learning_rates) == {"main": 1e-4, "backbone": 1e-5, "text": 5e-6}
    assert dict(a2d.learning_rates) == {"main": 5e-4, "backbone": 5e-5, "text": 5e-6}
    assert (ytvos.short_side, ytvos.max_side, a2d.short_side, a2d.max_side) == (360, 640, 320, 576)
    assert (ytvos.window, a2d.window) == ("consecutive", "centred")
    assert (ytvos.frames, a2d.frames, UPSTREAM["refcoco"].frames) == (8, 8, 1)
    assert {(recipe.weight_decay, recipe.clip_grad_norm) for recipe in UPSTREAM.values()} == {(1e-4, 0.1)}


def test_upstream_mirrors_as_often_as_a_normal_draw_exceeds_one_half():
    above = (1 - math.erf(0.5 / math.sqrt(2))) / 2
    assert pytest.approx(above, abs=1e-5) == UPSTREAM_MIRROR


def test_the_demo_learns_from_stills_first_and_short_expressions_before_all():
    short, stills, clips = DEMO.stages()
    assert (short.frames, stills.frames, clips.frames) == (1, 1, 3)
    assert short.longest_expression == 3
    assert stills.longest_expression is clips.longest_expression is None
    assert DEMO.window == "consecutive"


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_trains_at_the_size_that_its_configuration_names(name):
    preset = PRESETS[name]
    recipe, config = preset.recipe, preset.configuration
    assert (recipe.short_side, recipe.max_side) == (config.train_short_side, config.train_max_side)
    assert recipe is (DEMO if name == "soc-demo" else UPSTREAM["ytvos"])


def test_every_recipe_of_upstream_is_plain_json():
    for recipe in UPSTREAM.values():
        assert json.loads(json.dumps(recipe.as_json())) == recipe.as_json()
