"""The wheel holds the whole tree: a forgotten subpackage would vanish from it silently."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_list_of_packages_is_the_tree():
    tree = {
        ".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "rvosbench").rglob("__init__.py")
    } | {"rvosbench_cli"}
    assert set(PYPROJECT["tool"]["setuptools"]["packages"]) == tree
    assert not [path for path in (ROOT / "cli").rglob("*.py") if path.parent != ROOT / "cli"]


def test_every_file_that_is_not_python_is_package_data():
    patterns = PYPROJECT["tool"]["setuptools"]["package-data"]
    packaged = {
        path
        for package, globs in patterns.items()
        for glob in globs
        for path in (ROOT / package.replace(".", "/")).glob(glob)
    }
    others = {
        path
        for path in (ROOT / "rvosbench").rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc") and "__pycache__" not in path.parts
    }
    assert others == packaged


def test_every_dependency_is_pinned_by_the_constraints():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines if "==" in line}
    project = PYPROJECT["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["test"]
    names = {re.split(r"[<>=!~ ;\[]", each)[0].lower().replace("_", "-") for each in wanted}
    assert names - pinned == set()
    assert "torch==2.13.0" in lines


def test_no_torchvision_no_timm_no_cuda_build():
    text = (ROOT / "pyproject.toml").read_text() + (ROOT / "constraints.txt").read_text()
    requirements = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for word in ("torchvision", "timm", "+cu", "nvidia"):
        assert not any(word in line for line in requirements), word


def test_the_installed_version_is_the_packages_own():
    import rvosbench

    assert metadata.version("rvosbench") == rvosbench.__version__ == PYPROJECT["project"]["version"]


def test_the_script_is_rvos():
    (script,) = [point for point in metadata.entry_points(group="console_scripts") if point.name == "rvos"]
    assert script.value == "rvosbench_cli.main:main"
    assert callable(script.load())
