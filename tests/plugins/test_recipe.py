from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import pytest

from rvosbench.plugins.recipe import Recipe, Schedule, Stage

RECIPE = Recipe(learning_rates={"main": 1e-4}, epochs=30)


def test_steps_stand_instead_of_epochs():
    assert RECIPE.total_steps(100) == 375  # 30 epochs of 100 clips, 8 at a time
    assert RECIPE.total_steps(101) == 379
    assert dataclasses.replace(RECIPE, steps=10).total_steps(100) == 10


def test_a_recipe_is_plain_json():
    staged = dataclasses.replace(
        RECIPE,
        curriculum=(Stage(share=0.5, frames=1, batch_size=4),),
        schedule=Schedule(kind="multistep", milestones=(0.5,)),
    )
    assert json.loads(json.dumps(staged.as_json())) == staged.as_json()
    assert staged.as_json().keys() == {field.name for field in dataclasses.fields(Recipe)}


def test_a_recipe_costs_no_import_of_torch():
    code = "import sys, rvosbench.plugins.recipe; print([m for m in ('torch', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": None}, "steps or epochs"),
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
        dataclasses.replace(RECIPE, **change)


def test_impossible_schedules_are_refused():
    with pytest.raises(ValueError, match="'linear'"):
        Schedule(kind="linear")
    with pytest.raises(ValueError, match="shares of the run"):
        Schedule(kind="multistep", milestones=(15,))


def test_a_curriculum_comes_first_and_the_rest_of_the_run_is_the_recipes_own():
    first = Stage(share=0.25, frames=1, batch_size=32, longest_expression=3)
    recipe = dataclasses.replace(RECIPE, frames=2, batch_size=8, curriculum=(first,))
    assert recipe.stages() == (first, Stage(share=0.75, frames=2, batch_size=8))


@pytest.mark.parametrize(
    "change", [{"share": 0.0}, {"frames": 0}, {"batch_size": 0}, {"longest_expression": 0}]
)
def test_impossible_stages_are_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        Stage(**({"share": 0.5, "frames": 1, "batch_size": 1} | change))


def test_a_curriculum_leaves_a_rest_of_the_run():
    half = Stage(share=0.5, frames=1, batch_size=4)
    with pytest.raises(ValueError, match="leave a rest"):
        dataclasses.replace(RECIPE, curriculum=(half, half))
