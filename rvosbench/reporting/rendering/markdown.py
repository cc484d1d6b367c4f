"""Tables as GitHub-flavoured Markdown, in which names are text and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rvosbench.files.text import strip_control
from rvosbench.reporting.rendering.grid import Cell, Footnote, Grid, heading


def as_markdown(grids: Sequence[Grid], *, second: bool = False) -> str:
    """All tables with their intervals and footnotes; the best of each column is bold.

    Args:
        grids: the tables.
        second: underline the second best of each column.
    """
    return "\n".join(_table(grid.for_people(), second) for grid in grids)


def harmless(text: str) -> str:
    r"""Text that cannot break out of a cell, nor become a picture, a link, HTML, mathematics or a mention.

    Example:
        >>> print(harmless("a|b <i> [x](y) www.z"))
        a\|b &lt;i&gt; \[x\](y) www\.z
    """
    escaped = re.sub(r"([\\|`*_\[\]~$])", r"\\\1", strip_control(text))
    escaped = re.sub(r"&(?=#?\w+;)", "&amp;", escaped).replace("<", "&lt;").replace(">", "&gt;")
    escaped = re.sub(r"(?<=:)//|(?<=www)\.", lambda match: "".join(f"\\{c}" for c in match.group()), escaped)
    # What looks like a person's name would call that person; the comment parts it and is not seen.
    return re.sub(r"(?<![\w.])@(?=\w)", "@<!-- -->", escaped)


def _table(grid: Grid, second: bool) -> str:
    lines = [f"### {harmless(grid.title)}", ""]
    heads = [harmless(heading(column)) + _marks(column.marks) for column in grid.columns]
    lines.append(f"| {' | '.join(heads)} |")
    lines.append(f"|{'|'.join('--:' if column.numeric else ':--' for column in grid.columns)}|")
    lines += [f"| {' | '.join(_cell(cell, second) for cell in row)} |" for row in grid.rows]
    return "\n".join([*lines, "", " ".join(map(_note, grid.footnotes)), ""])


def _cell(cell: Cell, second: bool) -> str:
    text = harmless(cell.text)
    if cell.interval:
        text += f" {cell.interval}"  # ours: numbers in brackets
    if cell.best:
        text = f"**{text}**"
    elif cell.second and second:
        text = f"<u>{text}</u>"
    return text + _marks(cell.marks)


def _marks(marks: Sequence[str]) -> str:
    return "".join(f"<sup>{harmless(mark)}</sup>" for mark in marks)


def _note(note: Footnote) -> str:
    return (f"<sup>{harmless(note.mark)}</sup> " if note.mark else "") + harmless(note.text)
