"""A new folder takes the name of an old one, and the name is never without a folder."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from rvosbench.files.partials import discard

_CURRENT_FOLDER = -100  # AT_FDCWD of <fcntl.h>
_EXCHANGE = 2  # RENAME_EXCHANGE of <linux/fs.h>


def put_in_place(new: Path, final: Path, *, old: Path) -> None:
    """Give the folder `new` the name `final`; what was there is removed only after that.

    On Linux the two change their names in one step. Elsewhere, and on file systems that cannot do that, the
    old one waits as `old` for the moment between two renames, and comes back if the second one fails.

    Raises:
        OSError: the name cannot be taken. What was there stays.
    """
    if not final.exists():
        new.rename(final)
    elif _exchange(new, final):
        discard(new)  # the old one now
    else:
        _rename_both(new, final, old)
        discard(old)


def _exchange(first: Path, second: Path) -> bool:
    """Swap two names in one step; False where that is not possible."""
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:  # an old C library
        return False
    status: int = rename(
        _CURRENT_FOLDER, os.fsencode(first), _CURRENT_FOLDER, os.fsencode(second), ctypes.c_uint(_EXCHANGE)
    )
    return status == 0


def _rename_both(new: Path, final: Path, old: Path) -> None:
    try:
        final.rename(old)
        new.rename(final)
    except BaseException:  # Ctrl-C too
        if old.exists() and not final.exists():
            old.rename(final)
        raise
