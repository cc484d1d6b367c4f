"""The numbers behind the drawings of the page: bars, curves, histograms, in the units of its SVG boxes."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from rvosbench.analysis.over_time import Part
from rvosbench.analysis.slices import Slice, by_slice
from rvosbench.media.images import RgbImage
from rvosbench.reporting.board import board_grid, heading_of, marks_of
from rvosbench.reporting.cases import Case, strip
from rvosbench.reporting.leaderboard import show
from rvosbench.reporting.mismatch import MismatchEffect
from rvosbench.reporting.over_time import Mean, OverTime
from rvosbench.reporting.standings import Scored, collect, tables
from rvosbench.runs.run import Run
from rvosbench.runs.scores import Scores, percent

KindOf = Callable[[str], str]
"""The kind of an expression by its text."""

_JPEG_QUALITY = 84


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar with its 95 % interval, all in percent of the full width."""

    name: str
    text: str
    value: float
    low: float | None = None
    high: float | None = None
    note: str = ""
    mark: float | None = None  # of another model


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A case as the template needs it."""

    case: Case
    kind: str
    picture: str  # data URI
    width: int  # px
    height: int  # px
    j_line: str  # SVG points in a box of 600 x 60
    f_line: str
    ticks: tuple[float, ...]  # x of the frames that are shown
    description: str


def card(case: Case, kind_of: KindOf | None) -> Card:
    """The filmstrip and the curves of one expression."""
    pixels = strip(case)
    names = ", ".join(case.frame_names[place] for place in case.shown)
    return Card(
        case=case,
        kind="" if kind_of is None else kind_of(case.text),
        picture=_jpeg(pixels),
        width=pixels.shape[1],
        height=pixels.shape[0],
        j_line=_line(case.j_over_time),
        f_line=_line(case.f_over_time),
        ticks=tuple(_x(place, len(case.frame_names)) for place in case.shown),
        description=f"frames {names}: above with the true outline, below right, invented and missed pixels",
    )


def headline(scores: Scores) -> list[tuple[str, str, str]]:
    """(metric, value, interval), the main metric first."""
    tiles = []
    for name in scores.metric_names:
        value, _, interval = show(scores.metrics[name]).partition(" ")
        tiles.append((name, value, interval.strip("[]").replace(", ", " to ")))
    return tiles


def annotator_rows(scores: Scores) -> list[tuple[Bar, list[str]]]:
    """A bar for each annotator, and the other metrics as text; the last row is all of them together.

    Nothing where fewer than two annotators are known.
    """
    if not scores.by_annotator:
        return []
    together = {name: metric.value for name, metric in scores.metrics.items()}
    first, *others = scores.annotator_metrics
    rows = []
    for name, values in [*scores.by_annotator.items(), ("together", together)]:
        value = values.get(first, math.nan)
        filled = min(100.0, max(0.0, 100 * value)) if math.isfinite(value) else 0.0
        rows.append((Bar(name, percent(value), filled), [percent(values.get(o, math.nan)) for o in others]))
    return rows


def mismatch_bars(effect: MismatchEffect) -> dict[str, Any]:
    """Right and mismatched expressions, and what the difference means."""
    cost = effect.cost
    interval = "" if math.isnan(cost.low) else f" [{100 * cost.low:.1f}, {100 * cost.high:.1f}]"
    return {
        "bars": [
            Bar("its own expression", f"{100 * effect.right:.1f}", 100 * effect.right),
            Bar("another object's", f"{100 * effect.mismatched:.1f}", 100 * effect.mismatched),
        ],
        "cost": f"{100 * cost.difference:.1f}{interval}",
        "p": f"{'<=' if cost.p_is_a_bound else '='} {cost.p:.2g}",
        "n": effect.n_expressions,
        "videos": effect.n_videos,
    }


def boards(row: Scored, others: Sequence[Run]) -> list[dict[str, Any]]:
    """The tables with this run and the others; the one that holds this run first."""
    opened = {run.path.resolve(): run for run in [*others, row.run]}
    found = tables(collect(opened.values()))

    def is_this(other: Scored) -> bool:
        return other.run is row.run and other.scores.protocol.name == row.scores.protocol.name

    drawn = []
    for table in sorted(found, key=lambda table: not any(map(is_this, table.rows))):
        lines = []
        for each, rank, note in zip(table.rows, table.ranks, table.notes, strict=True):
            main = each.scores.main
            lines.append(
                {
                    "rank": rank,
                    "name": each.name,
                    "model": each.scores.model,
                    "bar": Bar(
                        each.name,
                        show(main),
                        0.0 if math.isnan(main.value) else 100 * main.value,
                        None if math.isnan(main.low) else 100 * main.low,
                        None if math.isnan(main.high) else 100 * main.high,
                    ),
                    "cells": [
                        show(each.scores.metrics.get(name), interval=False) for name in table.metric_names[1:]
                    ],
                    "note": note,
                    "marks": marks_of(table, each),
                    "is_this": is_this(each),
                }
            )
        footnotes = [(note.mark, note.text) for note in board_grid(table).footnotes]
        heads = [heading_of(table, name) for name in table.metric_names]
        drawn.append({"table": table, "names": heads, "lines": lines, "footnotes": footnotes})
    return drawn


def kind_bars(scores: pa.Table, kind_of: KindOf, reference: pa.Table | None) -> list[Bar]:
    """J&F per kind of expression; the reference's mean as a mark."""
    marks = {} if reference is None else {each.kind: each.mean for each in _kinds(reference, kind_of)}
    return [
        Bar(
            each.kind,
            f"{100 * each.mean:.1f}",
            100 * each.mean,
            None if math.isnan(each.low) else 100 * each.low,
            None if math.isnan(each.high) else 100 * each.high,
            f"{each.n} in {each.n_videos} video{'' if each.n_videos == 1 else 's'}",
            100 * marks[each.kind] if each.kind in marks else None,
        )
        for each in _kinds(scores, kind_of)
    ]


def histogram(scores: pa.Table) -> list[dict[str, Any]]:
    """Expressions per tenth of J&F; `height` in percent of the tallest."""
    counts, _ = np.histogram(scores["j_and_f"].to_numpy(), bins=10, range=(0.0, 1.0))
    tallest = max(1, int(counts.max()))
    return [
        {"low": 10 * place, "high": 10 * place + 10, "n": int(n), "height": round(100 * int(n) / tallest, 1)}
        for place, n in enumerate(counts)
    ]


def clip_curve(found: OverTime) -> dict[str, Any] | None:
    """J along the clip in a box of 600 x 120: a line, and the band of its intervals; None without time."""
    if not found.parts:
        return None

    def point(part: Part, value: float) -> str:
        return f"{round(300 * (part.start + part.stop), 1)},{round(116 - 112 * value, 1)}"

    known = [part for part in found.parts if not math.isnan(part.low)]
    return {
        "line": " ".join(point(part, part.mean) for part in found.parts),
        "band": " ".join(
            [point(part, part.high) for part in known] + [point(part, part.low) for part in known[::-1]]
        ),
        "values": [f"{100 * part.mean:.1f}" for part in found.parts],
        "n": found.parts[0].n,
        "videos": found.parts[0].n_videos,
    }


def stability_bars(found: OverTime) -> dict[str, Any] | None:
    """How still the answers hold, beside the true objects; None without two frames in a row."""
    if found.stability is None:
        return None
    each = found.stability
    cost = each.difference
    interval = "" if math.isnan(cost.low) else f" [{100 * cost.low:+.1f}, {100 * cost.high:+.1f}]"
    return {
        "bars": [_bar("the answers", each.answers), _bar("the true objects", each.truths)],
        "difference": f"{100 * cost.difference:+.1f}{interval}",
        "n": each.n,
        "videos": each.n_videos,
    }


def _bar(name: str, mean: Mean) -> Bar:
    low, high = (None if math.isnan(end) else 100 * end for end in (mean.low, mean.high))
    return Bar(name, f"{100 * mean.value:.1f}", 100 * mean.value, low, high)


def _kinds(scores: pa.Table, kind_of: KindOf) -> list[Slice]:
    return by_slice(scores, lambda row: kind_of(row["text"]))


def _jpeg(pixels: RgbImage) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="JPEG", quality=_JPEG_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _x(place: int, length: int) -> float:
    return round(4 + 592 * place / max(1, length - 1), 1)


def _line(values: Sequence[float]) -> str:
    # A single frame is drawn as a level line, or there would be nothing to see.
    series = list(values) * 2 if len(values) == 1 else list(values)
    return " ".join(
        f"{_x(place, len(series))},{round(56 - 52 * value, 1)}" for place, value in enumerate(series)
    )
