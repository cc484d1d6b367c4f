"""Python, rvosbench and the libraries that it needs: which versions, and whether they can be imported."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata

from rvosbench import __version__
from rvosbench.doctor.check import Check
from rvosbench.doctor.imports import Imported
from rvosbench.files.text import strip_control

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*(?:>=\s*([0-9.]+))?\s*(;.*)?")
_MODULES = {"opencv-python-headless": "cv2", "pillow": "PIL"}  # where the module is called otherwise
_NAMED = ("torch", "transformers", "av", "numpy", "pyarrow")  # with a line each
_MEND = "mend it with: python -m pip install --force-reinstall"


@dataclass(frozen=True, slots=True)
class Package:
    """A package that rvosbench requires."""

    name: str
    least: str  # version; "" for any

    @property
    def module(self) -> str:
        """What is imported."""
        return _MODULES.get(self.name, self.name.replace("-", "_"))


def required() -> tuple[Package, ...]:
    """What rvosbench declares to need, without its extras.

    Raises:
        metadata.PackageNotFoundError: rvosbench is imported from a folder and was never installed.
    """
    found = []
    for text in metadata.requires("rvosbench") or ():
        match = _REQUIREMENT.fullmatch(text)
        if match is not None and not match[3]:
            found.append(Package(match[1], match[2] or ""))
    return tuple(found)


def look(packages: tuple[Package, ...], imported: Mapping[str, Imported]) -> Iterator[Check]:
    """A line for Python, rvosbench and each package that matters or is at fault."""
    where = sys.prefix if sys.prefix != sys.base_prefix else "no virtual environment"
    yield Check("python", "ok", f"{platform.python_version()}, {where}")
    yield Check("rvosbench", "ok", __version__)
    others = 0
    for package in packages:
        check = _package(package, imported.get(package.module))
        if check.status == "ok" and package.name not in _NAMED:
            others += 1
        else:
            yield check
    yield Check("other packages", "ok", f"{others} more are here and can be imported")


def _package(package: Package, imported: Imported | None) -> Check:
    try:
        version = metadata.version(package.name)
    except metadata.PackageNotFoundError:
        return Check(
            package.name, "fail", f"is not installed; get it with: python -m pip install {package.name}"
        )
    if imported is not None and imported.error is not None:
        reason = strip_control(imported.error)[:160]
        return Check(package.name, "fail", f"{version}, broken: {reason}; {_MEND} {package.name}")
    if _numbers(version) < _numbers(package.least):
        return Check(
            package.name,
            "fail",
            f"{version} is too old, expected {package.least} or later; update it with: python -m pip install "
            f"-U {package.name}",
        )
    ffmpeg = imported.facts.get("ffmpeg") if imported is not None else None
    return Check(package.name, "ok", f"{version} with FFmpeg {ffmpeg}" if ffmpeg else version)


def _numbers(version: str) -> tuple[int, ...]:
    """2.13.0+cpu -> (2, 13, 0): enough to compare with `>=`."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, match[0].split("."))) if match else ()
