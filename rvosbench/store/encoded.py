"""One video as one Arrow row: checked, encoded and digested where it is read, even in another process.

The row holds the video's part of all five tables as lists, so that it travels as one block of bytes, and a
table of the store is nothing but such lists one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from rvosbench.errors import DatasetError
from rvosbench.store.checks import check
from rvosbench.store.schema import SCHEMAS, digest, rows
from rvosbench.types import Video

_MOST_BYTES = 2**31 - 2**20  # of one column in one row group: Arrow counts them in 31 bits
_ROW = pa.schema(
    [
        ("split", pa.string()),
        ("video_id", pa.string()),
        ("digest", pa.binary()),
        ("data_bytes", pa.int64()),
        *((name, pa.list_(pa.struct(list(schema)))) for name, schema in SCHEMAS.items()),
    ]
)


@dataclass(frozen=True, kw_only=True, slots=True)
class EncodedVideo:
    """A sound video, ready to be written."""

    split: str
    video_id: str
    digest: bytes  # what the video says, see `schema.digest`
    data_bytes: int  # run lengths and packed frames
    row_counts: Mapping[str, int]  # table -> rows
    row: pa.RecordBatch


def encode(video: Video) -> bytes:
    """Check a video and lay it out as the tables hold it.

    Returns:
        What `decode` reads.

    Raises:
        DatasetError: the video contradicts itself, or is too large.
    """
    check(video)
    data_bytes = sum(len(frame.encoded) for frame in video.frames if frame.encoded is not None)
    data_bytes += sum(len(rle.counts) for rle in video.masks.values())
    if data_bytes > _MOST_BYTES:
        raise DatasetError(
            f"{video.split}/{video.video_id} has {data_bytes / 2**20:,.0f} MB of masks and packed frames, "
            f"expected at most {_MOST_BYTES / 2**20:,.0f}; leave its frames where they are"
        )
    row: dict[str, list[object]] = {name: [table_rows] for name, table_rows in rows(video).items()}
    row |= {"split": [video.split], "video_id": [video.video_id]}
    row |= {"digest": [digest(video)], "data_bytes": [data_bytes]}
    encoded: bytes = pa.RecordBatch.from_pydict(row, schema=_ROW).serialize().to_pybytes()
    return encoded


def decode(data: bytes) -> EncodedVideo:
    """The inverse of `encode`; refers to `data` and copies nothing.

    Args:
        data: what `encode` returned, to the bit: Arrow does not check.
    """
    row = pa.ipc.read_record_batch(pa.py_buffer(data), _ROW)
    return EncodedVideo(
        split=row.column("split")[0].as_py(),
        video_id=row.column("video_id")[0].as_py(),
        digest=row.column("digest")[0].as_py(),
        data_bytes=row.column("data_bytes")[0].as_py(),
        row_counts={name: len(row.column(name).values) for name in SCHEMAS},
        row=row,
    )


def as_tables(videos: Sequence[EncodedVideo]) -> dict[str, pa.Table]:
    """The rows of some videos as the five tables, each in one chunk, however they were produced."""
    together = pa.Table.from_batches([video.row for video in videos], schema=_ROW).combine_chunks()
    return {
        name: pa.Table.from_batches(
            [
                pa.RecordBatch.from_arrays(chunk.flatten().flatten(), schema=schema)
                for chunk in together.column(name).chunks
            ],
            schema=schema,
        )
        for name, schema in SCHEMAS.items()
    }
