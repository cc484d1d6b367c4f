"""Tables as CSV: every number in full, and no text that a spreadsheet would run.

Source of the rules for text: OWASP, "CSV Injection". A cell is a formula where it begins with one of
`= + - @`, in their wide forms too, or with a tab or carriage return; and where it begins depends on what the
reader takes for a separator or a quote, which is not always what was written.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence

from rvosbench.files.text import strip_control
from rvosbench.reporting.rendering.grid import Cell, Grid, Raw

_FORMULA = re.compile(r"""(^|[,;|"'\ufffd])(\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])""")


def as_csv(grids: Sequence[Grid]) -> str:
    """All tables below one head, UTF-8, separated by commas; a metric that a table lacks is empty there."""
    names: dict[str, None] = dict.fromkeys(name for grid in grids for name in grid.context)
    lines: list[dict[str, Raw]] = []
    for grid in grids:
        keys = [_keys([row[number] for row in grid.rows]) for number in range(len(grid.columns))]
        for column, added in zip(grid.columns, keys, strict=True):
            names |= dict.fromkeys(_name(column.name, key) for key in added)
        for row in grid.rows:
            line: dict[str, Raw] = dict(grid.context)
            for column, cell in zip(grid.columns, row, strict=True):
                for key, value in (cell.raw or {"": cell.text}).items():
                    line[_name(column.name, key)] = value
            lines.append(line)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([harmless(name) for name in names])
    writer.writerows([[_written(line.get(name)) for name in names] for line in lines])
    return buffer.getvalue()


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe goes before what would begin one.

    Example:
        >>> harmless("=cmd|' /C calc'!A0"), harmless("a;-1"), harmless("soc-tiny")
        ("'=cmd|' /C calc'!A0", "a;'-1", 'soc-tiny')
    """
    return _FORMULA.sub(r"\1\2'", strip_control(text))


def _keys(cells: Sequence[Cell]) -> list[str]:
    return list(dict.fromkeys(key for cell in cells for key in (cell.raw or {"": ""})))


def _name(column: str, key: str) -> str:
    return f"{column} {key}".strip()


def _written(value: Raw) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return harmless(value)
    return str(value) if isinstance(value, int) else repr(float(value))
