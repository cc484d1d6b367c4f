"""`rvos train`: a model, a preset and a store -> a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .commands import command
from .names import MODEL, PRESET
from .stores import dataset_option, release_option


@command("train")
@click.argument("model", type=MODEL)
@dataset_option
@click.option(
    "--preset", type=PRESET, help="Size and recipe; `rvos list presets`.  [default: the model's first]"
)
@click.option("--split", default="train", show_default=True, help="The split to learn from.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Run folder to write.")
@click.option("--steps", type=click.IntRange(1), help="Optimiser steps, instead of the recipe's.")
@click.option("--max-seconds", type=click.FloatRange(min=1), help="Stop, annealed, after this time.")
@click.option("--batch-size", type=click.IntRange(1), help="Clips per step, instead of the recipe's.")
@click.option("--seed", type=int, help="Instead of the recipe's.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1 ...")
@click.option(
    "--precision",
    type=click.Choice(["fp32", "bf16"]),
    help="bf16: matrix products in bfloat16, for a GPU; instead of the recipe's.",
)
@click.option(
    "--backbone",
    type=click.Path(path_type=Path),
    help="Start the backbone from this file; for soc a Video Swin trained on Kinetics (.pth).",
)
@click.option("--resume", is_flag=True, help="Go on where an interrupted run in --out stopped.")
@release_option
def train_command(
    model: str,
    dataset: str,
    preset: str | None,
    split: str,
    out: Path,
    steps: int | None,
    max_seconds: float | None,
    batch_size: int | None,
    seed: int | None,
    device: str,
    precision: str | None,
    backbone: Path | None,
    resume: bool,
    release: Path | None,
) -> None:
    """Train MODEL on a store.

    Writes OUT/checkpoint, OUT/log.jsonl and, last, OUT/run.json.

    \b
    Example:
      rvos train soc --preset soc-demo --dataset stores/ytvos --out runs/training
    """
    from dataclasses import replace

    from rvosbench.training.loop import train
    from rvosbench.training.recipes import recipe_for

    from .console import progress
    from .stores import open_store

    store = open_store(dataset, release)
    preset = preset or _first_preset(model)
    given: dict[str, Any] = {
        "steps": steps,
        "max_seconds": max_seconds,
        "batch_size": batch_size,
        "seed": seed,
        "precision": precision,
    }
    recipe = replace(recipe_for(preset), **{key: value for key, value in given.items() if value is not None})
    with progress(f"train {preset}", recipe.steps) as update:
        result = train(
            model,
            preset,
            store,
            split,
            out,
            recipe,
            device=device,
            resume=resume,
            backbone=backbone,
            on_step=lambda step: update(step.number, step.total, f"loss {step.loss:.2f}"),
        )
    click.echo(str(result.checkpoint))


def _first_preset(model: str) -> str:
    from rvosbench.errors import UnknownNameError
    from rvosbench.plugins.registry import MODELS

    presets: tuple[str, ...] = getattr(MODELS[model], "presets", ())
    if not presets:
        trainable = [name for name in MODELS if getattr(MODELS[name], "presets", ())]
        raise UnknownNameError(
            f"the model '{model}' cannot be trained; those that can: {', '.join(trainable)}"
        )
    return presets[0]
