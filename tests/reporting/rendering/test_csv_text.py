"""CSV: no cell is a formula, whatever a reader takes for a separator; numbers stay numbers."""

from __future__ import annotations

import csv
import io
import math

import pytest
from hypothesis import given

from rvosbench.reporting.rendering.csv_text import as_csv, harmless
from rvosbench.reporting.rendering.grid import Cell, Column, Grid
from tests.reporting.rendering.grids import NAMES, grid

FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r")


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@given(NAMES, NAMES)
def test_no_cell_begins_a_formula_for_readers_of_any_separator(name, note):
    text = as_csv([grid(name, note)])
    for separator in ",;\t|":
        for line in csv.reader(io.StringIO(text), delimiter=separator):
            for cell in line:
                assert is_number(cell) or not cell.lstrip().startswith(FORMULA), (separator, cell)


@given(NAMES)
def test_a_line_is_a_row_and_every_row_has_the_columns_of_the_head(name):
    text = as_csv([grid(name)])
    head, row = csv.reader(io.StringIO(text))
    assert text.count("\n") == 2 and "\x1b" not in text and "\x00" not in text
    assert len(head) == len(row) == 5
    assert row[-2:] == ["-1.25", "-2.0"]


@pytest.mark.parametrize("name", ["soc", "soc-tiny_4", "50%", "a b", "x=1", "mail@home", "日本", ""])
def test_plain_names_stay_as_they_are(name):
    assert harmless(name) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "  '=1"),
        ("\t=1", "\ufffd'=1"),
        ("a;=1", "a;'=1"),
        ('a",=1', "a\",'=1"),
    ],
)
def test_what_would_be_a_formula_gets_an_apostrophe(name, expected):
    assert harmless(name) == expected


def test_tables_with_other_columns_share_one_head_and_what_is_not_known_is_empty():
    def table(name, **cells):
        columns = tuple(Column(name=key) for key in cells)
        rows = (tuple(Cell(raw={"": value}) for value in cells.values()),)
        return Grid(title="", columns=columns, rows=rows, context={"dataset": name})

    text = as_csv([table("a", run="x", J=0.5, ok=True), table("b", run="y", F=math.nan, n=3)])
    assert text == "dataset,run,J,ok,F,n\na,x,0.5,true,,\nb,y,,,,3\n"
