"""What decides the numbers of a run, as one digest: scores with the same one are not computed again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow as pa

from rvosbench.errors import RvosbenchError
from rvosbench.evaluation.inputs import Given
from rvosbench.plugins.metric import Metric
from rvosbench.plugins.protocol import Protocol
from rvosbench.plugins.registry import METRICS
from rvosbench.runs.record import NAME, sha256_of
from rvosbench.runs.run import PREDICTIONS, SCORES_FOLDER
from rvosbench.runs.scores import SCORES, Scores
from rvosbench.runs.tables import EXPRESSION_SCHEMA, EXPRESSION_SCORES, FRAME_SCHEMA, FRAME_SCORES, read_table
from rvosbench.submission.trees.folder import Folder
from rvosbench.work.program import program_digest

_PACKAGES = ("numpy", "opencv-python-headless", "pillow", "pyarrow", "pycocotools", "scipy")


def fingerprint(
    what: Given, *, rules: Protocol, metrics: Mapping[str, Metric], facts: Mapping[str, Any]
) -> str | None:
    """A SHA-256 of the predictions, the protocol, the program and all else that decides a number.

    Args:
        what: is scored.
        rules: the protocol.
        metrics: all that are asked for.
        facts: JSON types: the store's fingerprint, the split, the options.

    Returns:
        None where that cannot be told: arrays in memory, or a metric that was registered by a script.
    """
    if any(METRICS.is_registered_here(name) for name in metrics):
        return None
    modules = {getattr(part, "__module__", "") for metric in metrics.values() for part in _parts(metric)}
    path = what.path or (what.run.path / PREDICTIONS if what.run else None)
    if path is None:
        return None
    content = {
        "predictions": _digest(path),
        "record": sha256_of(what.run.path / NAME) if what.run and what.run.record else None,
        "name": what.model,  # of foreign predictions, which scores are called by
        "protocol": asdict(rules),
        "metrics": sorted(metrics),
        "versions": {name: _version(name) for name in _PACKAGES},
        "program": program_digest(*sorted(modules)),
        **facts,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _digest(path: Path) -> str:
    """A SHA-256 of all files that predictions are read from, those behind links among them."""
    if not path.is_dir():
        return sha256_of(path)
    tree = Folder(path)
    content = hashlib.sha256()
    for name in sorted(tree.names()):
        if tree.path_of(name).is_file():
            with tree.file_of(name) as file:
                content.update(
                    f"{'/'.join(name)}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode()
                )
    return content.hexdigest()


def earlier_scores(run: Path, protocol: str, expected: str) -> Scores | None:
    """The scores of a run under a protocol with their tables, if they have that fingerprint and are whole."""
    folder = run / SCORES_FOLDER / protocol
    try:
        scores = Scores.read(folder / SCORES)
        if scores.fingerprint != expected:
            return None
        frames = read_table(folder / FRAME_SCORES, FRAME_SCHEMA)
        expressions = read_table(folder / EXPRESSION_SCORES, EXPRESSION_SCHEMA)
    except RvosbenchError:
        return None  # damaged, or none: they are made
    if frames.num_rows != scores.n_frames:
        return None
    return scores.with_tables(_plain(frames), _plain(expressions), reused=True)


def _plain(table: pa.Table) -> pa.Table:
    return table.combine_chunks().replace_schema_metadata(None)


def _parts(metric: Metric) -> list[object]:
    return [part for part in (metric.numerator, metric.denominator) if part is not None]


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
