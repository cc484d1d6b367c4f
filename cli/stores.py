"""`--dataset`: a store's folder, or its name in the workspace or in the folder that RVOS_STORES names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .names import STORE
from .paths import PATH

if TYPE_CHECKING:
    from rvosbench.store import Store

dataset_option = click.option(
    "--dataset",
    required=True,
    type=STORE,
    metavar="STORE",
    help="A store's folder, or its name in the workspace or in the folder that RVOS_STORES names.",
)
release_option = click.option(
    "--release", type=PATH, help="Where the release is now, if it moved since prepare."
)


def open_store(dataset: str, release: Path | None = None) -> Store:
    """The store that `--dataset` means.

    Raises:
        MissingPathError: there is none; the message says where it was looked for.
    """
    from rvosbench.store import Store

    return Store.open(find_store(dataset), release)


def find_store(dataset: str) -> Path:
    """The folder that `--dataset` means, whatever is in it.

    Raises:
        MissingPathError: there is none; the message says where it was looked for.
    """
    from rvosbench.workspace.names import resolve_store

    return resolve_store(dataset)


def only_split(store: Store, split: str | None) -> str:
    """The split that was asked for; without one, the only split that the store has.

    Raises:
        UnknownNameError: no such split.
        click.UsageError: the store has several splits and none was named.
    """
    if split is None and len(store.splits) > 1:
        raise click.UsageError(
            f"{store.folder} has the splits {', '.join(store.splits)}; choose one with --split"
        )
    return store.only_split(split)
