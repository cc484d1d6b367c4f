"""Paths as people give them: of this machine, or refused.

`Path("s3://bucket/store")` is a folder `s3:` here and now, so a command that takes it writes into the wrong
place and says that all is well.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote

from rvosbench.errors import LocationError

# Two characters at least: one is the drive of a Windows path. `Path` makes one slash of two.
_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):/")
_LOCAL_FILE = re.compile(r"file:(?://(?:localhost)?)?(?P<path>/(?!/).*)", re.IGNORECASE | re.DOTALL)


def local_path(value: str | os.PathLike[str]) -> Path:
    """A path of this machine.

    Args:
        value: a path, or `file:///path`, in which `%20` is a space.

    Returns:
        It, as it is: not made absolute, not looked for.

    Raises:
        LocationError: it has another scheme (`s3:`, `gs:`, `hf:`, `http:` ...), also when `Path` has made
            `s3:/` of `s3://` already; or it is empty, or no path can be like it.

    Example:
        >>> local_path("stores/ytvos").as_posix()
        'stores/ytvos'
        >>> local_path("file:///data/my%20stores").as_posix()
        '/data/my stores'
    """
    text = os.fspath(value)
    scheme = _SCHEME.match(text)
    if scheme is not None:
        text = _local_file(text, scheme["scheme"])
    if not text:
        raise LocationError("the path is empty; expected a file or a folder, or . for the current one")
    if "\0" in text:
        raise LocationError(f"the path {text!a} holds a zero byte; expected a file or a folder")
    return Path(text)


def _local_file(text: str, scheme: str) -> str:
    """`/x` of `file:///x`."""
    if scheme.lower() != "file":
        raise LocationError(
            f"{text} is not on this machine, and {scheme}: cannot be read or written from here; expected a "
            "local path, copy or mount it first"
        )
    file = _LOCAL_FILE.fullmatch(text)
    if file is None:
        raise LocationError(f"{text} names another machine; expected a local path, such as file:///data")
    return unquote(file["path"])
