"""Samples as A2D-Sentences counts them: an expression, and an annotated frame that shows what it means."""

from __future__ import annotations

from collections.abc import Mapping

from rvosbench.store import Store
from rvosbench.types import Card

SAMPLES = "samples"
"""The key of `Card.counts` beside the names of the tables."""


def with_samples(store: Store, card: Card) -> dict[str, Mapping[str, int]]:
    """Split -> table -> rows, and the number of samples of the splits whose card says how many there are."""
    return {
        split: rows | {SAMPLES: count_samples(store, split)}
        if SAMPLES in card.counts.get(split, {})
        else rows
        for split, rows in store.splits.items()
    }


def count_samples(store: Store, split: str) -> int:
    """Pairs of an expression and a frame in which at least one of the objects that it means has a mask."""
    columns = ("video_id", "object_id", "frame_index")
    table = store.table("masks", split, columns)
    frames: dict[tuple[str, int], set[int]] = {}
    for video_id, object_id, frame in zip(*(table[name].to_pylist() for name in columns), strict=True):
        frames.setdefault((video_id, object_id), set()).add(frame)
    return sum(
        len(set().union(*(frames.get((expression.video_id, o), set()) for o in expression.object_ids or ())))
        for expression in store.expressions(split)
    )
