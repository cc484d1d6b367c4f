"""What predictions are called that say nothing about who made them: by their file or folder."""

from __future__ import annotations

from pathlib import Path

from rvosbench.submission import forms
from rvosbench.submission.trees.tree import ARCHIVES, suffix_of

_SUFFIXES = frozenset([*ARCHIVES, *forms.SUFFIXES, ".parquet", ".gz", ".bz2", ".xz"])


def name_of(path: Path) -> str:
    """The name of a file or folder of predictions, without the suffixes that say how it is written.

    Args:
        path: of what may be read; `.` and `..` stand for the folders that they lead to.

    Example:
        >>> from pathlib import Path
        >>> [name_of(Path(f"a/{name}")) for name in ("x.tar.gz", "results.json.gz", "soc-v1.5", "y.zip.zip")]
        ['x', 'results', 'soc-v1.5', 'y']
    """
    name = whole = path.name if path.name not in ("", "..") else path.resolve().name
    while (suffix := suffix_of((name,))) in _SUFFIXES:
        if not (shorter := name[: len(name) - len(suffix)].rstrip(".")):
            break  # a hidden file, called `.zip`
        name = shorter
    return name or whole or "predictions"
