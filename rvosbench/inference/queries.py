"""What is asked about a video: its expressions, or on purpose those about other objects."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from rvosbench.types import Expression, Video


@dataclass(frozen=True, slots=True)
class Query:
    """A text to ask, and the expression whose answer it is taken for."""

    expression_id: str
    text: str


def queries(video: Video) -> list[Query]:
    """Every expression of a video."""
    return [Query(expression.expression_id, expression.text) for expression in video.expressions]


def mismatched_queries(video: Video, *, seed: int) -> list[Query]:
    """Every expression, asked by one about another object of the same video.

    A model that does not listen keeps its score. Expressions without another object to ask for are left
    out.

    Args:
        video: with its expressions.
        seed: decides which of several texts is asked, with the video and the expression.
    """
    asked = []
    for expression in video.expressions:
        text = _text_about_another(expression, video.expressions, seed)
        if text is not None:
            asked.append(Query(expression.expression_id, text))
    return asked


def _text_about_another(expression: Expression, expressions: Sequence[Expression], seed: int) -> str | None:
    """An expression of the same video that shares no object and no wording with `expression`."""
    if not expression.object_ids:
        return None
    others = sorted(
        {
            other.text
            for other in expressions
            if other.object_ids and set(other.object_ids).isdisjoint(expression.object_ids)
        }
        - {expression.text}
    )
    if not others:
        return None
    key = f"{seed}/{expression.video_id}/{expression.expression_id}".encode()
    return others[int.from_bytes(hashlib.sha256(key).digest()[:8], "big") % len(others)]
