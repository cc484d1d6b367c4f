"""Masks: COCO run lengths <-> arrays, unions, areas, boxes; indexed PNG files in and out."""

from rvosbench.masks.png import check_png, decode_index_png, encode_binary_png, encode_index_png
from rvosbench.masks.rle import (
    area,
    as_coco,
    as_json,
    bounding_box,
    decode,
    empty,
    encode,
    encode_many,
    union,
)

__all__ = [
    "area",
    "as_coco",
    "as_json",
    "bounding_box",
    "check_png",
    "decode",
    "decode_index_png",
    "empty",
    "encode",
    "encode_binary_png",
    "encode_index_png",
    "encode_many",
    "union",
]
