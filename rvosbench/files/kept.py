"""`.<name>.partial` beside a store or a run: where it is made, by one process at a time.

What its user puts there beside the result, such as a journal, outlives a kill: the next process that makes
the same name finds it. The lock is the system's, so it ends with the process, however that ends; a file that
is left means nothing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from rvosbench.errors import OutputError
from rvosbench.files.partials import clean_up
from rvosbench.files.places import unwritable
from rvosbench.files.swap import put_in_place
from rvosbench.files.sync import sync, sync_tree

try:
    import fcntl
except ImportError:  # Windows
    _flock = None
else:
    _flock = fcntl.flock
    _EXCLUSIVE = fcntl.LOCK_EX | fcntl.LOCK_NB

_LOCK = "lock"


def partial_folder(final: Path) -> Path:
    """`.<name>.partial`, in which the folder of that name is made."""
    return final.with_name(f".{final.name}.partial")


def is_abandoned(final: Path) -> bool:
    """Whether a folder of that name was begun, and nobody is at work on it now."""
    lock = partial_folder(final) / _LOCK
    if not lock.is_file():
        return False
    try:
        os.close(_take(lock))
    except OSError:  # locked, or not ours to open
        return False
    return True


class Partial:
    """The folder in which another one is made, and the right to make it.

    Attributes:
        final: the final name.
        folder: `.<name>.partial`. What its user puts there beside `made` survives `leave`.
        made: what will get the final name, in it.
    """

    def __init__(self, final: Path, inside: str) -> None:
        """Make the folder and lock it. What an earlier process has half made is removed.

        Args:
            final: the final name.
            inside: the name of `made` until then, such as "store".

        Raises:
            OutputError: the folder cannot be made, or another process is at work in it.
        """
        self.final = final
        self.folder = partial_folder(final)
        self.made = self.folder / inside
        self._old = final.with_name(f".{final.name}.old")
        # Folders on the way that are made here, deepest first; they go again when nothing is left in them.
        self._parents = [parent for parent in final.parents if not parent.exists()]
        self._lock: int | None = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = _take(self.folder / _LOCK)
            clean_up(final)  # of others that were killed while they made the same name in one piece
            if self._old.exists() and not final.exists():
                self._old.rename(final)  # killed between the two renames of `put_in_place`
            shutil.rmtree(self.made, ignore_errors=True)
            self.made.mkdir()
        except BlockingIOError as error:
            raise OutputError(
                f"{final} is being written by another process; wait for it or choose another --out"
            ) from error
        except OSError as error:
            self.leave()
            raise unwritable(final, error) from error

    def put_in_place(self) -> None:
        """Give it its final name; an old one there is removed only after the new one stands.

        Raises:
            OutputError: the final name cannot be taken, or the disk is full. What was there stays.
        """
        shutil.rmtree(self._old, ignore_errors=True)
        try:
            sync_tree(self.made)
            put_in_place(self.made, self.final, old=self._old)
            sync(self.final.parent)
        except OSError as error:
            raise OutputError(
                f"{self.final} cannot be put in place ({error.strerror}); what was there stays, choose "
                "another --out"
            ) from error
        shutil.rmtree(self.folder, ignore_errors=True)
        self._unlock()

    def leave(self) -> None:
        """Remove what is half made, and the folder too unless its user keeps something in it."""
        shutil.rmtree(self.made, ignore_errors=True)
        with contextlib.suppress(OSError):
            if {path.name for path in self.folder.iterdir()} <= {_LOCK}:
                shutil.rmtree(self.folder)
        for parent in self._parents:
            with contextlib.suppress(OSError):  # somebody may have put something there by now
                parent.rmdir()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _take(path: Path) -> int:
    """Lock a file until it is closed or the process ends.

    Returns:
        Its descriptor.

    Raises:
        BlockingIOError: another process holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if _flock is not None:
            _flock(descriptor, _EXCLUSIVE)
        # The previous holder may have removed the file after it was opened here; then this locks nothing.
        if os.fstat(descriptor).st_nlink == 0:
            raise BlockingIOError
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:
        pass  # no locks here, which is common on clusters; proceed unlocked
    return descriptor
