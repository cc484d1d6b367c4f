"""The scripts of examples/: each runs as it is, in an empty folder, and prints what its docstring says."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PYCOCOTOOLS = "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
SCRIPTS = sorted(path.name for path in EXAMPLES.glob("*.py"))

PRINTS = {
    "score_arrays.py": (
        r"protocol ytvos: J&F [\d.]+ \[[\d.]+, [\d.]+\]",
        r"one pair: J 0\.\d{3}, F 0\.\d{3}",
    ),
    "own_model.py": (r"\| 1 \| named-colour \|", r"named-colour minus centre: J&F \+[\d.]+ .*\(p 0\.\d{4}\)"),
    "own_slice.py": (r"short +J&F", r"names a motion +J&F", r"in \d videos", r"video_id +text +j_and_f"),
}


def run(script: str, folder: Path) -> str:
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-W", PYCOCOTOOLS, EXAMPLES / script],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_there_are_three():
    assert set(PRINTS) == set(SCRIPTS)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_prints_what_it_says_and_leaves_nothing_behind(script, tmp_path):
    printed = run(script, tmp_path)
    for line in PRINTS[script]:
        assert re.search(line, printed), printed
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_is_short_and_says_first_what_it_prints(script):
    text = (EXAMPLES / script).read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    assert "rint" in (ast.get_docstring(ast.parse(text)) or "")


def test_the_readme_lists_every_example():
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert all(f"({name})" in readme for name in [*SCRIPTS, "plugin"])
