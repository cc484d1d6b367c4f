"""run.json: what every run says about how it was made, written last so that its presence means "complete"."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from rvosbench import __version__
from rvosbench.errors import FormatError, MissingPathError, OutputError

NAME = "run.json"
_PACKAGES = ("accelerate", "numpy", "pillow", "pyarrow", "pycocotools", "torch", "transformers")


def environment() -> dict[str, Any]:
    """When, with which versions and on what kind of machine; nothing that names the machine or its user."""
    versions = {"python": platform.python_version(), "rvosbench": __version__}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    hardware = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"written": now, "versions": versions, "hardware": hardware}


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file that appears under its name only when it is whole.

    Raises:
        OutputError: the place cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8") as file:
            json.dump(content, file, indent=1, ensure_ascii=False, allow_nan=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}); choose another --out") from error


def read_run(run: Path) -> dict[str, Any]:
    """run.json of a finished run.

    Raises:
        MissingPathError: there is no such folder, or the run was not finished.
        FormatError: run.json is not an object in JSON.
    """
    path = run / NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise MissingPathError(
            f"{run} has no {NAME}; expected the folder of a finished rvos predict or rvos train"
        ) from None
    except ValueError as error:
        raise FormatError(f"{path} is not JSON ({error}); make the run again") from error
    if not isinstance(content, dict):
        raise FormatError(f"{path} holds a {type(content).__name__}, expected an object; make the run again")
    return content


def sha256_of(path: Path) -> str:
    """A SHA-256 of a file, or of a folder's file names and contents.

    Raises:
        MissingPathError: there is nothing at `path`.
    """
    if path.is_file():
        return _file_sha256(path)
    if not path.is_dir():
        raise MissingPathError(f"{path} is missing; expected a file or a folder")
    content = hashlib.sha256()
    for file in sorted(file for file in path.rglob("*") if file.is_file()):
        content.update(f"{file.relative_to(path).as_posix()}\0{_file_sha256(file)}\n".encode())
    return content.hexdigest()


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _processor() -> str:
    """The processor's model name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
