"""Figures for papers and slides as PNG, drawn with matplotlib, which is imported when they are drawn.

The figures are built without pyplot: no global state, no display, the same bytes for the same input.
"""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rvosbench.analysis.slices import Slice
from rvosbench.drawing import overlay
from rvosbench.files.atomic import write_bytes
from rvosbench.files.text import strip_control
from rvosbench.reporting.cases import Case, strip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK = "#1c1f26"
_FAINT = "#8a90a0"
_BAR = "#0072b2"
_BLIND = "#d55e00"


def filmstrip(case: Case, path: Path) -> Path:
    """One expression: key frames over time, what was right and wrong in them, J and F of every frame.

    Raises:
        OutputError: `path` cannot be written.
    """
    from matplotlib.figure import Figure

    pixels = strip(case, tile=(240, 320))
    width = 12.0  # inches
    picture = width * 0.94 * pixels.shape[0] / pixels.shape[1]
    title = textwrap.fill(f"“{strip_control(case.text)}”", 100, max_lines=3, placeholder=" …")
    lines = 0.85 + 0.25 * title.count("\n")
    figure = Figure(figsize=(width, picture + lines + 1.7), facecolor="white")
    height = figure.get_figheight()
    figure.text(0.03, 1 - 0.12 / height, title, va="top", fontsize=14, color=_INK, parse_math=False)
    facts = (
        f"{strip_control(case.video_id)} / {strip_control(case.expression_id)}   "
        f"J&F {100 * case.j_and_f:.1f}   J {100 * case.j:.1f}   F {100 * case.f:.1f}"
    )
    below = 1 - (lines - 0.38) / height
    figure.text(0.03, below, facts, va="top", fontsize=10, color=_FAINT, parse_math=False)
    for place, (word, colour) in enumerate(
        (("right", overlay.HIT), ("invented", overlay.FALSE), ("missed", overlay.MISSED))
    ):
        figure.text(0.76 + 0.08 * place, below, f"■ {word}", va="top", fontsize=10, color=_unit(colour))
    image = figure.add_axes((0.03, 1.5 / height, 0.94, picture / height))
    image.imshow(pixels, interpolation="none", aspect="auto")
    image.set_axis_off()
    _timeline(figure.add_axes((0.05, 0.45 / height, 0.92, 0.9 / height)), case)
    return _save(figure, path)


def kinds_chart(slices: Sequence[Slice], path: Path, *, language_blind: Sequence[Slice] = ()) -> Path:
    """J&F per kind of expression with the number of expressions and 95 % intervals.

    Args:
        slices: as `rvosbench.analysis.slices.by_slice` makes them.
        path: where to.
        language_blind: the same of a model that does not read the expression; drawn as a mark.

    Raises:
        OutputError: `path` cannot be written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 1.1 + 0.42 * max(1, len(slices))), facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    blind = {each.kind: each.mean for each in language_blind}
    for row, each in enumerate(reversed(slices)):
        axes.barh(row, 100 * each.mean, height=0.62, color=_BAR, label="model" if not row else None)
        axes.plot([100 * each.low, 100 * each.high], [row, row], color=_INK, linewidth=1.4)
        if each.kind in blind:
            mark = 100 * blind[each.kind]
            axes.plot([mark, mark], [row - 0.36, row + 0.36], color=_BLIND, linewidth=2.5)
        axes.text(101, row, f"{100 * each.mean:.1f}  n = {each.n}", va="center", fontsize=9, color=_INK)
    labels = [strip_control(each.kind) for each in reversed(slices)]
    axes.set_yticks(range(len(slices)), labels, parse_math=False)
    axes.set_xlim(0, 100)
    axes.set_xlabel("J&F, 95 % interval over videos" + (" — mark: language-blind" if blind else ""))
    axes.spines[["top", "right"]].set_visible(False)
    return _save(figure, path)


def _timeline(axes: Axes, case: Case) -> None:
    frames = range(len(case.frame_names))
    marker = "o" if len(frames) == 1 else None
    axes.plot(frames, case.j_over_time, color=_BAR, linewidth=1.8, marker=marker, label="J")
    axes.plot(frames, case.f_over_time, color=_BLIND, linewidth=1.2, linestyle="--", marker=marker, label="F")
    for place in case.shown:
        axes.axvline(place, color=_FAINT, linewidth=0.6)
    axes.set_xticks(case.shown, [strip_control(case.frame_names[place]) for place in case.shown], fontsize=8)
    axes.set_ylim(-0.03, 1.03)
    axes.set_yticks([0, 0.5, 1], ["0", "", "1"], fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower left", fontsize=8, ncols=2, frameon=False)


def _unit(colour: overlay.Colour) -> tuple[float, float, float]:
    red, green, blue = colour
    return red / 255, green / 255, blue / 255


def _save(figure: Figure, path: Path) -> Path:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # An expression in a script that the font lacks is drawn as boxes; the figure is still a figure.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(buffer, format="png", dpi=120, metadata={"Software": None})
    return write_bytes(path, buffer.getvalue())
