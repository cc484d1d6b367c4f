"""Does the model listen? The same objects, asked with the right expression and with another object's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rvosbench.analysis.bootstrap import Comparison, compare
from rvosbench.errors import ScoreError
from rvosbench.runs.run import Run, open_run
from rvosbench.runs.scores import Scores


@dataclass(frozen=True, kw_only=True, slots=True)
class MismatchEffect:
    """J&F over the expressions for which another object's was at hand, as fractions."""

    n_expressions: int
    n_videos: int
    right: float  # mean J&F with the expression of the object
    mismatched: float  # mean J&F with an expression about another object of the same video
    cost: Comparison  # right minus mismatched; near 0 for a model that does not listen


def mismatch_effect(
    run: str | Path | Run, mismatched: str | Path | Run, *, protocol: str | None = None, seed: int = 0
) -> MismatchEffect:
    """Compare a run with the same model's run over mismatched expressions, expression by expression.

    Expressions without another object's in the same video are left out of both means.

    Raises:
        ScoreError: `mismatched` was not made with mismatched expressions, scored something else, or shares no
            expression with `run`.
    """
    run, mismatched = open_run(run), open_run(mismatched)
    first = run.scores(protocol)
    second = mismatched.scores(first.protocol.name)
    if not second.mismatched_expressions:
        raise ScoreError(
            f"{mismatched.path} was asked with the right expressions; predict it with mismatched ones"
        )
    facts = [(each.model, each.dataset, each.split, each.store_fingerprint) for each in (first, second)]
    for what, one, another in zip(("model", "dataset", "split", "store fingerprint"), *facts, strict=True):
        if one != another:
            raise ScoreError(
                f"{mismatched.path} has another {what} than {run.path} ({another!r}, {one!r}); compare runs "
                "of one model on one split"
            )
    right, other = _by_key(run, first), _by_key(mismatched, second)
    keys = sorted(right.keys() & other.keys())
    if not keys:
        raise ScoreError(f"{run.path} and {mismatched.path} share no expression; predict both from one store")
    a, b = [right[key] for key in keys], [other[key] for key in keys]
    videos = [video_id for video_id, _ in keys]
    return MismatchEffect(
        n_expressions=len(keys),
        n_videos=len(set(videos)),
        right=float(np.mean(a)),
        mismatched=float(np.mean(b)),
        cost=compare(a, b, videos, seed),
    )


def _by_key(run: Run, scores: Scores) -> dict[tuple[str, str], float]:
    rows = run.expressions(scores.protocol.name).to_pylist()
    return {(row["video_id"], row["expression_id"]): row["j_and_f"] for row in rows}
