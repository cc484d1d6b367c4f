"""Partial names: where something is made before it gets its final name, and who is making it.

`.NAME.partial-HOST-PID-N` lies beside NAME, so that a rename puts it in place. It says whose it is: what a
process that was killed has left is removed by the next one that writes the same name, and what another one
is writing at this moment is left alone.
"""

from __future__ import annotations

import itertools
import os
import platform
import re
import shutil
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Literal

_TAG = re.compile(r"-(?P<host>[0-9a-f]{8})-(?P<pid>\d+)-\d+")
_number = itertools.count()
_ours: set[Path] = set()  # those that this process is at work in


def partial_path(final: Path, role: Literal["partial", "old"] = "partial") -> Path:
    """A name beside `final`, an absolute path, that no other process and no other call here gives."""
    path = final.with_name(f".{final.name}.{role}-{_host()}-{os.getpid()}-{next(_number)}")
    _ours.add(path)
    return path


def is_partial(path: Path) -> bool:
    """Whether a name is one under which something is or was being made; stores have one without a tag."""
    return final_of(path) is not None


def final_of(path: Path) -> Path | None:
    """The final name that belongs to a partial one; None if it is none."""
    name = re.fullmatch(r"\.(?P<final>.+)\.(?:partial|old)(?P<tag>-.*)?", path.name)
    if name is None or (name["tag"] is not None and _TAG.fullmatch(name["tag"]) is None):
        return None
    return path.with_name(name["final"])


def forget(path: Path) -> None:
    """This process is done with a partial name."""
    _ours.discard(path)


def clean_up(final: Path) -> None:
    """Remove what killed processes have left of `final`; bring back an old one that they had put aside."""
    for path in _left(final, "old"):
        if final.exists() or final.is_symlink():
            discard(path)
        else:
            path.rename(final)
    for path in _left(final, "partial"):
        discard(path)


def discard(path: Path) -> None:
    """Remove a file or a folder if it is there and if that can be done."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _left(final: Path, role: Literal["partial", "old"]) -> list[Path]:
    """Partial names of `final` whose process on this machine is no more."""
    start = f".{final.name}.{role}"
    left = []
    with suppress(PermissionError):  # a folder may be writable and not readable
        for path in final.parent.iterdir():
            tag = _TAG.fullmatch(path.name.removeprefix(start)) if path.name.startswith(start) else None
            if tag and tag["host"] == _host() and not _is_alive(int(tag["pid"]), path):
                left.append(path)
    return left


def _is_alive(pid: int, path: Path) -> bool:
    if pid == os.getpid():  # in a container, a process that was killed had perhaps the same number
        return path in _ours
    if os.name == "nt":  # there, signal 0 is Ctrl-C
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


def _host() -> str:
    """Eight digits for this machine: a process number means nothing on another one."""
    return f"{zlib.crc32(platform.node().encode()):08x}"
