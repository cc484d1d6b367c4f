"""Does the model listen? The same objects, asked with the right expression and with another object's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rvosbench.analysis.bootstrap import Comparison, compare
from rvosbench.errors import ScoreError
from rvosbench.reporting.cases import expression_scores
from rvosbench.reporting.leaderboard import read_row


@dataclass(frozen=True, kw_only=True, slots=True)
class SwapEffect:
    """J&F over the expressions that could be swapped, as fractions."""

    n_expressions: int
    n_videos: int
    right: float  # mean J&F with the expression of the object
    swapped: float  # mean J&F with an expression about another object of the same video
    cost: Comparison  # right minus swapped; near 0 for a model that does not listen


def swap_effect(run: Path, swapped: Path, *, seed: int = 0) -> SwapEffect:
    """Compare a run with the same model's run over swapped expressions, expression by expression.

    Expressions that could not be swapped are left out of both means.

    Raises:
        ScoreError: `swapped` was not made with swapped expressions, scored something else, or shares no
            expression with `run`.
    """
    first, second = read_row(run), read_row(swapped)
    if not second.swapped:
        raise ScoreError(f"{swapped} was asked with the right expressions; predict it with swapped ones")
    for what in ("model", "dataset", "split", "store_fingerprint", "protocol"):
        if getattr(first, what) != getattr(second, what):
            raise ScoreError(
                f"{swapped} has another {what.replace('_', ' ')} than {run} ({getattr(second, what)!r}, "
                f"{getattr(first, what)!r}); compare runs of one model on one split"
            )
    right, other = _by_key(run), _by_key(swapped)
    keys = sorted(right.keys() & other.keys())
    if not keys:
        raise ScoreError(f"{run} and {swapped} share no expression; predict both from one store")
    a, b = [right[key] for key in keys], [other[key] for key in keys]
    videos = [video_id for video_id, _ in keys]
    return SwapEffect(
        n_expressions=len(keys),
        n_videos=len(set(videos)),
        right=float(np.mean(a)),
        swapped=float(np.mean(b)),
        cost=compare(a, b, videos, seed),
    )


def _by_key(run: Path) -> dict[tuple[str, str], float]:
    return {
        (row["video_id"], row["expression_id"]): row["j_and_f"] for row in expression_scores(run).to_pylist()
    }
