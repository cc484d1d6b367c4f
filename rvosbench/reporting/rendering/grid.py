"""A table before it is drawn: what stands in it, knowing nothing of terminals, Markdown, LaTeX or CSV.

Texts are as people typed them. Each renderer makes them harmless, in one place of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Raw = str | float | int | bool | None

BETTER, WORSE = "\N{DAGGER}", "\N{DOUBLE DAGGER}"
"""Marks of a cell that differs from the row that all are compared with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    numeric: bool = False
    lower_is_better: bool = False
    marks: tuple[str, ...] = ()  # letters of footnotes
    needed: bool = False  # stays in a terminal however narrow it is
    expendable: bool = False  # left out there before all others
    file_only: bool = False  # for CSV: people read it elsewhere


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """What stands in one place."""

    text: str = ""  # such as "66.3"; a dash where there is nothing
    interval: str = ""  # such as "[61.2, 70.9]"
    best: bool = False  # of its column
    second: bool = False
    marks: tuple[str, ...] = ()  # `BETTER`, `WORSE`, or letters of footnotes
    raw: Mapping[str, Raw] = field(default_factory=dict)
    """For CSV: what to add to the column's name -> a number, or text. Without any, the text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Footnote:
    """What a reader must know about a table."""

    text: str
    mark: str = ""  # as the cells have it; without one it is about the whole table
    of_intervals: bool = False  # of no use where none is shown


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """A table of people's texts and of numbers in percent."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]  # a cell for each column
    footnotes: tuple[Footnote, ...] = ()
    context: Mapping[str, str] = field(default_factory=dict)
    """What the title says, by name: the first columns of a CSV file, which has no titles."""

    def only(self, wanted: frozenset[int]) -> Grid:
        """With some of the columns, by number."""
        keep = [number for number in range(len(self.columns)) if number in wanted]
        return Grid(
            title=self.title,
            columns=tuple(self.columns[number] for number in keep),
            rows=tuple(tuple(row[number] for number in keep) for row in self.rows),
            footnotes=self.footnotes,
            context=self.context,
        )

    def for_people(self) -> Grid:
        """Without what is for files alone."""
        return self.only(frozenset(n for n, column in enumerate(self.columns) if not column.file_only))


def heading(column: Column) -> str:
    """A column's name, marked with an arrow where lower is better."""
    return f"{column.name} \N{DOWNWARDS ARROW}" if column.lower_is_better else column.name
