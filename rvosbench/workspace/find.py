"""Which workspace one is in: the folder that RVOS_HOME names, else the nearest rvos.toml from here up."""

from __future__ import annotations

import os
from pathlib import Path

from rvosbench.errors import MissingPathError
from rvosbench.files.locations import local_path
from rvosbench.workspace.here import here_and_above
from rvosbench.workspace.read import read_workspace
from rvosbench.workspace.record import FILE, Workspace

HOME = "RVOS_HOME"
"""The environment variable that names a workspace, wherever one is."""


def find_workspace(start: Path | None = None) -> Workspace | None:
    """The workspace around a folder; None where there is none.

    Args:
        start: the folder; without one, RVOS_HOME, and where that is not set the current folder.

    Raises:
        MissingPathError: RVOS_HOME names a folder without rvos.toml.
        FormatError: the nearest rvos.toml is not one.
    """
    home = os.environ.get(HOME)
    if start is None and home:
        folder = local_path(home)
        if not os.path.lexists(folder / FILE):
            raise MissingPathError(
                f"{HOME} is {home}, which has no {FILE}; make it a workspace with: rvos init {home}, "
                f"or unset {HOME}"
            )
        return read_workspace(folder)
    for folder in [start.absolute(), *start.absolute().parents] if start else here_and_above():
        if os.path.lexists(folder / FILE):  # a link to nowhere is a workspace that is broken, not none
            return read_workspace(folder)
    return None


def current_workspace() -> Workspace:
    """The workspace one is in.

    Raises:
        MissingPathError: there is none; the message says how to make one.
        FormatError: as for `find_workspace`.
    """
    workspace = find_workspace()
    if workspace is None:
        raise MissingPathError(no_workspace())
    return workspace


def no_workspace() -> str:
    """What to say where there is no workspace."""
    return f"no {FILE} here or in a folder above; make this folder a workspace with: rvos init"
