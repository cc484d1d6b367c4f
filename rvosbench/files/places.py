"""Whether something can be written under a name, asked before any work is done."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from rvosbench.errors import OutputError


def check_file(path: Path, *, replace: bool) -> None:
    """Refuse a place where no file can be put.

    Raises:
        OutputError: the name is taken or too long, or its folder is missing or read-only.
    """
    found = _found(path)
    if found == "folder":
        raise OutputError(f"{path} is a folder; expected a file name that is free, choose another one")
    if found and not replace:
        raise OutputError(f"{path} already exists; choose another name or add --overwrite")
    _check_parent(path)


def check_folder(path: Path, *, replace: bool, replaceable: Callable[[Path], bool]) -> None:
    """Refuse a place where no folder can be put.

    Args:
        path: the folder, which may be there and empty.
        replace: a folder that is `replaceable` may hold something.
        replaceable: whether a folder holds nothing but what was written by the same kind of run.

    Raises:
        OutputError: the name is taken or too long, or its folder is missing or read-only.
    """
    if path.name in ("", ".."):
        raise OutputError(f"{path} is not the name of a folder to make; expected one such as frames")
    found = _found(path)
    if found and found != "folder":
        raise OutputError(f"{path} is a {found}; expected the name of a folder")
    if found and any(path.iterdir()):
        if not replaceable(path):
            raise OutputError(
                f"the folder {path} is not empty, and not all in it was written by rvos segment; choose "
                "another one"
            )
        if not replace:
            raise OutputError(f"the folder {path} is not empty; choose another one or add --overwrite")
    _check_parent(path)


def unwritable(path: Path, error: Exception) -> OutputError:
    """What to say when the file system, or FFmpeg in its name, refuses."""
    reason = getattr(error, "strerror", None) or error  # without the temporary name
    return OutputError(f"{path} cannot be written ({reason}); choose another place")


def _found(path: Path) -> str:
    """What is under a name: nothing, a file, a folder, or a link to a folder."""
    try:
        if path.is_dir():
            return "link" if path.is_symlink() else "folder"
        return "file" if path.exists() or path.is_symlink() else ""
    except OSError as error:  # such as a name that is too long
        raise unwritable(path, error) from error


def _check_parent(path: Path) -> None:
    if not path.parent.is_dir():
        raise OutputError(f"the folder {path.parent} is not there; make it, or choose another place")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"the folder {path.parent} cannot be written; choose another place")
