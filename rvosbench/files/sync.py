"""Wait for the disk: after a power cut, what has its final name is whole."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_LOST = (errno.EIO, errno.ENOSPC, errno.EDQUOT)


def sync(path: Path) -> None:
    """Wait until the content of a file, or the names in a folder, have reached the disk.

    Raises:
        OSError: they have not, for example because the disk is full.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno in _LOST:
            raise  # others: a system or a file system that cannot synchronise a folder


def sync_tree(folder: Path) -> None:
    """`sync` for a folder and all that is in it, links excepted."""
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root) / name
            if not path.is_symlink():
                sync(path)
        sync(Path(root))
