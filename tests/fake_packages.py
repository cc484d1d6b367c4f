"""Packages that look installed: a `.dist-info` folder and modules in a folder on `sys.path`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """`install("name", {group: {entry point: target}}, module="source code")` -> its folder on `sys.path`.

    `points` may also be the text of `entry_points.txt`. What was imported is forgotten after the test.
    """
    before = set(sys.modules)

    def install(name: str, points: Mapping[str, Mapping[str, str]] | str, **modules: str) -> Path:
        folder = tmp_path / "site" / name
        info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        if not isinstance(points, str):
            points = "\n".join(
                f"[{group}]\n" + "\n".join(f"{point} = {target}" for point, target in of_group.items())
                for group, of_group in points.items()
            )
        (info / "entry_points.txt").write_text(points)
        for module, source in modules.items():
            (folder / f"{module}.py").write_text(source)
        monkeypatch.syspath_prepend(str(folder))
        importlib.invalidate_caches()
        return folder

    yield install
    for module in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[module], "__file__", "")):
            del sys.modules[module]
