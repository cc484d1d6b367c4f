"""What a scored part keeps besides its tables, so that the whole can be computed from all parts.

An expression's annotator decides which means are taken, and the ranking needs the detections of all videos.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rvosbench.errors import FormatError
from rvosbench.evaluation.collect import ScoredVideos
from rvosbench.plugins.registry import METRICS
from rvosbench.plugins.table import Matches
from rvosbench.runs.scores import Scores
from rvosbench.runs.tables import (
    EXPRESSION_SCHEMA,
    EXPRESSION_SCORES,
    FRAME_SCHEMA,
    FRAME_SCORES,
    SAMPLE_SCHEMA,
    read_table,
)

ANNOTATORS = "annotators.parquet"
SAMPLES = "samples.parquet"
DETECTIONS = "detections.parquet"

_THRESHOLDS = 10
_ANNOTATORS_SCHEMA = pa.schema(  # a row per expression; null: nobody's
    [("annotator", pa.string()), ("author", pa.string())]
)
_NULLABLE = frozenset(_ANNOTATORS_SCHEMA.names)
_SAMPLES_SCHEMA = pa.schema(  # a row per frame, where something is ranked
    [("sample_id", pa.string()), ("truth_area", pa.float64()), ("crowd", pa.bool_())]
)
_DETECTIONS_SCHEMA = pa.schema(  # a row per detection, the best score first
    [
        ("sample", pa.int64()),  # row of the samples
        ("score", pa.float64()),
        ("rank", pa.int64()),  # 0 for the best of its sample
        ("area", pa.float64()),  # px
        ("hit", pa.list_(pa.bool_(), _THRESHOLDS)),  # its sample's match, at IoU 0.5, 0.55 ... 0.95
    ]
)


def write_part(scored: ScoredVideos, folder: Path) -> None:
    """Write it beside the two tables."""
    _write(
        folder / ANNOTATORS,
        _ANNOTATORS_SCHEMA,
        annotator=list(scored.annotators),
        author=list(scored.authors),
    )
    matches = scored.matches
    if matches is None:
        return
    _write(
        folder / SAMPLES,
        _SAMPLES_SCHEMA,
        sample_id=list(scored.sample_ids),
        truth_area=matches.truth_area,
        crowd=matches.crowd,
    )
    hits = pa.FixedSizeListArray.from_arrays(pa.array(matches.hit.ravel(), pa.bool_()), _THRESHOLDS)
    _write(
        folder / DETECTIONS,
        _DETECTIONS_SCHEMA,
        sample=matches.sample,
        score=matches.score,
        rank=matches.rank,
        area=matches.area,
        hit=hits,
    )


def read_part(folder: Path, scores: Scores) -> ScoredVideos:
    """The rows of a scored part.

    Args:
        folder: `scores/<protocol>/` of the part.
        scores: its scores.json.

    Raises:
        MissingPathError: a table is not there.
        FormatError: a table is damaged, or of other scores.
    """
    names = read_table(folder / FRAME_SCORES, FRAME_SCHEMA).column_names
    frames = _read(
        folder / FRAME_SCORES, SAMPLE_SCHEMA if set(SAMPLE_SCHEMA.names) <= set(names) else FRAME_SCHEMA
    )
    expressions = _read(folder / EXPRESSION_SCORES, EXPRESSION_SCHEMA)
    people = _read(folder / ANNOTATORS, _ANNOTATORS_SCHEMA)
    annotators = tuple(people["annotator"].to_pylist())
    matches, ids = None, tuple[str, ...]()
    if frames.num_rows and any(METRICS[name].over == "ranking" for name in scores.metrics):
        samples = _read(folder / SAMPLES, _SAMPLES_SCHEMA)
        detections = _read(folder / DETECTIONS, _DETECTIONS_SCHEMA)
        ids = tuple(samples["sample_id"].to_pylist())
        hits = detections["hit"].combine_chunks()
        matches = Matches(
            detections["sample"].to_numpy(),
            detections["score"].to_numpy(),
            detections["rank"].to_numpy(),
            detections["area"].to_numpy(),
            hits.flatten().to_numpy(zero_copy_only=False).reshape(-1, _THRESHOLDS),
            samples["truth_area"].to_numpy(),
            samples["crowd"].to_numpy(zero_copy_only=False),
        )
        if len(ids) != frames.num_rows or np.any((matches.sample < 0) | (matches.sample >= len(ids))):
            raise _of_others(folder)
    if frames.num_rows != scores.n_frames or len(annotators) != expressions.num_rows:
        raise _of_others(folder)
    return ScoredVideos(
        frames=frames,
        expressions=expressions,
        annotators=annotators,
        matches=matches,
        sample_ids=ids,
        adjusted=scores.adjusted,
        authors=tuple(people["author"].to_pylist()),
        unscored=scores.unscored_videos,
    )


def _of_others(folder: Path) -> FormatError:
    return FormatError(f"the tables in {folder} do not belong together; score that part again")


def _write(path: Path, schema: pa.Schema, **columns: object) -> None:
    pq.write_table(pa.table(columns, schema=schema), path, compression="zstd")


def _read(path: Path, schema: pa.Schema) -> pa.Table:
    """The columns of `schema` and no other, without what Parquet has noted about them."""
    table = read_table(path, schema).select(schema.names)
    try:
        table = table.replace_schema_metadata(None).cast(schema).combine_chunks()
    except pa.ArrowException as error:
        raise FormatError(f"{path} has columns of other types; score that part again") from error
    if any(table[name].null_count for name in schema.names if name not in _NULLABLE):
        raise FormatError(f"{path} has rows that lack a value; score that part again")
    return table
