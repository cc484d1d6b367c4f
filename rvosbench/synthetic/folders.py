"""What every layout needs to write: a complete folder or none, ids, images, text."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rvosbench.errors import OutputError, RvosbenchError


@contextmanager
def new_folder(root: Path) -> Iterator[Path]:
    """A folder to write into, which becomes `root` when the block ends without an error.

    Raises:
        OutputError: `root` holds something already, or cannot be written.
    """
    root = root.resolve()
    if root.exists() and not (root.is_dir() and not any(root.iterdir())):
        what = "holds files" if root.is_dir() else "is a file"
        raise OutputError(f"{root} {what}, expected a new or empty folder; choose another one or remove it")
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{root.name}.", dir=root.parent))
    except OSError as error:
        raise OutputError(f"{root} cannot be written ({error.strerror}); choose another folder") from error
    try:
        yield partial
        partial.chmod(0o755)  # mkdtemp makes folders that nobody else may read
        if root.is_dir():
            root.rmdir()
        partial.replace(root)
    except OSError as error:
        if isinstance(error, RvosbenchError):
            raise
        raise OutputError(
            f"{root} cannot be written ({error.strerror or error}); nothing was kept"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def unique_ids(seed: int, indices: list[int], length: int, alphabet: str) -> dict[int, str]:
    """Scene index -> a video id that looks as official ones do; none occurs twice."""
    ids: dict[int, str] = {}
    taken: set[str] = set()
    for index in indices:
        attempt = 0
        while index not in ids:
            digest = hashlib.sha256(f"{seed}/{index}/{attempt}".encode()).digest()
            candidate = "".join(alphabet[byte % len(alphabet)] for byte in digest[:length])
            if candidate not in taken:
                taken.add(candidate)
                ids[index] = candidate
            attempt += 1
    return ids


def encode_jpeg(image: NDArray[np.uint8]) -> bytes:
    """(H, W, 3) RGB as JPEG, with colour at full resolution so that small things keep theirs."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="JPEG", quality=92, subsampling=0)
    return buffer.getvalue()


def write_frames(folder: Path, names: Sequence[str], frames: NDArray[np.uint8]) -> None:
    """(T, H, W, 3) RGB as JPEG files in a new folder."""
    folder.mkdir(parents=True)
    for name, image in zip(names, frames, strict=True):
        (folder / f"{name}.jpg").write_bytes(encode_jpeg(image))


def write_lines(path: Path, lines: Sequence[str], encoding: str = "utf-8") -> None:
    """Text with a newline after every line, on every system the same."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding=encoding, newline="\n")


def write_json(path: Path, content: object) -> None:
    """Compact JSON; the folder is made if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
