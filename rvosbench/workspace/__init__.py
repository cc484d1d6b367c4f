"""A folder with rvos.toml: releases are found in it, stores and runs get their names there."""

from rvosbench.workspace.find import current_workspace, find_workspace
from rvosbench.workspace.record import Workspace

__all__ = ["Workspace", "current_workspace", "find_workspace"]
