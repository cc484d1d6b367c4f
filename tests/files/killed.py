"""`killed KIND PATH AT EXCHANGE`: overwrite PATH and be killed at the file system's call number AT."""

from __future__ import annotations

import sys
from pathlib import Path

from rvosbench.files.atomic import atomic_file, atomic_folder
from tests.files.faults import die, failing


def overwrite(kind: str, path: Path, text: str) -> None:
    """Write a file, or a folder of two files."""
    if kind == "file":
        with atomic_file(path) as partial:
            partial.write_text(text)
    else:
        with atomic_folder(path, overwrite=True) as partial:
            (partial / "a").write_text(text)
            (partial / "b").write_text(text)


if __name__ == "__main__":
    kind, path, at, exchange = sys.argv[1:]
    with failing(int(at), die, exchange=exchange == "True") as fault:
        overwrite(kind, Path(path), "new")
    assert not fault.struck
    sys.exit(7)  # survived: there is no such call
