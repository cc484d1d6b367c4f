"""Whether something can be written under a name, asked before any work is done."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rvosbench.errors import OutputError, RvosbenchError

_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Content:
    """What a folder may hold and still be overwritten."""

    name: str  # as it reads in a message, such as "a store"
    fills: Callable[[Path], bool]  # whether a folder that is not empty holds this and nothing of others


def check_file(path: Path, *, overwrite: bool, parents: bool = False) -> None:
    """Refuse a name under which no file can be put.

    Args:
        path: the file. A link stands for what it points to.
        overwrite: a file may be there.
        parents: the folder may be missing; it is made later.

    Raises:
        OutputError: the name is taken, too long or no file's name, or its folder is missing or read-only.
    """
    if path.name in ("", ".."):
        raise OutputError(f"{path} is a folder; expected the name of a file, choose another one")
    kind = _kind(path)
    if kind in ("folder", "link to a folder"):
        raise OutputError(f"{path} is a folder; expected a file name that is free, choose another one")
    if kind == "device":
        raise OutputError(f"{path} is a device; expected a file name that is free, choose another one")
    if kind and not overwrite:
        raise OutputError(f"{path} already exists; choose another name or add --overwrite")
    if kind and os.path.ismount(path):
        raise OutputError(f"{path} is a mount point, which cannot be renamed; choose another name")
    _check_parent(final_name(path), parents=parents)


def check_folder(
    path: Path, *, overwrite: bool = False, parents: bool = False, content: Content | None = None
) -> None:
    """Refuse a name under which no folder can be put.

    Args:
        path: the folder, which may be there and empty.
        overwrite: it may hold something; `content`, where that is given.
        parents: the folder that it lies in may be missing; it is made later.
        content: what is overwritten. None: whatever it is, as the name is ours alone.

    Raises:
        OutputError: the name is taken, too long or no folder's own name, or nothing can be written there.
    """
    if path.name in ("", ".."):
        raise OutputError(f"{path} is not the name of a folder to make; expected one such as out")
    kind = _kind(path)
    if kind and kind != "folder":
        raise OutputError(f"{path} is a {kind}; expected the name of a folder that is new or empty")
    if kind and os.path.ismount(path):
        raise OutputError(f"{path} is a mount point, which cannot be renamed; choose a folder in it")
    if kind and _is_filled(path):
        if content is None:
            if not overwrite:
                raise OutputError(f"the folder {path} is not empty; choose another one or remove it")
        elif not content.fills(path):
            raise OutputError(
                f"the folder {path} is not empty and holds something else than {content.name}; choose "
                "another one"
            )
        elif not overwrite:
            raise OutputError(f"{path} already holds {content.name}; choose another one or add --overwrite")
    _check_parent(path, parents=parents)


def free_bytes(path: Path) -> int:
    """The free disk where something is to be written, whether its folder is there already or not."""
    path = final_name(path).absolute()
    while not path.is_dir() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free


def final_name(path: Path) -> Path:
    """Where a file really comes to lie: a link stays and what it points to is written."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def unwritable(path: Path, error: Exception) -> OutputError:
    """What to say when the file system, or FFmpeg in its name, refuses."""
    number = getattr(error, "errno", None)
    reason = getattr(error, "strerror", None) or error
    if isinstance(number, int) and number in errno.errorcode:
        reason = os.strerror(number)  # libraries put temporary names and line breaks into their own words
    advice = "free some space or choose another place" if number in _FULL else "choose another place"
    return OutputError(f"{path} cannot be written ({' '.join(str(reason).split())}); {advice}")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say of what the file system refuses in the body that `path` cannot be written.

    Raises:
        OutputError: in the place of an OSError.
    """
    try:
        yield
    except RvosbenchError:
        raise  # some of ours are an OSError too
    except OSError as error:
        raise unwritable(path, error) from error


def _kind(path: Path) -> str:
    """What is under a name; empty for nothing."""
    try:
        if path.is_dir():
            return "link to a folder" if path.is_symlink() else "folder"
        if path.is_symlink():
            return "link"
        if path.exists():
            return "file" if path.is_file() else "device"
    except OSError as error:  # such as a name that is too long
        raise unwritable(path, error) from error
    return ""


def _is_filled(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except OSError as error:
        raise unwritable(folder, error) from error


def _check_parent(path: Path, *, parents: bool) -> None:
    parent = path.parent
    try:
        while parents and not parent.exists() and not parent.is_symlink():
            parent = parent.parent
        is_folder = parent.is_dir()
        is_there = is_folder or parent.exists() or parent.is_symlink()
    except OSError as error:
        raise unwritable(path, error) from error
    if is_there and not is_folder:
        raise OutputError(f"{path} cannot be written: {parent} is no folder; choose another place")
    if not is_folder:
        raise OutputError(f"the folder {parent} is not there; make it, or choose another place")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(f"the folder {parent} cannot be written; choose another place")
