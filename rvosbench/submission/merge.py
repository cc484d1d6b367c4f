"""The expressions of an annotator in one picture: no pixel belongs to two of them.

The label maps that RVOS code writes for DAVIS come from soft masks: below 0.5 they count as 0, the background
has 0.1 everywhere, and each pixel goes to the highest value. Of binary masks only the result per expression
is known, so a pixel that several expressions claim goes to the one with the highest score in that frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.plugins.protocol import ANNOTATORS
from rvosbench.runs.predictions import Prediction
from rvosbench.types import Expression, Rle, Video


def share_pixels(claims: Sequence[Rle], scores: Sequence[float]) -> list[Rle]:
    """Give each pixel to one of the masks that claim it.

    Args:
        claims: n masks of one size.
        scores: n finite numbers; the highest wins, of equal ones the first.

    Returns:
        n masks without a common pixel; together they cover what the claims cover.

    Raises:
        ShapeError: the masks differ in size.
    """
    if not claims:
        return []
    together = masks.union(claims, claims[0].height, claims[0].width)
    if masks.area(together) == sum(masks.area(claim) for claim in claims):
        return list(claims)
    shared = list(claims)
    free = masks.decode(together)
    for index in sorted(range(len(claims)), key=lambda index: (-scores[index], index)):
        mine = masks.decode(claims[index]) & free
        shared[index] = masks.encode(mine)
        free &= ~mine
    return shared


def merge_expressions(
    video: Video, frames: Sequence[int], answers: Mapping[tuple[str, int], Prediction]
) -> list[Prediction]:
    """One mask per annotator, object and frame, from one per expression and frame.

    Args:
        video: each of whose expressions is an annotator's only one about one object.
        frames: the positions to merge.
        answers: (expression id, frame) -> the answer, complete for these frames.

    Returns:
        Rows whose expression_id is <annotator>/<object id>. The annotators are called `anno_0` to `anno_3`
        in the order of their names, which is that of the usual conversion.

    Raises:
        ScoreError: the expressions are not those of four annotators, each with one expression per object.
    """
    rows = []
    for annotator, expressions in zip(ANNOTATORS, _by_annotator(video), strict=True):
        for frame in frames:
            claims = [answers[expression.expression_id, frame] for expression in expressions.values()]
            shared = share_pixels([row.mask for row in claims], [row.score for row in claims])
            rows += [
                replace(row, expression_id=f"{annotator}/{object_id}", mask=mask)
                for object_id, row, mask in zip(expressions, claims, shared, strict=True)
            ]
    return rows


def _by_annotator(video: Video) -> list[dict[int, Expression]]:
    """For each annotator by name: object id -> expression, by object."""
    of_annotator: dict[str, dict[int, Expression]] = {}
    for expression in video.expressions:
        where = f"expression {expression.expression_id} of video {video.video_id}"
        if expression.annotator is None:
            raise ScoreError(
                f"{where} does not say who wrote it, but the expressions of an annotator are to be merged; "
                "choose davis-expressions, or prepare the official release"
            )
        if expression.object_ids is None or len(expression.object_ids) != 1:
            raise ScoreError(
                f"{where} means the objects {expression.object_ids}, expected exactly one to merge "
                "expressions into a picture of objects; choose a protocol that scores each expression alone"
            )
        (object_id,) = expression.object_ids
        expressions = of_annotator.setdefault(expression.annotator, {})
        if object_id in expressions:
            raise ScoreError(
                f"{where} is the second of {expression.annotator} about object {object_id}, expected one; "
                "choose a protocol that scores each expression alone"
            )
        expressions[object_id] = expression
    if len(of_annotator) != len(ANNOTATORS):
        raise ScoreError(
            f"video {video.video_id} has expressions of {len(of_annotator)} annotators "
            f"({', '.join(sorted(of_annotator))}), "
            f"expected {len(ANNOTATORS)}; choose davis-expressions"
        )
    return [dict(sorted(of_annotator[name].items())) for name in sorted(of_annotator)]
