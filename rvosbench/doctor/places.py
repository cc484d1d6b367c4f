"""The workspace, its folders and how much fits there, and which releases are found."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from rvosbench.doctor.check import Check
from rvosbench.errors import MissingPathError, RvosbenchError
from rvosbench.files.text import file_size
from rvosbench.plugins.registry import DATASETS, MODELS
from rvosbench.workspace.find import HOME, no_workspace
from rvosbench.workspace.here import from_here
from rvosbench.workspace.names import SHELF
from rvosbench.workspace.record import Workspace
from rvosbench.workspace.releases import find_release, folder_names
from rvosbench.workspace.runs import runs_of
from rvosbench.workspace.stores import stores_of

_LITTLE_BYTES = 5 * 10**9


def look_at_workspace(find: Callable[[], Workspace | None]) -> tuple[Workspace | None, list[Check]]:
    """The workspace one is in, and the line about it."""
    try:
        workspace = find()
    except RvosbenchError as error:
        return None, [Check("workspace", "fail", str(error))]
    if workspace is None:
        return None, [Check("workspace", "warn", no_workspace())]
    by = f", by {HOME}" if os.environ.get(HOME) else ""
    unknown = [f"datasets.{name}" for name in workspace.datasets if name not in DATASETS]
    unknown += [f"models.{name}" for name in workspace.models if name not in MODELS]
    checks = [Check("workspace", "ok", f"{workspace.folder}{by}")]
    if unknown:
        checks.append(
            Check("workspace", "warn", f"rvos.toml names {', '.join(unknown)}, which nobody provides")
        )
    return workspace, checks


def look_at_folders(workspace: Workspace) -> Iterator[Check]:
    """What is in the stores and runs, what is broken there, and what still fits."""
    stores = stores_of(workspace)
    broken = [entry.name for entry in stores if entry.fault]
    size = sum(entry.size_bytes or 0 for entry in stores)
    yield _folder(
        "stores", workspace.stores, f"{len(stores)}, {file_size(size)}," if stores else "none", broken
    )
    runs = runs_of(workspace)
    damaged = [run.name for run in runs if run.kind == "damaged"]
    yield _folder("runs", workspace.runs, str(len(runs) or "none"), damaged)
    shelf = os.environ.get(SHELF)
    if shelf and not Path(shelf).is_dir():
        yield Check("stores", "warn", f"{SHELF} is {shelf}, which is no folder; correct or unset it")


def look_at_releases(workspace: Workspace) -> Iterator[Check]:
    """Which datasets can be prepared by their name alone."""
    for root in workspace.releases:
        if not root.is_dir():
            yield Check("releases", "warn", f"{from_here(root)} is not there; set releases in rvos.toml")
    present: list[str] = []
    absent: list[str] = []
    unclear: list[Check] = []
    for dataset in DATASETS:
        chosen = workspace.dataset(dataset).root
        try:
            if chosen is None:
                find_release(folder_names(dataset), workspace.releases)
            (present if chosen is None or chosen.is_dir() else absent).append(dataset)
        except MissingPathError:
            absent.append(dataset)
        except RvosbenchError as error:
            unclear.append(Check("releases", "warn", f"{dataset}: {error}"))
    text = ", ".join(present) or "none"
    text = f"{text}; not here: {', '.join(absent)}" if absent else text
    yield Check("releases", "ok" if present else "warn", text)
    yield from unclear


def _folder(name: str, folder: Path, content: str, broken: list[str]) -> Check:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    text = f"{content} in {from_here(folder)}; {file_size(free)} free"
    if not os.access(existing, os.W_OK) or not existing.is_dir():
        return Check(name, "fail", f"{text}; {from_here(existing)} cannot be written")
    if broken:
        return Check(name, "warn", f"{text}; broken: {', '.join(broken)}, see: rvos status")
    if free < _LITTLE_BYTES:
        return Check(name, "warn", f"{text}, which is little")
    return Check(name, "ok", text)
