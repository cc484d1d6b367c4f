"""The Parquet tables of a store, and how records become rows and rows records.

Plain Parquet types only and no pandas index, so that DuckDB, Polars, Spark and Hugging Face datasets
read a store as well as we do. The key `split` lives in the path, not in the files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
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
    (row,) = tables["videos"]
    video_id = str(row["video_id"])
    return Video(
        video_id=video_id,
        split=split,
        height=row["height"],
        width=row["width"],
        fps=row["fps"],
        source=row["source"],
        frames=tuple(
            Frame(
                name=frame["frame_name"],
                annotated=frame["annotated"],
                path=frame["image"]["path"],
                pts_s=frame["pts_s"],
                encoded=frame["image"]["bytes"],
            )
            for frame in tables["frames"]
        ),
        objects=tuple(Object(object_id=o["object_id"], category=o["category"]) for o in tables["objects"]),
        expressions=tuple(expression_from_row(row) for row in tables["expressions"]),
        masks={(mask["object_id"], mask["frame_index"]): _rle(mask["rle"]) for mask in tables["masks"]},
    )


def _rle(value: Mapping[str, Any]) -> Rle:
    height, width = value["size"]
    return Rle(height, width, value["counts"])


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
