"""`rvos train`: a model, a preset and a store -> a checkpoint."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from .commands import command, dry_run_option, json_option
from .names import MODEL, PRESET
from .paths import PATH
from .places import device_option, preset_of, training_folder
from .stores import dataset_option, release_option


@command("train")
@click.argument("model", type=MODEL)
@dataset_option
@click.option(
    "--preset",
    type=PRESET,
    help="Size and recipe; `rvos list presets`.  [default: the workspace's, else the model's first]",
)
@click.option("--split", default="train", show_default=True, help="The split to learn from.")
@click.option(
    "--out",
    type=PATH,
    help="Run folder to write.  [default: a new one in the workspace]",
)
@click.option("--steps", type=click.IntRange(1), help="Optimiser steps, instead of the recipe's.")
@click.option("--max-seconds", type=click.FloatRange(min=1), help="Stop, annealed, after this time.")
@click.option("--batch-size", type=click.IntRange(1), help="Clips per step, instead of the recipe's.")
@click.option("--seed", type=int, help="Instead of the recipe's.")
@device_option()
@click.option(
    "--precision",
    type=click.Choice(["fp32", "bf16"]),
    help="bf16: matrix products in bfloat16, for a GPU; instead of the recipe's.",
)
@click.option(
    "--backbone",
    type=PATH,
    help="Start the backbone from this file; for soc a Video Swin trained on Kinetics (.pth).",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on where an interrupted run in --out stopped; without --out, the unfinished one.",
)
@dry_run_option
@json_option
@release_option
def train_command(
    model: str,
    dataset: str,
    preset: str | None,
    split: str,
    out: Path | None,
    steps: int | None,
    max_seconds: float | None,
    batch_size: int | None,
    seed: int | None,
    device: str,
    precision: str | None,
    backbone: Path | None,
    resume: bool,
    dry_run: bool,
    as_json: bool,
    release: Path | None,
) -> None:
    """Train MODEL on a store.

    Writes OUT/checkpoint, OUT/log.jsonl and, last, OUT/run.json.

    \b
    Example:
      rvos train soc --dataset ytvos
      rvos train soc --dataset ytvos --dry-run
      rvos train soc --preset soc-demo --dataset stores/ytvos --out runs/training
    """
    from rvosbench.training import train
    from rvosbench.training.options import TrainOptions, plan

    from .console import note, print_json, progress
    from .stores import open_store

    store = open_store(dataset, release)
    options: dict[str, Any] = {
        "preset": preset or preset_of(model),
        "steps": steps,
        "max_seconds": max_seconds,
        "batch_size": batch_size,
        "seed": seed,
        "precision": precision,
        "device": device,
        "resume": resume,
        "backbone": backbone,
    }
    planned = plan(model, TrainOptions(**options))
    if preset is None:
        note(f"preset {planned.preset}; others: rvos list presets")
    if dry_run:
        from .planned import facts_of, free_folder, recipe_facts, show, weights_at

        facts = {
            **{"model": model, "preset": planned.preset},
            **facts_of(store, split),
            **recipe_facts(planned.recipe),
            **weights_at(backbone, "backbone"),
            **{"device": device, "out": str(out) if resume and out else free_folder(out)},
        }
        show("train", facts, as_json=as_json)
        return
    with (
        training_folder(out, model, store, resume=resume) as out,
        progress(f"train {planned.preset}", planned.recipe.steps) as update,
    ):
        result = train(
            model,
            store,
            split=split,
            out=out,
            on_step=lambda step: update(step.number, step.total, f"loss {step.loss:.2f}"),
            **options,
        )
    if as_json:
        print_json({"schema_version": 1, "run": out, **asdict(result)})
    else:
        click.echo(str(result.checkpoint))
