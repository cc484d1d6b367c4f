"""The two tables of a scored run: a row per frame, a row per expression."""

from __future__ import annotations

from pathlib import Path

import numpy as np
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


class ByVideo:
    """A table whose rows are found by their video, without looking at all of them for each."""

    def __init__(self, rows: pa.Table) -> None:
        """Index it.

        Args:
            rows: with a column `video_id` without nulls, in any order.
        """
        self._rows = rows
        ids = rows["video_id"].combine_chunks().dictionary_encode()
        codes = ids.indices.to_numpy(zero_copy_only=False)
        self._order = np.argsort(codes, kind="stable")
        ends = np.cumsum(np.bincount(codes, minlength=len(ids.dictionary))).tolist()
        self._ranges = dict(
            zip(ids.dictionary.to_pylist(), zip([0, *ends[:-1]], ends, strict=True), strict=True)
        )

    def __getitem__(self, video_id: str) -> pa.Table:
        """The rows of a video, in their order; none of an unknown one."""
        low, high = self._ranges.get(video_id, (0, 0))
        rows = self._order[low:high]
        if not len(rows):
            return self._rows.slice(0, 0)
        if rows[-1] - rows[0] + 1 == len(rows):
            return self._rows.slice(rows[0], len(rows))
        return self._rows.take(pa.array(rows))


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
