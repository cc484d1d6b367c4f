"""Folders that hold what a list shows, and what may go wrong while one of them is looked at."""

from __future__ import annotations

import os
from pathlib import Path

UNREADABLE = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What a folder that anybody may have edited can raise while it is read: a list goes on with the next."""


def folders(parent: Path) -> list[Path]:
    """The folders in a folder, sorted by name with numbers in order, without hidden ones.

    Returns:
        None of them where `parent` is not there or cannot be read.
    """
    try:
        with os.scandir(parent) as entries:
            names = [entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir()]
    except OSError:
        return []
    return [parent / name for name in sorted(names, key=_natural)]


def why(error: BaseException) -> str:
    """An error of Python or of the system in one line."""
    return f"it cannot be read ({type(error).__name__}: {error})"


def _natural(name: str) -> tuple[tuple[bool, int, str], ...]:
    """So that soc-10 comes after soc-9."""
    parts: list[tuple[bool, int, str]] = []
    digits = ""
    for character in f"{name}\0":
        if character in "0123456789" and len(digits) < 18:
            digits += character
            continue
        if digits:
            parts.append((False, int(digits), ""))
            digits = ""
        parts.append((True, 0, character))
    return tuple(parts)
