"""Files of a report appear under their names only when they are whole."""

from __future__ import annotations

from pathlib import Path

from rvosbench.errors import OutputError


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text; see `write_bytes`."""
    return write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> Path:
    """Write a file, making its folder and replacing an older one.

    Raises:
        OutputError: the place cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True) if path.parent.is_dir() else None
        raise OutputError(f"{path} cannot be written ({error.strerror}); choose another place") from error
    return path
