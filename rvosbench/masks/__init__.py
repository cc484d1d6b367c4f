"""Masks: COCO run lengths <-> arrays, unions, areas, boxes; label maps and masks as PNG files, in and out."""

from rvosbench.masks.label_runs import split_labels
from rvosbench.masks.labels import read_labels
from rvosbench.masks.mask_files import read_mask
from rvosbench.masks.noise import Noise
from rvosbench.masks.palettes import converted_to_grey
from rvosbench.masks.png import check_png, encode_binary_png, encode_index_png
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
from rvosbench.masks.roles import Role

__all__ = [
    "Noise",
    "Role",
    "area",
    "as_coco",
    "as_json",
    "bounding_box",
    "check_png",
    "converted_to_grey",
    "decode",
    "empty",
    "encode",
    "encode_binary_png",
    "encode_index_png",
    "encode_many",
    "read_labels",
    "read_mask",
    "split_labels",
    "union",
]
