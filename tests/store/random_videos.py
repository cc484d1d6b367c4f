"""Hypothesis strategies for videos that a store can hold."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rvosbench import masks
from rvosbench.types import Card, Expression, Frame, Object, Video

CARD = Card(name="tiny", title='Tiny: a "test"', homepage="none", licence="none", citation="@misc{x}")

IDS = st.text("abcABC012-_. é", min_size=1, max_size=8)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


@st.composite
def videos(draw, video_id: str = "v", split: str = "train") -> Video:
    """Any video whose parts do not contradict each other, with its objects in order."""
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    kind = draw(st.sampled_from(["files", "mp4", "packed"]))
    frames = tuple(
        Frame(
            name=f"{index:05d}",
            annotated=draw(st.booleans()),
            path=None if kind == "packed" else f"{draw(IDS)}/x.jpg",
            pts_s=index / 24 if kind == "mp4" else None,
            encoded=draw(st.binary(max_size=9)) if kind == "packed" else None,
        )
        for index in range(draw(st.integers(1, 4)))
    )
    object_ids = sorted(draw(st.sets(st.integers(0, 2**31 - 1), max_size=3)))
    keys = [(o, index) for o in object_ids for index, frame in enumerate(frames) if frame.annotated]
    chosen = draw(st.lists(st.sampled_from(keys), unique=True)) if keys else []
    subset = st.lists(st.sampled_from(object_ids), unique=True) if object_ids else st.just([])
    return Video(
        video_id=video_id,
        split=split,
        height=height,
        width=width,
        fps=draw(st.none() | st.floats(1, 60)),
        source=draw(TEXTS),
        frames=frames,
        objects=tuple(Object(object_id=o, category=draw(st.none() | TEXTS)) for o in object_ids),
        expressions=tuple(
            Expression(
                video_id=video_id,
                expression_id=expression_id,
                text=draw(TEXTS),
                object_ids=draw(st.none() | subset.map(tuple)),
                annotator=draw(st.none() | TEXTS),
            )
            for expression_id in draw(st.lists(IDS, unique=True, max_size=3))
        ),
        masks={key: masks.encode(draw(arrays.arrays(np.bool_, (height, width)))) for key in sorted(chosen)},
    )
