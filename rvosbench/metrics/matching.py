"""Which label answers for which object: by its number, or dealt out so that J&F is highest.

Source: `_evaluate_unsupervised` of davis2017-evaluation. There, a label is a proposal: its number means
nothing, so naming the wrong object is forgiven.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.metrics.pairs import measure_pairs
from rvosbench.types import Rle

MAX_PROPOSALS = 20
"""More labels in a video are refused, as in the original."""

Track = Sequence[Rle]
"""One mask per frame."""


def match(
    proposals: Mapping[int, Track],
    objects: Mapping[int, Track],
    voids: Sequence[Rle | None] | None,
    matching: Literal["none", "hungarian"],
    name: str,
) -> list[tuple[int, Track]]:
    """The track that answers for each object; an empty one where the proposals do not suffice.

    Args:
        proposals: label -> (T) masks.
        objects: object id -> (T) masks, at least one object.
        voids: (T) masks of pixels that count for nothing, None where there are none.
        matching: "none": label n answers for object n. "hungarian": one to one, so that the sum over the
            objects of the mean of J and F is highest.
        name: of the proposals, for errors.

    Returns:
        (object id, T masks) of every object. By object id without matching; else in the order of the
        labels, as the original: it decides the last bit of a mean.

    Raises:
        ScoreError: a label belongs to no object, or there are too many labels.
    """
    template = next(iter(objects.values()))[0]
    nothing: Track = [masks.empty(template.height, template.width)] * len(next(iter(objects.values())))
    if matching == "none":
        surplus = sorted(proposals.keys() - objects.keys())
        if surplus:
            raise ScoreError(
                f"{name} has the labels {', '.join(map(str, surplus[:3]))}, the objects are "
                f"{', '.join(map(str, sorted(objects)))}; expected no other labels"
            )
        return [(object_id, proposals.get(object_id, nothing)) for object_id in sorted(objects)]
    if len(proposals) > MAX_PROPOSALS:
        raise ScoreError(
            f"{name} has {len(proposals)} labels, up to {max(proposals)}; expected at most {MAX_PROPOSALS} "
            "proposals, numbered from 1"
        )
    tracks = [proposals[label] for label in sorted(proposals)]
    tracks += [nothing] * (len(objects) - len(tracks))
    ids = list(objects)
    chosen = _assignment(tracks, list(objects.values()), voids)
    return [(ids[column], tracks[row]) for row, column in chosen]


def _assignment(
    tracks: Sequence[Track], truths: Sequence[Track], voids: Sequence[Rle | None] | None
) -> list[tuple[int, int]]:
    """(place of a track, place of a truth), by track; every truth is answered once."""
    if len(tracks) == len(truths) == 1:
        return [(0, 0)]
    from scipy.optimize import linear_sum_assignment  # slow to import, and few protocols match

    frames = len(truths[0])
    j = np.zeros((len(tracks), len(truths), frames))
    f = np.zeros_like(j)
    for column, truth in enumerate(truths):
        for row, track in enumerate(tracks):
            scores = measure_pairs(track, truth, voids)
            j[row, column], f[row, column] = scores.j, scores.f
    rows, columns = linear_sum_assignment(-(j.mean(axis=2) + f.mean(axis=2)) / 2)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True)]
