"""The current folder, and paths as one would type them there."""

from __future__ import annotations

import os
from pathlib import Path

_MOST_UPS = 2  # "../.." is still read at a glance


def from_here(path: Path) -> Path:
    """A path as one would type it in the current folder.

    Runs record the paths that they were made from: so that a record names no home folder with its user,
    what is at hand is named relative to the current folder.

    Args:
        path: absolute; what it names need not be there.

    Returns:
        The path relative to the current folder if that is short, else `path`.

    Example:
        >>> str(from_here(Path.cwd() / "stores" / "ytvos"))
        'stores/ytvos'
    """
    for folder in _here():
        if ".." not in path.parts and path.is_relative_to(folder):
            return path.relative_to(folder)
    try:
        # Resolved, as ".." leads to the parent of where a link points.
        relative = Path(os.path.relpath(path.resolve()))
    except (OSError, ValueError, RuntimeError):  # no current folder, another drive, a circle of links
        return path
    return path if relative.parts[: _MOST_UPS + 1] == ("..",) * (_MOST_UPS + 1) else relative


def here_and_above() -> list[Path]:
    """The current folder and its parents: by the way one came, then as they really lie.

    The two differ after `cd` through a link, for example to a larger disk.
    """
    return [folder for start in _here() for folder in (start, *start.parents)]


def _here() -> list[Path]:
    try:
        real = Path.cwd()
    except OSError:  # it was removed
        return []
    came = Path(os.environ.get("PWD", ""))
    try:
        by_link = came.is_absolute() and came != real and came.samefile(real)
    except OSError:
        by_link = False
    return [came, real] if by_link else [real]
