"""What a command takes from the workspace where the command line says nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from rvosbench.errors import MissingPathError, OutputError, UnknownNameError
from rvosbench.files.locations import local_path
from rvosbench.plugins.options import describe_options
from rvosbench.plugins.registry import DATASETS, unknown
from rvosbench.runs.content import weights_of
from rvosbench.runs.record import NAME
from rvosbench.store import Store
from rvosbench.workspace.find import find_workspace
from rvosbench.workspace.folders import folders
from rvosbench.workspace.here import from_here
from rvosbench.workspace.names import resolve_run, run_stem
from rvosbench.workspace.record import Workspace
from rvosbench.workspace.releases import find_release, folder_names
from rvosbench.workspace.runs import LOG
from rvosbench.workspace.stores import stores_of


def release_of(workspace: Workspace, dataset: str) -> Path:
    """The release of a dataset: the one that rvos.toml names, else the one with a usual folder name.

    Raises:
        UnknownNameError: no such dataset.
        MissingPathError: there is no such release; the message says where was looked.
        DatasetError: several folders could be meant.
    """
    if dataset not in DATASETS:
        raise UnknownNameError(unknown("dataset", dataset, list(DATASETS)))
    chosen = workspace.dataset(dataset).root
    if chosen is None:
        return from_here(find_release(folder_names(dataset), workspace.releases))
    if not chosen.is_dir():
        raise MissingPathError(
            f"{workspace.file}: datasets.{dataset}.root is {chosen}, which is no folder; correct it, or name "
            "the release with --root"
        )
    return from_here(chosen)


def prepare_options(workspace: Workspace, dataset: str, given: Mapping[str, str]) -> dict[str, str]:
    """The options of a dataset: those that were given, then those of rvos.toml.

    Paths in rvos.toml start at its folder.

    Raises:
        UnknownNameError: rvos.toml has a table for a dataset that nobody provides: it would be ignored.
    """
    for name in workspace.datasets:
        if name not in DATASETS:
            raise UnknownNameError(f"{workspace.file}: {unknown('dataset', name, list(DATASETS))}")
    paths = {row.name for row in describe_options(DATASETS[dataset].options) if row.type == "path"}
    chosen = {}
    for key, value in workspace.dataset(dataset).options.items():
        name = key.replace("_", "-")
        chosen[name] = str(workspace.folder / local_path(value).expanduser()) if name in paths else value
    return {**chosen, **given}


def store_label(workspace: Workspace, store: Store) -> str:
    """What a run on a store is called after: the store's name in the workspace, elsewhere its dataset."""
    folder = store.folder.resolve()
    return folder.name if folder.parent == workspace.stores.resolve() else store.name


def recorded_store(folder: str, fingerprint: str | None) -> str:
    """Where the store is that a run was made from.

    Args:
        folder: as the run recorded it, relative to where it was made.
        fingerprint: of the store.

    Returns:
        The store of the workspace with this fingerprint where `folder` is not there, else `folder`.
    """
    workspace = None if Path(folder).is_dir() else find_workspace()
    same = [] if workspace is None else [s for s in stores_of(workspace) if s.fingerprint == fingerprint]
    return str(from_here(same[0].path)) if same else folder


def run_to_resume(workspace: Workspace, model: str, label: str) -> Path:
    """The one run of a model on a store that was begun and not finished.

    Raises:
        MissingPathError: there is none.
        OutputError: there are several.
    """
    ours = re.compile(rf"{re.escape(run_stem(model, label))}-\d+")
    unfinished = [
        path
        for path in folders(workspace.runs)
        if ours.fullmatch(path.name) and (path / LOG).is_file() and not (path / NAME).exists()
    ]
    if not unfinished:
        raise MissingPathError(
            f"{from_here(workspace.runs)} has no unfinished run of {model} on {label}; leave --resume out, "
            "or name the run with --out"
        )
    if len(unfinished) > 1:
        names = ", ".join(str(from_here(path)) for path in unfinished)
        raise OutputError(f"{names} are all unfinished; choose one with --out")
    return from_here(unfinished[0])


def resolve_checkpoint(path: Path) -> Path:
    """The weights that are meant by a path, by a trained run's folder, or by its name in the workspace.

    What is nowhere is returned as it is: whoever loads it says what is missing.
    """
    run = resolve_run(str(path))
    weights = weights_of(run)
    return path if weights == run else weights
