"""A digest of the program: an editable installation changes without its version."""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from pathlib import Path

import rvosbench


def program_digest(*modules: str) -> str:
    """A SHA-256 of our own source, and of the files of other modules that take part.

    Args:
        modules: names of imported ones, such as that of a plugin's class.
    """
    total = hashlib.sha256(_own_source())
    for module in modules:
        file = getattr(sys.modules.get(module), "__file__", None)
        if file is not None:
            total.update(Path(file).read_bytes())
    return total.hexdigest()


@cache
def _own_source() -> bytes:
    """Cached: edits made during a run must not change the digest."""
    total = hashlib.sha256(rvosbench.__version__.encode())
    for path in sorted(Path(rvosbench.__file__).parent.rglob("*.py")):
        total.update(path.read_bytes())
    return total.digest()
