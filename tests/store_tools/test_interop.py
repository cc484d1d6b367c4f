"""docs/format.md shows one line for each tool that opens a store; here the lines are run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tiny_store import tiny_store

DOCS = Path(__file__).resolve().parents[2] / "docs" / "format.md"


def lines_of(tool: str) -> list[str]:
    """The lines of docs/format.md between the heading of a tool and the next one."""
    found = re.search(rf"^# {tool}\n(.*?)(?=^# |^```)", DOCS.read_text(encoding="utf-8"), re.M | re.S)
    assert found, f"docs/format.md has no example for {tool}"
    return found[1].strip().splitlines()


def opened(tool, module, tmp_path, monkeypatch):
    """What the last line gives, run beside a folder `stores` with a store `ytvos`."""
    pytest.importorskip(module, reason=f"{module} is not installed; it comes with the extra interop")
    tiny_store(tmp_path / "stores" / "ytvos")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache" / "datasets"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    *before, last = lines_of(tool)
    names: dict[str, object] = {}
    exec("\n".join(before), names)
    return eval(last.split("  #")[0], names)


EXPRESSIONS = ["a cat", "a cow", "both squares", "the blue one", "the dog", "the red square"]
EXPRESSIONS = sorted([*EXPRESSIONS, "the square on the left"])


def test_pyarrow_reads_a_table_with_its_split(tmp_path, monkeypatch):
    table = opened("PyArrow", "pyarrow", tmp_path, monkeypatch)
    assert sorted(table["text"].to_pylist()) == EXPRESSIONS
    assert set(table["split"].to_pylist()) == {"train", "valid"}


def test_pandas_reads_a_table_with_its_split(tmp_path, monkeypatch):
    frame = opened("pandas", "pandas", tmp_path, monkeypatch)
    assert sorted(frame["text"]) == EXPRESSIONS
    assert set(frame["split"]) == {"train", "valid"}


def test_duckdb_reads_a_table_with_its_split(tmp_path, monkeypatch):
    result = opened("DuckDB", "duckdb", tmp_path, monkeypatch).fetchall()
    assert sorted(result) == [("train", 5), ("valid", 2)]


def test_polars_reads_a_table_with_its_split(tmp_path, monkeypatch):
    frame = opened("Polars", "polars", tmp_path, monkeypatch)
    assert sorted(frame["text"].to_list()) == EXPRESSIONS
    assert set(frame["split"].to_list()) == {"train", "valid"}


def test_datasets_reads_a_table_of_one_split(tmp_path, monkeypatch):
    loaded = opened("Hugging Face datasets", "datasets", tmp_path, monkeypatch)
    assert sorted(loaded["text"]) == sorted(set(EXPRESSIONS) - {"a cat", "a cow"})
    assert loaded[0]["object_ids"] == [0]
