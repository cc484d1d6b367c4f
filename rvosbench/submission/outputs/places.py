"""Whether a form can be written under a name, and what a folder may hold and still be overwritten by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rvosbench.errors import OutputError
from rvosbench.files.places import Content, check_file, check_folder
from rvosbench.runs.predictions import SCHEMA
from rvosbench.runs.record import NAME as RECORD

_DEEPEST = 8


def check_output(to: str, out: Path, *, overwrite: bool) -> None:
    """Refuse a name under which a form cannot be written; nothing is made.

    Args:
        to: "json", "parquet", "png" or "submission".
        out: the name.
        overwrite: it may hold what the form would write.

    Raises:
        OutputError: it is taken, cannot be written, or has another suffix.
    """
    if to == "json":
        if not out.name.endswith((".json", ".json.gz")):
            raise OutputError(f"{out} is to hold JSON; expected a name that ends in .json or .json.gz")
        check_file(out, overwrite=overwrite, parents=True)
    elif to == "parquet":
        check_folder(out, overwrite=overwrite, content=ROWS, parents=True)
    elif out.suffix.lower() == ".zip":
        check_file(out, overwrite=overwrite, parents=True)
    else:
        check_folder(out, overwrite=overwrite, content=PICTURES, parents=True)


def _holds_rows(folder: Path) -> bool:
    """A run says in run.json how its predictions were made; others in their place would make it a lie."""
    if (folder.parent / RECORD).is_file():
        return False
    try:
        return all(
            path.suffix == ".parquet" and set(SCHEMA.names) <= set(pq.read_schema(path).names)
            for path in folder.iterdir()
        )
    except (OSError, pa.ArrowException):
        return False


def _holds_pictures(folder: Path) -> bool:
    """PNG files in folders; or the one file of run lengths that LV-VIS wants."""
    names = list(_files(folder, _DEEPEST))
    return names == ["results.json"] or all(name.lower().endswith(".png") for name in names)


def _files(folder: Path, deep: int) -> Iterator[str]:
    """The names of all files; what is no file, a link or too deep stands for itself, and is no PNG."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink() and deep:
            yield from _files(path, deep - 1)
        else:
            yield path.name if path.is_file() and not path.is_symlink() else ""


ROWS = Content("Parquet predictions that belong to no run", _holds_rows)
PICTURES = Content("predictions as PNG files", _holds_pictures)
