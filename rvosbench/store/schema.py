"""The Parquet tables of a store, and how records become rows and rows records.

Plain Parquet types only and no pandas index, so that DuckDB, Polars, Spark and Hugging Face datasets
read a store as well as we do. The key `split` lives in the path, not in the files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from rvosbench import masks
from rvosbench.types import Expression, Frame, Object, Rle, Video

FORMAT_VERSION = 1
MANIFEST = "dataset.json"
MEDIA = "media"
"""The folder of a packed store with the video files, under their paths in the release."""

SCHEMAS: Mapping[str, pa.Schema] = {
    "videos": pa.schema(
        [
            ("video_id", pa.string()),
            ("height", pa.int32()),
            ("width", pa.int32()),
            ("num_frames", pa.int32()),
            ("fps", pa.float64()),
            ("source", pa.string()),
        ]
    ),
    "frames": pa.schema(
        [
            ("video_id", pa.string()),
            ("frame_index", pa.int32()),
            ("frame_name", pa.string()),
            ("pts_s", pa.float64()),
            ("annotated", pa.bool_()),
            ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        ]
    ),
    "objects": pa.schema([("video_id", pa.string()), ("object_id", pa.int32()), ("category", pa.string())]),
    "expressions": pa.schema(
        [
            ("video_id", pa.string()),
            ("expression_id", pa.string()),
            ("text", pa.string()),
            ("object_ids", pa.list_(pa.int32())),
            ("annotator", pa.string()),
        ]
    ),
    "masks": pa.schema(
        [
            ("video_id", pa.string()),
            ("object_id", pa.int32()),
            ("frame_index", pa.int32()),
            ("rle", pa.struct([("size", pa.list_(pa.int32())), ("counts", pa.binary())])),
            ("area", pa.int64()),
            ("bbox", pa.list_(pa.float32())),
        ]
    ),
}


def rows(video: Video) -> dict[str, list[dict[str, Any]]]:
    """One video as the rows of all five tables, each sorted by its keys."""
    key = {"video_id": video.video_id}
    return {
        "videos": [
            key
            | {
                "height": video.height,
                "width": video.width,
                "num_frames": len(video.frames),
                "fps": video.fps,
                "source": video.source,
            }
        ],
        "frames": [
            key
            | {
                "frame_index": index,
                "frame_name": frame.name,
                "pts_s": frame.pts_s,
                "annotated": frame.annotated,
                "image": {"bytes": frame.encoded, "path": frame.path},
            }
            for index, frame in enumerate(video.frames)
        ],
        "objects": [
            key | {"object_id": obj.object_id, "category": obj.category}
            for obj in sorted(video.objects, key=lambda obj: obj.object_id)
        ],
        "expressions": [
            key
            | {
                "expression_id": expression.expression_id,
                "text": expression.text,
                "object_ids": None if expression.object_ids is None else list(expression.object_ids),
                "annotator": expression.annotator,
            }
            for expression in video.expressions
        ],
        "masks": [
            key
            | {
                "object_id": object_id,
                "frame_index": frame_index,
                "rle": {"size": [rle.height, rle.width], "counts": rle.counts},
                "area": masks.area(rle),
                "bbox": list(masks.bounding_box(rle)),
            }
            for (object_id, frame_index), rle in sorted(video.masks.items())
        ],
    }


def video_from_rows(split: str, tables: Mapping[str, Iterable[Mapping[str, Any]]]) -> Video:
    """The inverse of `rows` for one video."""
    columns: dict[str, dict[str, list[Any]]] = {}
    for name, table in tables.items():
        flat = [
            {
                column: value
                for key, cell in row.items()
                for column, value in (
                    ((f"{key}.{part}", inner) for part, inner in cell.items())
                    if isinstance(cell, Mapping)
                    else ((key, cell),)
                )
            }
            for row in table
        ]
        columns[name] = {key: [row[key] for row in flat] for key in (flat[0] if flat else ())}
    return video_from_columns(split, columns)


def video_from_columns(split: str, tables: Mapping[str, Mapping[str, Sequence[Any]]]) -> Video:
    """One video from the columns of its five tables, the fields of a struct in columns of their own.

    Args:
        split: of the store.
        tables: table -> column -> the values of the video's rows; a table without rows may lack its columns.
    """

    def rows_of(table: str, *names: str) -> Iterable[tuple[Any, ...]]:
        columns = tables[table]
        return zip(*(columns[name] for name in names), strict=True) if columns else ()

    video = tables["videos"]
    (video_id,) = video["video_id"]
    return Video(
        video_id=str(video_id),
        split=split,
        height=video["height"][0],
        width=video["width"][0],
        fps=video["fps"][0],
        source=video["source"][0],
        frames=tuple(
            Frame(name=name, annotated=annotated, path=path, pts_s=pts_s, encoded=encoded)
            for name, annotated, path, pts_s, encoded in rows_of(
                "frames", "frame_name", "annotated", "image.path", "pts_s", "image.bytes"
            )
        ),
        objects=tuple(
            Object(object_id=object_id, category=category)
            for object_id, category in rows_of("objects", "object_id", "category")
        ),
        expressions=tuple(
            Expression(
                video_id=str(video_id),
                expression_id=expression_id,
                text=text,
                object_ids=None if object_ids is None else tuple(object_ids),
                annotator=annotator,
            )
            for expression_id, text, object_ids, annotator in rows_of(
                "expressions", "expression_id", "text", "object_ids", "annotator"
            )
        ),
        masks={
            (object_id, frame): _rle(size, counts)
            for object_id, frame, size, counts in rows_of(
                "masks", "object_id", "frame_index", "rle.size", "rle.counts"
            )
        },
    )


def _rle(size: Sequence[int], counts: bytes) -> Rle:
    height, width = size
    return Rle(height, width, counts)


def expression_from_row(row: Mapping[str, Any]) -> Expression:
    """One row of the table `expressions`."""
    object_ids = row["object_ids"]
    return Expression(
        video_id=row["video_id"],
        expression_id=row["expression_id"],
        text=row["text"],
        object_ids=None if object_ids is None else tuple(object_ids),
        annotator=row["annotator"],
    )


def digest(video: Video) -> bytes:
    """A SHA-256 of what a video says (not of its pixels), the same for every pyarrow version.

    Two stores with equal digests hold the same ids, expressions, masks and annotated frames, so
    predictions for one can be scored against the other.
    """
    content = hashlib.sha256()
    head = [video.split, video.video_id, video.height, video.width]
    frames = [[frame.name, frame.annotated] for frame in video.frames]
    objects = [[obj.object_id, obj.category] for obj in sorted(video.objects, key=lambda o: o.object_id)]
    expressions = [[e.expression_id, e.text, e.object_ids, e.annotator] for e in video.expressions]
    content.update(json.dumps([head, frames, objects, expressions]).encode())
    for key, rle in sorted(video.masks.items()):
        content.update(repr((key, rle.height, rle.width, rle.counts)).encode())
    return content.digest()
