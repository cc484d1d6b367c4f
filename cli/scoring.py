"""What commands that score share: the ground truth, the protocol, and a model's predictions made first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .stores import open_store

if TYPE_CHECKING:
    from rvosbench.store import Store
    from rvosbench.work.shards import Shard


def ground_truth(
    run: Path | None, dataset: str | None, split: str | None, release: Path | None
) -> tuple[Store, str]:
    """The store and the split; a run knows which it was made from, or scored against."""
    from .stores import only_split

    if run is not None:
        from rvosbench.runs.run import open_run
        from rvosbench.workspace.choices import recorded_store

        opened = open_run(run)
        known = opened.record or opened.scores(opened.protocols[0])
        dataset = dataset or recorded_store(known.store or "", known.store_fingerprint)
        split = split or known.split
    if not dataset:
        raise click.UsageError("missing option '--dataset': the store with the ground truth")
    store = open_store(dataset, release)
    return store, only_split(store, split)


def chosen_protocol(dataset: str) -> str:
    """The protocol that the workspace chooses for a dataset, else its own."""
    return workspace_protocol(dataset) or protocol_of(dataset)


def workspace_protocol(dataset: str) -> str | None:
    """The protocol that the workspace chooses for a dataset; None where it chooses none."""
    from rvosbench.workspace import find_workspace

    workspace = find_workspace()
    return None if workspace is None else workspace.dataset(dataset).protocol


def protocol_of(dataset: str) -> str:
    """The protocol that belongs to a dataset; RefCOCO's three sets share one."""
    from rvosbench.plugins.defaults import default_protocol

    name = default_protocol(dataset)
    if name is None:
        raise click.UsageError(f"there is no default protocol for {dataset}; choose one with --protocol")
    return name


def predict_first(
    model: str,
    checkpoint: Path | None,
    store: Store,
    split: str,
    out: Path,
    device: str,
    seed: int,
    protocol: str | None,
    shard: Shard | None = None,
    *,
    keep: bool = True,
) -> None:
    """Predict into `out`, unless it holds what the same command has predicted."""
    from rvosbench.evaluation.inputs import rules_of
    from rvosbench.inference.predict import predict

    from .console import progress
    from .interrupted import keeping_work

    rules = rules_of(store, protocol)  # an unknown one is refused before the work
    with keeping_work(kept=keep), progress(f"predict {model}") as update:
        predict(
            model,
            store,
            split=split,
            out=out,
            checkpoint=checkpoint,
            device=device,
            seed=seed,
            protocol=rules.name,
            shard=shard,
            reuse=True,
            on_progress=update,
        )
