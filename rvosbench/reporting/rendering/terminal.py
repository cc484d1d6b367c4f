"""Tables for the terminal: names break where they have joints, and what does not fit is said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rvosbench.files.text import strip_control
from rvosbench.reporting.rendering.grid import Cell, Grid, heading

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.table import Table
    from rich.text import Text

_NAME_WIDTHS = (48, 32, 24, 18, 12, 10, 8)  # characters that a name may take before it goes on below
_JOINTS = re.compile(r"(?<=[-_./:+ ])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """A table that `rich` prints as wide as the console is; title and footnotes take the whole width."""

    grid: Grid
    everything: bool = False  # columns that do not fit follow below; else they are named
    second: bool = False  # underline the second best of each column
    how_to_see: str = ""  # what to do to see the columns that were left out

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """What `rich` asks for."""
        grid = self.grid.for_people()
        if grid.title:
            yield _text(grid.title, "bold")
        shown, width = _fitting(grid, console, options)
        yield _drawn(grid.only(shown), width, self.second)
        left = [number for number in range(len(grid.columns)) if number not in shown]
        # The names stand in every part; of all columns that stay they are the first that hold text.
        texts = [n for n, column in enumerate(grid.columns) if column.needed and not column.numeric]
        names = frozenset(texts[:1])
        while left and self.everything:
            numbers = sorted(names.union(left))
            part, width = _fitting(grid.only(frozenset(numbers)), console, options, least=len(names) + 1)
            chosen = frozenset(numbers[number] for number in part)
            yield _drawn(grid.only(chosen), width, self.second)
            left = [number for number in left if number not in chosen]
        if left:
            hidden = ", ".join(heading(grid.columns[number]) for number in left)
            yield _text(f"Not shown: {hidden}. {self.how_to_see}".rstrip(), "")
        for note in grid.footnotes:
            yield _text(f"{note.mark}: {note.text}" if note.mark else note.text, "dim")
        yield _text("", "")


def wrapped(name: str, width: int) -> list[str]:
    """A name on lines of at most `width` characters, broken after `- _ . / : +` or a space if it can be.

    Example:
        >>> wrapped("soc-tiny-joint-4epochs", 12), wrapped("abcdef", 4)
        (['soc-tiny-', 'joint-', '4epochs'], ['abcd', 'ef'])
    """
    lines = [""]
    for part in _JOINTS.split(name):
        if len(lines[-1]) + len(part) > width and lines[-1]:
            lines.append("")
        lines[-1] += part
        while len(lines[-1]) > width:
            lines[-1:] = [lines[-1][:width], lines[-1][width:]]
    return lines


def _fitting(
    grid: Grid, console: Console, options: ConsoleOptions, least: int = 0
) -> tuple[frozenset[int], int]:
    """The columns that fit, from the left, after those that are needed; and how wide names may be."""
    every = frozenset(range(len(grid.columns)))
    for width in _NAME_WIDTHS[:3]:
        if _width(grid, width, console, options) <= options.max_width:
            return every, width
    needed = frozenset(number for number, column in enumerate(grid.columns) if column.needed)
    fitting = [
        w for w in _NAME_WIDTHS[2:] if _width(grid.only(needed), w, console, options) <= options.max_width
    ]
    # Shorter lines of a name may make room for one more column.
    tried = [(_taken(grid, width, needed, console, options, least), width) for width in fitting[:2]]
    return max(tried, key=lambda choice: (len(choice[0]), choice[1]), default=(needed, _NAME_WIDTHS[-1]))


def _taken(
    grid: Grid, width: int, needed: frozenset[int], console: Console, options: ConsoleOptions, least: int
) -> frozenset[int]:
    shown = set(needed)
    others = set(range(len(grid.columns))) - needed
    for number in sorted(others, key=lambda number: (grid.columns[number].expendable, number)):
        more = frozenset(shown | {number})
        if len(more) > least and _width(grid.only(more), width, console, options) > options.max_width:
            continue
        shown.add(number)
    return frozenset(shown)


def _width(grid: Grid, name_width: int, console: Console, options: ConsoleOptions) -> int:
    from rich.measure import Measurement

    roomy = options.update(max_width=10_000)
    return int(Measurement.get(console, roomy, _drawn(grid, name_width, second=False)).maximum)


def _drawn(grid: Grid, name_width: int, second: bool) -> Table:
    from rich import box
    from rich.table import Table as RichTable

    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in grid.columns:
        head = _named(heading(column), column.marks, name_width)
        drawn.add_column(head, justify="right" if column.numeric else "left", overflow="fold")
    for row in grid.rows:
        drawn.add_row(*(_cell(cell, name_width, second) for cell in row))
    return drawn


def _cell(cell: Cell, name_width: int, second: bool) -> Text:
    style = "bold" if cell.best else "underline" if cell.second and second else ""
    drawn = _named(cell.text, cell.marks, name_width, style)
    if cell.interval:
        drawn.append(f" {cell.interval}")
    return drawn


def _named(text: str, marks: Sequence[str], width: int, style: str = "") -> Text:
    from rich.text import Text

    drawn = Text.assemble(("\n".join(wrapped(strip_control(text), width)), style))
    for mark in marks:
        drawn.append(f" ({strip_control(mark)})" if mark.isalnum() else strip_control(mark))
    return drawn


def _text(text: str, style: str) -> Text:
    from rich.text import Text

    return Text(strip_control(text), style=style)
