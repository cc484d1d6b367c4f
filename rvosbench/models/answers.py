"""Whether a model answered what it was asked, in the shapes that everything else relies on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rvosbench.errors import ShapeError
from rvosbench.types import Clip, Segmentation


def check_answers(
    answers: Sequence[Segmentation], clip: Clip, expressions: Sequence[str], candidates: int, *, model: str
) -> None:
    """Refuse answers of the wrong number, shape or type.

    Args:
        answers: as the model gave them.
        clip: what it was shown.
        expressions: what it was asked.
        candidates: how many ranked masks per expression it was asked for.
        model: its name, for messages.

    Raises:
        ShapeError: naming the model, the clip and the expression.
    """
    if len(answers) != len(expressions):
        raise ShapeError(
            f"{model} gave {len(answers)} answers to {len(expressions)} expressions about "
            f"{clip.video_id}; expected one each"
        )
    for expression, answer in zip(expressions, answers, strict=True):
        count = len(answer.masks)
        shape = (count, len(clip.wanted), *clip.frames.shape[1:3])
        fits = answer.masks.shape == shape and answer.masks.dtype == np.bool_
        if not fits or not 1 <= count <= candidates or answer.scores.shape not in ((count,), shape[:2]):
            raise ShapeError(
                f"{model} answered {expression!r} about {clip.video_id} with masks {answer.masks.shape} "
                f"{answer.masks.dtype} and scores {answer.scores.shape}; expected 1 to {candidates} "
                f"candidates of {shape[1:]} bool (frames, height, width) with one score each"
            )
