"""What `import rvosbench` promises. A name that goes is deprecated for a year first."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import rvosbench as rv

PROMISED = {
    *(
        "open_store",
        "open_run",
        "prepare",
        "train",
        "predict",
        "evaluate",
        "merge",
        "compare",
        "leaderboard",
        "report",
    ),
    *("load_model", "segment", "score_pairs"),
    *("Store", "Run", "Scores", "Clip", "Segmentation"),
    *("DATASETS", "MODELS", "METRICS", "PROTOCOLS"),
    *("DatasetSpec", "ModelSpec", "Metric", "Protocol"),
    "RvosbenchError",
}


def test_the_public_names_are_those_that_were_promised():
    assert set(rv.__all__) == PROMISED
    assert len(rv.__all__) == len(PROMISED)
    assert set(rv.__all__) <= set(dir(rv))


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_every_public_name_is_there_with_a_docstring(name):
    value = getattr(rv, name)
    assert inspect.getdoc(value)
    assert getattr(rv, name) is value


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(rv.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.asname: node.module for node in block.body for alias in node.names}
    assert seen == rv._HOME
    assert list(rv._HOME) == list(rv.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'evalute'"):
        _ = rv.evalute


def test_no_room_hides_a_public_function():
    """`rvosbench.report` is a function, so no module may have that name."""
    rooms = {path.stem for path in Path(rv.__file__).parent.iterdir()}
    assert not rooms & PROMISED


@pytest.mark.parametrize(
    "code",
    [
        "import rvosbench",
        "import rvosbench as rv; rv.open_store, rv.evaluate, rv.prepare, rv.report, rv.MODELS",
    ],
)
def test_what_needs_no_torch_loads_none(code):
    heavy = "[m for m in ('torch', 'transformers', 'matplotlib') if m in sys.modules]"
    script = f"import sys\n{code}\nprint({heavy})"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_importing_the_package_alone_loads_no_library():
    script = "import sys, rvosbench; print([m for m in ('numpy', 'pyarrow', 'PIL') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_a_user_under_strict_types_gets_types(tmp_path):
    """What a package that depends on this one sees: every name has a type, none is Any by accident."""
    pytest.importorskip("torch", reason="needs torch")
    program = tmp_path / "program.py"
    program.write_text(
        "from pathlib import Path\n"
        "import rvosbench as rv\n"
        "def board(folder: str) -> rv.Scores:\n"
        "    store: rv.Store = rv.open_store(folder)\n"
        "    run: rv.Run = rv.open_run(Path('run'))\n"
        "    page: Path = rv.report(run, store)\n"
        "    title: str = rv.DATASETS['ytvos'].card.title\n"
        "    print(page, title, rv.leaderboard([run]).to_pandas())\n"
        "    return rv.evaluate(run, store, protocol='ytvos')\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    root = Path(rv.__file__).resolve().parents[1]
    config = ["--config-file", str(root / "pyproject.toml"), str(program)]
    result = subprocess.run([*command, *config], cwd=root, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_two_masks_can_be_scored_without_a_file():
    from rvosbench import masks

    mask = masks.encode(np.eye(8, dtype=np.bool_))
    j, f = rv.score_pairs([mask], [mask])
    assert (j.tolist(), f.tolist()) == ([1.0], [1.0])
