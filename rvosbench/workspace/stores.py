"""The stores of a workspace as a list in which a damaged one is an entry, not an error."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rvosbench.errors import RvosbenchError
from rvosbench.store import Store
from rvosbench.store.partial_truth import say
from rvosbench.workspace.folders import UNREADABLE, folders, why
from rvosbench.workspace.record import Workspace


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreEntry:
    """A folder among the stores."""

    path: Path
    name: str  # of the folder
    dataset: str | None = None
    fingerprint: str | None = None
    splits: dict[str, dict[str, int]] | None = None  # split -> table -> rows
    size_bytes: int | None = None  # its files
    release: Path | None = None  # which the frames lie in; None: in the store itself
    not_whole: dict[str, str] = field(default_factory=dict)  # split -> masks that its ground truth lacks
    fault: str | None = None  # why it cannot be used, in one line


def stores_of(workspace: Workspace) -> tuple[StoreEntry, ...]:
    """Everything in the folder of the stores, by name; what cannot be opened has a `fault`."""
    return tuple(_entry(path) for path in folders(workspace.stores))


def _entry(path: Path) -> StoreEntry:
    try:
        store = Store.open(path)
        packed = store.release.is_relative_to(path)
        fault = None
        if not packed and not store.release.is_dir():
            fault = (
                f"the release {store.release} is not there, and with it the frames; name it with --release"
            )
        return StoreEntry(
            path=path,
            name=path.name,
            dataset=store.name,
            fingerprint=store.fingerprint,
            splits={str(split): dict(tables) for split, tables in store.splits.items()},
            size_bytes=sum(int(facts["bytes"]) for facts in store.manifest["files"].values()),
            release=None if packed else store.release,
            not_whole={
                split: say(counts) for split in store.splits if (counts := store.partly_annotated(split))
            },
            fault=fault,
        )
    except RvosbenchError as error:
        return StoreEntry(path=path, name=path.name, fault=str(error))
    except UNREADABLE as error:
        return StoreEntry(path=path, name=path.name, fault=why(error))
