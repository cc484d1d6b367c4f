"""The videos of a store, with how much there is of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rvosbench.store import Store
from rvosbench.store_tools.parts import batches

_COUNTED = ("frames", "objects", "expressions", "masks")


@dataclass(frozen=True, kw_only=True, slots=True)
class VideoRow:
    """One video in numbers."""

    split: str
    video_id: str
    height: int  # px
    width: int  # px
    frames: int
    objects: int
    expressions: int
    masks: int


def list_videos(store: Store, splits: Sequence[str] | None = None) -> Iterator[VideoRow]:
    """The videos of a store, split by split, by id.

    Args:
        store: the store.
        splits: only these; all by default.

    Raises:
        UnknownNameError: no such split.
        FormatError: a file is damaged.
    """
    for split in store.splits if splits is None else map(store.only_split, splits):
        counts = {table: _count(store, table, split) for table in _COUNTED}
        columns = ("video_id", "height", "width")
        for batch in batches(store, "videos", split, columns):
            for video_id, height, width in zip(*(batch[name].to_pylist() for name in columns), strict=True):
                yield VideoRow(
                    split=split,
                    video_id=video_id,
                    height=height,
                    width=width,
                    **{table: counts[table][video_id] for table in _COUNTED},
                )


def _count(store: Store, table: str, split: str) -> Counter[str]:
    """Video -> its rows in a table."""
    counts: Counter[str] = Counter()
    for batch in batches(store, table, split, ("video_id",)):
        for entry in batch["video_id"].value_counts():
            counts[entry["values"].as_py()] += entry["counts"].as_py()
    return counts
