"""The terminal: nothing is cut, nothing is hidden in silence, no name steers it."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from rich.console import Console

from rvosbench.reporting.rendering.grid import Cell, Column, Footnote, Grid
from rvosbench.reporting.rendering.terminal import Drawn, wrapped
from tests.reporting.rendering.grids import NAMES, grid


def drawn(shown: Drawn, width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    console.print(shown)
    return console.file.getvalue()


def wide(columns: int, name: str = "a-run") -> Grid:
    """A name, and columns of 10 characters."""
    numbered = [
        Column(name=f"metric {number:03d}", numeric=True, needed=number == 0) for number in range(columns)
    ]
    return Grid(
        title="what was scored, in a title that is longer than its table",
        columns=(Column(name="run", needed=True), *numbered),
        rows=((Cell(text=name), *(Cell(text=f"{number:.1f}") for number in range(columns))),),
        footnotes=(Footnote(text="what it means", mark="a"),),
    )


@pytest.mark.parametrize("columns", [1, 5, 6, 20])
def test_columns_that_do_not_fit_are_named_with_what_to_do(columns):
    text = drawn(Drawn(grid=wide(columns), how_to_see="See them with --all."))
    assert max(map(len, text.splitlines())) <= 80
    table, _, after = " ".join(text.split()).partition("Not shown: ")
    shown = [number for number in range(columns) if f"metric {number:03d}" in table]
    hidden = [number for number in range(columns) if f"metric {number:03d}" in after]
    assert shown + hidden == list(range(columns))
    assert bool(hidden) == (columns > 5)
    assert ("See them with --all." in after) == bool(hidden)


@pytest.mark.parametrize("columns", [5, 20])
def test_everything_is_shown_in_parts_that_each_begin_with_the_name(columns):
    text = drawn(Drawn(grid=wide(columns), everything=True))
    assert max(map(len, text.splitlines())) <= 80 and "Not shown" not in text
    for number in range(columns):
        assert text.count(f"metric {number:03d}") == 1 and text.count(f" {number:.1f} ") == 1
    assert text.count("a-run") == (1 if columns == 5 else 4)


def test_a_wider_terminal_shows_more():
    assert "Not shown" in drawn(Drawn(grid=wide(10))) and "Not shown" not in drawn(Drawn(grid=wide(10)), 160)


def test_a_title_takes_the_whole_width_and_not_that_of_its_table():
    assert drawn(Drawn(grid=wide(1))).splitlines()[0] == wide(1).title


def test_a_long_name_goes_on_below_at_its_joints_and_is_whole():
    name = "soc-tiny-joint-training-4-epochs-lr1e-4_seed0-and-so-on"
    text = drawn(Drawn(grid=wide(5, name)))
    first = [line.split()[0] for line in text.splitlines() if line.strip() and "-" in line.split()[0]]
    assert "".join(first) == name
    assert all(part.endswith(("-", "_", "on")) for part in first)


@given(NAMES)
def test_names_cannot_steer_the_terminal(name):
    text = drawn(Drawn(grid=grid(name, name)))
    assert text.replace("\n", "").isprintable()


def test_brackets_are_no_markup():
    assert "[red]x[/red]" in drawn(Drawn(grid=grid("[red]x[/red]")))


@given(NAMES)
def test_wrapping_loses_nothing(name):
    for width in (1, 3, 10):
        lines = wrapped(name, width)
        assert "".join(lines) == name and all(len(line) <= width for line in lines)


def test_letters_stand_in_brackets_and_daggers_beside_the_figure():
    cells = (Cell(text="soc", marks=("a",)), Cell(text="66.3", marks=("†",), interval="[61.0, 70.0]"))
    shown = Grid(title="", columns=(Column(name="run"), Column(name="J", numeric=True)), rows=(cells,))
    text = drawn(Drawn(grid=shown))
    assert "soc (a)" in text and "66.3† [61.0, 70.0]" in text


@pytest.mark.parametrize("width", [20, 40])
def test_in_a_very_narrow_terminal_cells_go_on_below_and_none_is_cut(width):
    cells = (Cell(text="soc-tiny"), Cell(text="66.3", interval="[61.0, 70.0]"), Cell(text="7 of 10"))
    columns = [Column(name=name, needed=True) for name in ("run", "J&F", "note")]
    text = drawn(Drawn(grid=Grid(title="a title", columns=tuple(columns), rows=(cells,))), width)
    assert max(map(len, text.splitlines())) <= width and "\u2026" not in text
    letters = sorted(text.replace("\u2500", ""))
    assert not [c for c in "soc-tiny66.3[61.0,70.0]7of10" if c not in letters]
