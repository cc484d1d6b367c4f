"""Who may know whom: the layers of docs/architecture.md, as data, against every import in the tree."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"deprecation", "errors", "types"}),
    frozenset({"files", "work"}),
    frozenset({"media", "plugins"}),
    frozenset({"drawing", "masks"}),
    frozenset({"runs", "store"}),
    frozenset({"analysis", "datasets", "loader", "metrics", "models", "synthetic"}),
    frozenset({"inference", "preparation", "store_tools", "submission", "training", "workspace"}),
    frozenset({"doctor", "evaluation"}),
    frozenset({"reporting"}),
    frozenset({"testing"}),
    frozenset({"demo"}),
    frozenset({"cli"}),
)
LAYER_OF = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}


def rooms() -> list[tuple[str, Path]]:
    """(room, file) for every source file; the package's own __init__ is no room."""
    found = []
    for path in sorted((ROOT / "rvosbench").rglob("*.py")):
        relative = path.relative_to(ROOT / "rvosbench")
        if relative.parts != ("__init__.py",):
            found.append((relative.parts[0].removesuffix(".py"), path))
    return found + [("cli", path) for path in sorted((ROOT / "cli").rglob("*.py"))]


def imported_rooms(path: Path) -> set[str]:
    """The rooms of rvosbench that a file imports anywhere, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "rvosbench" and len(parts) > 1 and parts[1] in LAYER_OF:
                found.add(parts[1])
            assert parts[0] != "rvosbench_cli", f"{path} imports the command line"
    return found


def test_every_room_has_a_layer():
    assert {room for room, _ in rooms()} == set(LAYER_OF)


def test_the_map_shows_these_layers_and_all_rooms():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = re.findall(r"^(\d+) +([a-z_ ]+)$", page, flags=re.MULTILINE)
    assert drawn == [(str(number), " ".join(sorted(rooms))) for number, rooms in enumerate(LAYERS)]
    listed = set(re.findall(r"^ *([a-z_]+)(?:/|\.py) ", page, flags=re.MULTILINE))
    assert set(LAYER_OF) <= listed


@pytest.mark.parametrize(("room", "path"), rooms(), ids=lambda value: str(value).removeprefix(str(ROOT)))
def test_a_file_imports_only_from_lower_layers(room, path):
    for other in imported_rooms(path) - {room}:
        assert LAYER_OF[other] < LAYER_OF[room], f"{path} ({room}) may not import {other}"


@pytest.mark.parametrize(
    "module", ["rvosbench", "rvosbench.evaluation.evaluate", "rvosbench.preparation", "rvosbench_cli.main"]
)
def test_importing_costs_neither_torch_nor_transformers_nor_matplotlib(module):
    script = (
        f"import sys, {module}; print([m for m in ('torch','transformers','matplotlib') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_help_imports_neither_torch_nor_pyarrow():
    script = (
        "import sys\n"
        "from rvosbench_cli.main import main\n"
        "try:\n"
        "    main(['--help'])\n"
        "except SystemExit:\n"
        "    print([m for m in ('torch','transformers','matplotlib','pyarrow','pandas','numpy','rich') "
        "if m in sys.modules], file=sys.stderr)\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stderr.strip() == "[]"


def test_only_the_command_line_prints():
    for room, path in rooms():
        if room == "cli":
            continue
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
        assert not names & {"print", "exit", "quit"}, path
