"""`pip install -e FOLDER` and `python SCRIPT` of a page, without pip and without a second Python.

An installed package is what pip leaves behind for one: its folder on `sys.path`, and its entry points.
"""

from __future__ import annotations

import importlib
import runpy
import sys
import tomllib
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from tests.docs.pages import ROOT


def there(path: str) -> Path | None:
    """Where a path of a page leads: into the reader's folder, else into the clone; None: nowhere."""
    return next((folder / path for folder in (Path.cwd(), ROOT) if (folder / path).exists()), None)


def package_of(words: Sequence[str]) -> Path | None:
    """The folder that a pip command installs; None where it is another one, such as the clone itself."""
    if tuple(words[:2]) != ("pip", "install") or words[-1] == ".":
        return None
    folder = there(words[-1])
    return folder if folder is not None and (folder / "pyproject.toml").is_file() else None


def install(folder: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a package's modules importable and its entry points known.

    Args:
        folder: with its pyproject.toml.
        site: for the record of the installation; replaced when the package is installed again.
        monkeypatch: undoes it.
    """
    content = tomllib.loads((folder / "pyproject.toml").read_text())
    project, tool = content["project"], content["tool"]["setuptools"]
    forget({*tool.get("packages", ()), *tool.get("py-modules", ())})
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    (info / "entry_points.txt").write_text(
        "\n".join(
            f"[{group}]\n" + "\n".join(f"{name} = {target}" for name, target in points.items())
            for group, points in project["entry-points"].items()
        )
    )
    for path in (site, folder):
        monkeypatch.syspath_prepend(str(path.resolve()))
    importlib.invalidate_caches()


def forget(names: Collection[str]) -> None:
    """Import these modules anew: another page has some of the same name, or a page changes one."""
    for known in [known for known in sys.modules if known.partition(".")[0] in names]:
        del sys.modules[known]
    importlib.invalidate_caches()


def run_script(words: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run `python SCRIPT ARGUMENT ...` in this process."""
    script = there(words[1])
    assert script is not None, f"there is no script {words[1]}"
    monkeypatch.setattr(sys, "argv", list(words[1:]))
    runpy.run_path(str(script), run_name="__main__")
