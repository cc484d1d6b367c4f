"""Is the difference real? Scored runs against a first one, metric by metric, over the same items.

Works for every metric that is a mean over expressions, objects or samples, or a ratio of two sums. mAP is
neither: it ranks all samples together by scores that two models give on scales of their own, so swapping the
models in one video would change the rank of the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from rvosbench.analysis.bootstrap import Comparison, compare, holm
from rvosbench.errors import FormatError, InvalidDataError, ScoreError
from rvosbench.files.text import strip_control
from rvosbench.metrics import statistics
from rvosbench.metrics.samples import sample_iou
from rvosbench.reporting.leaderboard import Scored
from rvosbench.runs.run import Run, open_run

if TYPE_CHECKING:
    from rich.table import Table as RichTable

SCHEMA_VERSION = 1
_MEANS = {"J&F": "j_and_f", "J": "j", "F": "f"}  # columns of expression_scores.parquet


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One metric of a run and of the first."""

    metric: str
    first: float  # a fraction
    value: float  # of the other run
    comparison: Comparison  # other minus first
    p_holm: float  # adjusted over the runs that are compared, for this metric


@dataclass(frozen=True, kw_only=True, slots=True)
class Contrast:
    """A run against the first."""

    row: Scored
    differences: tuple[Difference, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """Several runs against one."""

    first: Scored
    others: tuple[Contrast, ...]
    left_out: tuple[str, ...]  # metrics that are neither a mean nor a ratio
    seed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Items:
    """What a metric is taken over: a value each, and for a ratio its denominator."""

    keys: list[tuple[Any, ...]]
    videos: list[str]
    values: Mapping[str, NDArray[np.float64]]
    weights: Mapping[str, NDArray[np.float64]]  # of the ratios only


def compare_runs(runs: Sequence[str | Path | Run], *, protocol: str | None = None, seed: int = 0) -> Compared:
    """Compare scored runs with the first of them.

    Args:
        runs: two or more run folders that `rvos evaluate` has scored.
        protocol: whose scores to compare; see `rvosbench.runs.run.Run.scores`.
        seed: of the bootstrap and the permutations; every metric sees the same draws.

    Raises:
        InvalidDataError: fewer than two runs.
        MissingPathError: a folder is no scored run.
        FormatError: its tables are damaged, or do not belong to its `scores.json`.
        ScoreError: the runs were scored under different protocols, on different stores or splits, or on
            different expressions.
    """
    if len(runs) < 2:
        raise InvalidDataError(f"{len(runs)} run was named; expected two or more to compare")
    opened = [open_run(run) for run in runs]
    rows = [Scored(run=run, scores=run.scores(protocol)) for run in opened]
    for row in rows[1:]:
        _check_same(rows[0], row)
    tables = [_items(row) for row in rows]
    for row, items in zip(rows[1:], tables[1:], strict=True):
        odd = set(items.keys) ^ set(tables[0].keys)
        if odd:
            shown = "/".join(map(str, min(odd)))
            raise ScoreError(
                f"{row.run.path} and {rows[0].run.path} were not scored on the same items: {len(odd)} are in "
                f"one only, such as {shown}; predict and score both on the whole split"
            )
    names = [name for name in rows[0].scores.metrics if name in tables[0].values]
    found = {name: [_compared(tables[0], items, name, seed) for items in tables[1:]] for name in names}
    adjusted = {name: holm([each.p for each in found[name]]) for name in names}
    return Compared(
        first=rows[0],
        others=tuple(
            Contrast(
                row=row,
                differences=tuple(
                    Difference(
                        metric=name,
                        first=rows[0].scores.metrics[name].value,
                        value=row.scores.metrics[name].value,
                        comparison=found[name][place],
                        p_holm=adjusted[name][place],
                    )
                    for name in names
                ),
            )
            for place, row in enumerate(rows[1:])
        ),
        left_out=tuple(name for name in rows[0].scores.metrics if name not in tables[0].values),
        seed=seed,
    )


def as_json(found: Compared) -> dict[str, Any]:
    """Plain data; a number that could not be computed is null."""
    first = found.first.scores
    return {
        "schema_version": SCHEMA_VERSION,
        "dataset": first.dataset,
        "split": first.split,
        "store_fingerprint": first.store_fingerprint,
        "protocol": first.protocol.name,
        "n_expressions": first.n_expressions,
        "n_videos": first.n_videos,
        "seed": found.seed,
        "not_compared": list(found.left_out),
        "first": _named(found.first),
        "others": [
            _named(contrast.row)
            | {
                "metrics": {
                    each.metric: {
                        "first": _number(each.first),
                        "value": _number(each.value),
                        "difference": _number(each.comparison.difference),
                        "low": _number(each.comparison.low),
                        "high": _number(each.comparison.high),
                        "p": each.comparison.p,
                        "p_holm": each.p_holm,
                    }
                    for each in contrast.differences
                }
            }
            for contrast in found.others
        ],
    }


def as_rich(found: Compared, contrast: Contrast) -> RichTable:
    """One run against the first for the terminal; fits 80 columns."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    several = len(found.others) > 1
    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    drawn.add_column("metric", no_wrap=True)
    for row in (found.first, contrast.row):
        drawn.add_column(Text(strip_control(row.name)), justify="right", max_width=20, overflow="fold")
    for name in ("difference", "p", *(["p Holm"] if several else [])):
        drawn.add_column(name, justify="right", no_wrap=True)
    for each in contrast.differences:
        cells = [each.metric, _percent(each.first), _percent(each.value), _signed(each.comparison)]
        cells += [f"{p:.4f}" for p in (each.comparison.p, *([each.p_holm] if several else []))]
        drawn.add_row(*map(Text, cells))
    return drawn


def footnotes(found: Compared) -> tuple[str, ...]:
    """What the columns mean."""
    lines = [
        f"Difference to {strip_control(found.first.name)} in points; in brackets its 95 % interval, by "
        "paired bootstrap over videos.",
        "p: two-sided, by swapping the two runs' answers in whole videos.",
    ]
    if len(found.others) > 1:
        lines.append(f"p Holm: adjusted for {len(found.others)} runs, for each metric on its own.")
    if found.left_out:
        lines.append(f"Not compared: {', '.join(found.left_out)}, neither a mean nor a ratio of sums.")
    return tuple(lines)


def _check_same(first: Scored, other: Scored) -> None:
    pair = first.scores, other.scores
    facts = [
        (scores.protocol.name, scores.dataset, scores.split, scores.store_fingerprint) for scores in pair
    ]
    for what, one, another in zip(("protocol", "dataset", "split", "store fingerprint"), *facts, strict=True):
        if one != another:
            raise ScoreError(
                f"{other.run.path} was scored with another {what} than {first.run.path} "
                f"({another!r}, {one!r}); score both alike, numbers under two protocols or of two splits are "
                "not comparable"
            )
    if first.scores.protocol != other.scores.protocol:
        raise ScoreError(
            f"{other.run.path} and {first.run.path} were scored under two definitions of the protocol "
            f"{first.scores.protocol.name!r}; score both again with one version of rvosbench"
        )


def _items(row: Scored) -> _Items:
    """The values behind a run's metrics, in one order for all runs, checked against its scores.json."""
    protocol = row.scores.protocol.name
    frames = row.run.frames(protocol)
    columns = ("video_id", "expression_id", "frame_index")
    frames = frames.take(pc.sort_indices(frames, [(name, "ascending") for name in columns]))
    keys: list[tuple[Any, ...]] = list(zip(*(frames[name].to_pylist() for name in columns), strict=True))
    weights: dict[str, NDArray[np.float64]] = {}
    if row.scores.protocol.unit == "frame sample":
        intersections, unions = frames["intersection"].to_numpy(), frames["union"].to_numpy()
        iou = sample_iou(intersections, unions)
        values = {"mIoU": iou, "oIoU": intersections.astype(np.float64)}
        weights["oIoU"] = unions.astype(np.float64)
        for name in row.scores.metrics:
            if name.startswith("P@"):
                values[name] = (iou > float(name.removeprefix("P@"))).astype(np.float64)
    else:
        expressions = row.run.expressions(protocol).sort_by([(name, "ascending") for name in columns[:2]])
        values = {name: expressions[column].to_numpy() for name, column in _MEANS.items()}
        starts = [place for place, key in enumerate(keys) if not place or key[:2] != keys[place - 1][:2]]
        keys = [keys[start][:2] for start in starts]
        if keys != list(zip(*(expressions[name].to_pylist() for name in columns[:2]), strict=True)):
            raise FormatError(f"the tables of {row.run.path} hold different expressions; score the run again")
        for letter in ("j", "f"):
            series = np.split(frames[letter].to_numpy(), starts[1:])
            for name, figure in (("recall", statistics.recall), ("decay", statistics.decay)):
                values[f"{letter.upper()} {name}"] = np.array([figure(each) for each in series])
    values = {name: values[name] for name in row.scores.metrics if name in values}
    _check_figures(row, values, weights)
    return _Items(keys=keys, videos=[key[0] for key in keys], values=values, weights=weights)


def _check_figures(
    row: Scored, values: Mapping[str, NDArray[np.float64]], weights: Mapping[str, NDArray[np.float64]]
) -> None:
    """The tables must be those that the totals were made from."""
    for name, each in values.items():
        below = weights[name].sum() if name in weights else len(each)
        figure, stated = each.sum() / below if below else math.nan, row.scores.metrics[name].value
        if abs(figure - stated) > 1e-9:
            raise FormatError(
                f"the tables of {row.run.path} give {name} {figure:.6f}, its scores.json says {stated:.6f}; "
                "score the run again"
            )


def _compared(first: _Items, other: _Items, name: str, seed: int) -> Comparison:
    weights = (other.weights[name], first.weights[name]) if name in first.weights else None
    return compare(other.values[name], first.values[name], first.videos, seed, weights=weights)


def _named(row: Scored) -> dict[str, Any]:
    return {
        "run": str(row.run.path),
        "name": row.name,
        "model": row.scores.model,
        "is_oracle": row.scores.is_oracle,
        "mismatched_expressions": row.scores.mismatched_expressions,
    }


def _signed(comparison: Comparison) -> str:
    """`+3.2 [+1.0, +5.4]` in points; a dash where it cannot be computed."""
    if not math.isfinite(comparison.difference):
        return "-"
    text = f"{100 * comparison.difference:+.1f}"
    if math.isfinite(comparison.low):
        text += f" [{100 * comparison.low:+.1f}, {100 * comparison.high:+.1f}]"
    return text


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f}" if math.isfinite(fraction) else "-"


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
