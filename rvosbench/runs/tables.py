"""The two tables of a scored run: a row per frame, a row per expression."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rvosbench.errors import FormatError, MissingPathError
from rvosbench.files.text import one_line

FRAME_SCORES = "frame_scores.parquet"
EXPRESSION_SCORES = "expression_scores.parquet"

FRAME_SCHEMA = pa.schema(
    [
        ("video_id", pa.string()),
        ("expression_id", pa.string()),
        ("frame_index", pa.int32()),
        ("j", pa.float64()),  # intersection over union; 1 when both masks are empty
        ("f", pa.float64()),
        ("intersection", pa.int64()),  # px, as the areas; void pixels left out
        ("union", pa.int64()),
        ("predicted_area", pa.int64()),
        ("true_area", pa.int64()),
    ]
)
BOX_FIELDS = (
    pa.field("box_intersection", pa.int64()),  # px, of the bounding boxes of answer and truth
    pa.field("box_union", pa.int64()),
)
"""More columns of the frames, where the protocol counts frame samples."""

SAMPLE_SCHEMA = pa.schema([*FRAME_SCHEMA, *BOX_FIELDS])

EXPRESSION_SCHEMA = pa.schema(
    [
        ("video_id", pa.string()),
        ("expression_id", pa.string()),
        ("text", pa.string()),
        ("j", pa.float64()),  # mean over the frames
        ("f", pa.float64()),
        ("j_and_f", pa.float64()),
        ("n_frames", pa.int32()),
    ]
)

STATISTICS = {"J recall": "j_recall", "J decay": "j_decay", "F recall": "f_recall", "F decay": "f_decay"}
"""Metric -> one more column of the expressions (float64), where the protocol reports that metric."""


def read_table(path: Path, schema: pa.Schema) -> pa.Table:
    """A Parquet file of a scored run that holds at least the columns of `schema`.

    Raises:
        MissingPathError: it is not there.
        FormatError: it cannot be read.
    """
    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise MissingPathError(f"{path} is missing; score the run again with rvos evaluate") from None
    except (pa.ArrowException, OSError) as error:
        detail = one_line(error)
        raise FormatError(f"{path} cannot be read as Parquet ({detail}); score the run again") from error
    missing = sorted(set(schema.names) - set(table.column_names))
    if missing:
        raise FormatError(f"{path} lacks the columns {', '.join(missing)}; score the run again")
    return table
