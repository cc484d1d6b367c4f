"""An official release by the folder names that people give it."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.files.text import strip_control
from rvosbench.plugins.registry import DATASETS

_log = logging.getLogger(__name__)


def folder_names(dataset: str) -> tuple[str, ...]:
    """The usual folder names of a release; of a dataset that names none, its own name.

    Raises:
        UnknownNameError: no such dataset.
        PluginError: it cannot be used.
    """
    return DATASETS[dataset].folder_names or (dataset,)


def find_release(folder_names: Sequence[str], roots: Sequence[Path]) -> Path:
    """The folder of a release.

    A name in other letter case is taken too, with a warning in the log: it is often right, and another
    machine would not find it.

    Args:
        folder_names: what the folder may be called, the most usual name first.
        roots: where to look.

    Raises:
        DatasetError: several folders could be meant.
        MissingPathError: there is none; the message says where was looked, and for what.
    """
    wanted = {name.casefold() for name in folder_names}
    candidates: dict[Path, Path] = {}  # by where it really is: two roots may lead to one folder
    for root in roots:
        for path in _folders(root):
            if path.name.casefold() in wanted:
                candidates.setdefault(path.resolve(), path)
    if len(candidates) > 1:
        raise DatasetError(
            f"{' and '.join(strip_control(str(path)) for path in candidates.values())} could both be meant; "
            "choose one with --root, or with root in rvos.toml"
        )
    if not candidates:
        raise MissingPathError(_not_found(folder_names, roots))
    (found,) = candidates.values()
    if found.name not in folder_names:
        _log.warning(
            "%s is taken though its usual name is %s: only where letter case does not matter would others "
            "find it; rename it, or set root in rvos.toml",
            found,
            next(name for name in folder_names if name.casefold() == found.name.casefold()),
        )
    return found


def _folders(root: Path) -> list[Path]:
    """The folders in a folder, sorted; none where it cannot be read."""
    try:
        with os.scandir(root) as entries:
            return sorted(root / entry.name for entry in entries if entry.is_dir())
    except OSError:
        return []


def _not_found(names: Sequence[str], roots: Sequence[Path]) -> str:
    places = ", ".join(f"{root}{'' if root.is_dir() else ' (not there)'}" for root in roots)
    others = f" (or {', '.join(names[1:])})" if len(names) > 1 else ""
    return (
        f"no release in {places}; expected a folder named {names[0]}{others}; move it there, name it with "
        "--root, or set releases or root in rvos.toml"
    )
