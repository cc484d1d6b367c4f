from __future__ import annotations

import dataclasses
import json
import math

import pytest

from rvosbench.errors import UnknownNameError
from rvosbench.loader import Centred, Consecutive
from rvosbench.media.resize import Side
from rvosbench.training.recipes import RECIPES, UPSTREAM, UPSTREAM_MIRROR, Schedule, Stage, recipe_for


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
    assert (ytvos.side(), a2d.side()) == (Side(360, 640), Side(320, 576))
    assert (ytvos.clips(), a2d.clips()) == (Consecutive(8), Centred(8))
    assert UPSTREAM["refcoco"].clips() == Consecutive(1)
    assert {(recipe.weight_decay, recipe.clip_grad_norm) for recipe in UPSTREAM.values()} == {(1e-4, 0.1)}


def test_upstream_mirrors_as_often_as_a_normal_draw_exceeds_one_half():
    above = (1 - math.erf(0.5 / math.sqrt(2))) / 2
    assert pytest.approx(above, abs=1e-5) == UPSTREAM_MIRROR


def test_a_cosine_rises_linearly_and_falls_to_its_floor():
    schedule = Schedule(kind="cosine", warm_up=0.1, floor=0.2)
    assert schedule.factor(0.0) == 0.0
    assert schedule.factor(0.05) == 0.5
    assert schedule.factor(0.1) == 1.0
    assert schedule.factor(0.55) == pytest.approx(0.6)
    assert schedule.factor(1.0) == pytest.approx(0.2)
    assert schedule.factor(1.3) == pytest.approx(0.2)


def test_a_constant_schedule_is_1():
    assert {Schedule().factor(progress / 10) for progress in range(11)} == {1.0}


def test_the_demo_learns_from_stills_first_and_short_expressions_before_all():
    short, stills, clips = RECIPES["soc-demo"].stages()
    assert (short.frames, stills.frames, clips.frames) == (1, 1, 3)
    assert short.longest_expression == 3
    assert stills.longest_expression is clips.longest_expression is None
    assert RECIPES["soc-demo"].clips() == Consecutive(3)


def test_the_recipes_of_soc_are_those_of_its_presets():
    presets = pytest.importorskip("rvosbench.models.soc.presets").PRESETS
    assert set(RECIPES) == set(presets)
    for name, preset in presets.items():
        side = recipe_for(name).side()
        assert (side.short, side.longest) == (preset.train_short_side, preset.train_max_side)


def test_steps_stand_instead_of_epochs():
    ytvos = UPSTREAM["ytvos"]
    assert ytvos.total_steps(100) == 375  # 30 epochs of 100 clips, 8 at a time
    assert ytvos.total_steps(101) == 379
    assert dataclasses.replace(ytvos, steps=10).total_steps(100) == 10


def test_a_recipe_is_plain_json():
    for recipe in [*RECIPES.values(), *UPSTREAM.values()]:
        assert json.loads(json.dumps(recipe.as_json())) == recipe.as_json()


def test_an_unknown_recipe_is_said():
    with pytest.raises(UnknownNameError, match="did you mean 'soc-demo'"):
        recipe_for("soc-dmo")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": None}, "steps or epochs"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"max_seconds": 0.0}, "max_seconds"),
        ({"max_side": 10}, "max_side 10"),
        ({"mirror": 1.5}, r"\[0, 1\]"),
        ({"window": "random"}, "centred, consecutive, spread"),
        ({"seed": -1}, "seed"),
    ],
)
def test_impossible_numbers_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(RECIPES["soc-demo"], **change)


def test_impossible_schedules_are_refused():
    with pytest.raises(ValueError, match="'linear'"):
        Schedule(kind="linear")
    with pytest.raises(ValueError, match="shares of the run"):
        Schedule(kind="multistep", milestones=(15,))


def test_a_curriculum_comes_first_and_the_rest_of_the_run_is_the_recipes_own():
    first = Stage(share=0.25, frames=1, batch_size=32, longest_expression=3)
    recipe = dataclasses.replace(RECIPES["soc-demo"], frames=2, batch_size=8, curriculum=(first,))
    assert recipe.stages() == (first, Stage(share=0.75, frames=2, batch_size=8))
    assert recipe.clips(1).frames == 1
    assert recipe.clips().frames == 2


@pytest.mark.parametrize(
    "change", [{"share": 0.0}, {"frames": 0}, {"batch_size": 0}, {"longest_expression": 0}]
)
def test_impossible_stages_are_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        Stage(**({"share": 0.5, "frames": 1, "batch_size": 1} | change))


def test_a_curriculum_leaves_a_rest_of_the_run():
    half = Stage(share=0.5, frames=1, batch_size=4)
    with pytest.raises(ValueError, match="leave a rest"):
        dataclasses.replace(RECIPES["soc-demo"], curriculum=(half, half))
