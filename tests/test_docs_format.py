"""docs/format.md lists every key of run.json and scores.json, and every column of a run's tables."""

from __future__ import annotations

import json
import re
from pathlib import Path

from rvosbench.evaluation.evaluate import evaluate
from rvosbench.inference.predict import predict
from rvosbench.runs.predictions import SCHEMA
from rvosbench.runs.tables import EXPRESSION_SCHEMA, SAMPLE_SCHEMA, STATISTICS
from rvosbench.store.schema import SCHEMAS
from rvosbench.testing import tiny_store

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "format.md").read_text(encoding="utf-8")


def keys_in(text: str) -> set[str]:
    """The names at the beginning of each row of the table after `text`."""
    rows = PAGE.split(text, 1)[1].split("|---|---|\n", 1)[1].split("\n\n", 1)[0].splitlines()
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])}


def test_every_key_of_a_run_is_on_the_page(tmp_path):
    tiny_store(tmp_path / "store")
    run = predict("centre", tmp_path / "store", split="train", out=tmp_path / "run")
    evaluate(run, protocol="ytvos")
    assert keys_in("`run.json` of predictions:") == set(json.loads((run / "run.json").read_text()))
    scores = json.loads((run / "scores" / "ytvos" / "scores.json").read_text())
    assert keys_in("`scores.json`:") == set(scores)
    assert f"| `schema_version` | {scores['schema_version']} |" in PAGE
    figures = next(line for line in PAGE.splitlines() if line.startswith("| `metrics` |"))
    assert set(re.findall(r"`([a-z]+)`", figures)) - {"metrics", "n"} == set(scores["metrics"]["J&F"]) - {"n"}


def test_every_column_is_on_the_page():
    for file, columns in (
        ("frame_scores.parquet", SAMPLE_SCHEMA.names),
        ("expression_scores.parquet", [*EXPRESSION_SCHEMA.names, *STATISTICS.values()]),
    ):
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `.../{file}`"))
        assert re.findall(r"`([a-z_]+)`", row) == columns
    predictions = PAGE.split("## Predictions", 1)[1].split("Anything that writes", 1)[0]
    assert set(SCHEMA.names) <= set(re.findall(r"`([a-z_]+)`", predictions))
    for table, schema in SCHEMAS.items():
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{table}` |"))
        assert all(re.search(rf"`{name}[:`]", row) or re.search(rf"\b{name}\b", row) for name in schema.names)
