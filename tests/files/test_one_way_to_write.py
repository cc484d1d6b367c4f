"""Nobody but `rvosbench.files` gives anything its final name."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The check of a plugin's dataset moves files of a copy aside, to see what their absence does.
ALLOWED = {
    ROOT / "rvosbench" / "testing" / "check_damage.py",
    *(ROOT / "rvosbench" / "files").glob("*.py"),
}
SOURCES = [path for room in ("rvosbench", "cli") for path in sorted((ROOT / room).rglob("*.py"))]
MOVES = {"rename", "renames", "move", "mkdtemp", "mkstemp", "NamedTemporaryFile", "fsync"}


def moves(path: Path) -> list[str]:
    """Calls that put a file or folder in place: `x.rename(y)`, `x.replace(y)` with one argument, ..."""
    calls = [
        node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
    ]
    methods = [(call, call.func) for call in calls if isinstance(call.func, ast.Attribute)]
    return [
        f"{path.relative_to(ROOT)}:{call.lineno}: {name.attr}"
        for call, name in methods
        if name.attr in MOVES or (name.attr == "replace" and len(call.args) == 1 and not call.keywords)
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_written_is_put_in_place_by_files(path):
    assert path in ALLOWED or moves(path) == []


def test_the_calls_are_seen():
    assert {entry.rsplit(" ", 1)[1] for path in ALLOWED for entry in moves(path)} >= {
        "rename",
        "replace",
        "fsync",
    }
