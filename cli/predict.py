"""`rvos predict`: a store and a model -> predictions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .commands import command, dry_run_option, json_option
from .model_options import chosen_options, model_option, precision_option, text_encoder_option
from .names import MODEL
from .parts import shard_option
from .paths import PATH
from .places import CheckpointPath, answers_folder, device_option
from .stores import dataset_option, release_option

if TYPE_CHECKING:
    from rvosbench.work.shards import Shard


@command("predict")
@click.argument("model", type=MODEL)
@dataset_option
@click.option("--split", help="The split to answer for.  [default: the store's only one]")
@click.option(
    "--checkpoint", type=CheckpointPath(), help="Folder or file with the weights, or a trained run."
)
@text_encoder_option
@model_option
@click.option(
    "--out",
    type=PATH,
    help="Run folder to write.  [default: a new one in the workspace]",
)
@click.option(
    "--candidates",
    type=click.IntRange(1),
    help="Ranked masks per expression.  [default: all where the dataset's own protocol ranks them, else 1]",
)
@click.option(
    "--mismatched-expressions",
    is_flag=True,
    help="Ask for every object with an expression about another one.",
)
@click.option("--swap-sentences", is_flag=True, hidden=True, help="What --mismatched-expressions was called.")
@click.option("--limit", type=click.IntRange(1), help="Only the first N videos.")
@shard_option("Answer only part I of N contiguous ranges of the videos; `rvos merge` joins the runs.")
@click.option("--seed", default=0, show_default=True, help="For models that draw at random.")
@device_option()
@precision_option
@click.option(
    "--no-resume", is_flag=True, help="Forget the videos that an interrupted run at --out has finished."
)
@click.option("--overwrite", is_flag=True, help="Replace predictions that are already at --out.")
@dry_run_option
@json_option
@release_option
def predict_command(
    model: str,
    dataset: str,
    split: str | None,
    checkpoint: Path | None,
    text_encoder: str | None,
    model_options: tuple[str, ...],
    out: Path | None,
    candidates: int | None,
    mismatched_expressions: bool,
    swap_sentences: bool,
    limit: int | None,
    shard: Shard | None,
    seed: int,
    device: str,
    precision: str,
    no_resume: bool,
    overwrite: bool,
    dry_run: bool,
    as_json: bool,
    release: Path | None,
) -> None:
    """Let MODEL answer every expression of a split.

    Writes OUT/predictions and OUT/run.json.
    When it is interrupted or killed, the same command goes on where it was.

    \b
    Example:
      rvos predict soc --checkpoint runs/training/checkpoint \\
        --dataset stores/ytvos --split heldout --out runs/soc
      rvos predict centre --dataset stores/ytvos --split heldout \\
        --shard 1/2 --out runs/centre-1
    """
    from rvosbench.files.text import counted
    from rvosbench.inference.predict import predict
    from rvosbench.runs.record import read_run

    from .console import note, print_json, progress, warn
    from .interrupted import keeping_work
    from .stores import only_split, open_store

    if swap_sentences:
        warn("--swap-sentences is now called --mismatched-expressions; the old name will go")
    store = open_store(dataset, release)
    split = only_split(store, split)
    options = chosen_options(model_options, text_encoder)
    if dry_run:
        from rvosbench.models.loading import check_model
        from rvosbench.runs.content import ANSWERS

        from .planned import facts_of, free_folder, show, weights_at

        check_model(model, checkpoint, options)
        facts = {
            **{"model": model, **weights_at(checkpoint, "checkpoint")},
            **({"options": options} if options else {}),
            **facts_of(store, split, limit),
            **({} if candidates is None else {"candidates": candidates}),
            **({} if shard is None else {"shard": str(shard)}),
            **{"mismatched_expressions": mismatched_expressions or swap_sentences},
            **{
                "seed": seed,
                "device": device,
                "precision": precision,
                "out": free_folder(out, overwrite=overwrite, content=ANSWERS),
            },
        }
        show("predict", facts, as_json=as_json)
        return
    with (
        answers_folder(out, model, checkpoint, store, split) as out,
        keeping_work(),
        progress(f"predict {model}") as update,
    ):
        predict(
            model,
            store,
            split=split,
            out=out,
            checkpoint=checkpoint,
            model_options=options,
            device=device,
            precision=precision,
            seed=seed,
            candidates=candidates,
            mismatched_expressions=mismatched_expressions or swap_sentences,
            limit=limit,
            shard=shard,
            resume=not no_resume,
            overwrite=overwrite,
            on_progress=update,
        )
    record = read_run(out)
    if record["reused"]:
        note(f"Resumed: an earlier run had finished {counted(record['reused'], 'video')}")
    if record["candidates_available"] > 1:
        available = record["candidates_available"]
        note(f"candidates per expression: {record['candidates']} of the {available} that {model} can give")
    if as_json:
        kept = (
            *("model", "dataset", "split", "shard", "videos", "frames", "expressions", "left_out"),
            *("reused", "timings"),
        )
        print_json({"schema_version": 1, "run": out, **{key: record[key] for key in kept}})
    else:
        click.echo(str(out))
