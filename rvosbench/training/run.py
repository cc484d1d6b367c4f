"""`train`: a model and a store in, a checkpoint out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from rvosbench.errors import OutputError, TrainingError
from rvosbench.files.locations import local_path
from rvosbench.plugins.model import TrainableSegmenter
from rvosbench.runs import record as run_record
from rvosbench.store import Store
from rvosbench.training import state as states
from rvosbench.training.device import on_device
from rvosbench.training.log import Step
from rvosbench.training.loop import Run, TrainResult
from rvosbench.training.options import Plan, TrainOptions, plan
from rvosbench.training.parts import parts_of


def train(
    model: str,
    store: Store | str | Path,
    *,
    out: str | Path,
    split: str = "train",
    on_step: Callable[[Step], None] | None = None,
    **options: Any,
) -> TrainResult:
    """Train a model from fresh weights; on CPU a pure function of the arguments.

    With a time budget (`max_seconds`) the result depends on the machine's speed; run.json says so under
    `ended_by`. Started by `torchrun` or `accelerate launch`, the processes share each batch.

    Args:
        model: in the model registry, such as "soc".
        store: where the samples come from.
        out: run folder; gets `checkpoint/`, `log.jsonl` and, last, `run.json`.
        split: of the store.
        on_step: called after each step with its losses.
        options: fields of `TrainOptions`, such as `preset`, `steps`, `device` and `resume`.

    Raises:
        UnknownNameError: no such model, preset or split.
        TrainingError: nothing to train on, no such device, or a loss that is not finite.
        OutputError: `out` holds something and `resume` is False.
        CheckpointError: the state to resume from is damaged or belongs to another run; `backbone` does
            not fit.

    Example:
        >>> train("soc", "stores/ytvos", out="runs/soc", preset="soc-demo")  # doctest: +SKIP
    """
    chosen = TrainOptions(**options)
    planned = plan(model, chosen)
    out = local_path(out)
    backbone = None if chosen.backbone is None else local_path(chosen.backbone)
    opened = store if isinstance(store, Store) else Store.open(local_path(store))
    identity = {
        "model": model,
        "preset": planned.preset,
        "dataset": opened.name,
        "split": split,
        "store_fingerprint": opened.fingerprint,
        "recipe": planned.recipe.as_json(),
    }
    if backbone is not None:
        identity["backbone_sha256"] = run_record.sha256_of(backbone)
    if not chosen.resume:
        _check_free(out)
    elif (out / run_record.NAME).is_file():
        return _finished(out, identity)
    with on_device(chosen.device, chosen.threads) as accelerator:
        parts = parts_of(planned.recipe, opened, split)
        run = Run(
            planned,
            parts,
            _fresh(planned, backbone),
            out,
            identity=identity,
            store=opened.folder,
            accelerator=accelerator,
            workers=chosen.workers,
        )
        return run.finish(run.steps(on_step))


def _fresh(planned: Plan, backbone: Path | None) -> TrainableSegmenter:
    """The model with the weights that training starts from."""
    seed = planned.recipe.seed
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        segmenter = planned.training.create(planned.configuration, seed)
    if not isinstance(segmenter, TrainableSegmenter):
        raise TrainingError(
            f"the model '{planned.model}' made a {type(segmenter).__name__}, expected one with the methods "
            "segment and losses"
        )
    if backbone is not None:
        if planned.training.load_backbone is None:
            raise TrainingError(
                f"the model '{planned.model}' has no backbone that could start from {backbone}; leave "
                "--backbone out"
            )
        planned.training.load_backbone(segmenter, backbone)
    return segmenter


def _check_free(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(
            f"{out} is already there and not an empty folder; choose another --out, or add --resume "
            "to go on with a run that was interrupted"
        )


def _finished(out: Path, identity: Mapping[str, Any]) -> TrainResult:
    """The result of a run that needs no resuming."""
    record = run_record.read_run(out)
    states.check_identity(out / run_record.NAME, record, identity)
    return TrainResult(
        checkpoint=out / "checkpoint",
        steps=record["steps"],
        seconds=record["timings"]["training_s"],
        ended_by=record["ended_by"],
        loss=record["loss"],
    )
