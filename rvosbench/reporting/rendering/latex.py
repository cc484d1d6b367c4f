r"""Tables as LaTeX for papers: booktabs, figures in percent, the best in bold.

Names come from people and may hold anything: `\input`, `%`, `$`. What `harmless` returns holds braces in
pairs, and no character that TeX acts upon except in the commands that stand for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rvosbench.files.text import strip_control
from rvosbench.reporting.rendering.grid import BETTER, WORSE, Cell, Column, Footnote, Grid

_COMMANDS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\char34}",  # babel makes it act in some languages
    "`": r"{\char96}",
    "[": r"{[}",  # at the start of a row, after \\, it would be a distance
    "]": r"{]}",
    "*": r"{*}",
    "\N{DOWNWARDS ARROW}": r"$\downarrow$",
    BETTER: r"\dag{}",
    WORSE: r"\ddag{}",
}
_ESCAPED = re.compile("|".join(map(re.escape, _COMMANDS)))
_LIGATURES = re.compile(
    r"-(?=-)|'(?=')|,(?=,)|[?!](?=\{\\char96)"
)  # pairs that TeX sets as another character


def as_latex(grids: Sequence[Grid], *, intervals: bool = False, second: bool = False) -> str:
    r"""A `table` environment for each grid; needs `\usepackage{booktabs}`.

    Args:
        grids: the tables.
        intervals: with the 95 % intervals beside the figures.
        second: underline the second best of each column.
    """
    head = ["% Needs \\usepackage{booktabs}."]
    body = "\n\n".join(_table(grid.for_people(), intervals, second) for grid in grids)
    if not body.isascii():
        head.append(
            "% Holds letters beyond ASCII: LuaLaTeX and XeLaTeX set them all, pdfLaTeX the common ones."
        )
    return "\n".join([*head, body, ""])


def harmless(text: str) -> str:
    r"""Text that TeX prints as it is.

    Example:
        >>> print(harmless(r"50% of \input{x}_$1"))
        50\% of \textbackslash{}input\{x\}\_\$1
    """
    plain = _ESCAPED.sub(lambda match: _COMMANDS[match.group()], strip_control(text, "?"))
    return _LIGATURES.sub(r"\g<0>{}", plain)


def _table(grid: Grid, intervals: bool, second: bool) -> str:
    alignment = "".join("r" if column.numeric else "l" for column in grid.columns)
    lines = [
        r"\begin{table}",
        r"  \centering",
        f"  \\caption{{{harmless(grid.title)}. In percent.}}",
        f"  \\begin{{tabular}}{{@{{}}{alignment}@{{}}}}",
        r"    \toprule",
        f"    {' & '.join(map(_head, grid.columns))} \\\\",
        r"    \midrule",
    ]
    for row in grid.rows:
        cells = [
            _cell(cell, column, intervals, second) for cell, column in zip(row, grid.columns, strict=True)
        ]
        lines.append(f"    {' & '.join(cells)} \\\\")
    lines += [r"    \bottomrule", r"  \end{tabular}"]
    notes = [note for note in grid.footnotes if intervals or not note.of_intervals]
    if notes:
        lines += [r"  \par\smallskip", r"  \begin{minipage}{\linewidth}", r"    \footnotesize"]
        lines += [f"    {_note(note)}\\par" for note in notes]
        lines.append(r"  \end{minipage}")
    return "\n".join([*lines, r"\end{table}"])


def _head(column: Column) -> str:
    # A group of its own, so that a name in brackets is no argument of the \\ before it.
    arrow = r" $\downarrow$" if column.lower_is_better else ""
    return f"{{{harmless(column.name)}}}{arrow}{_marks(column.marks)}"


def _cell(cell: Cell, column: Column, intervals: bool, second: bool) -> str:
    text = _number(cell.text) if column.numeric else harmless(cell.text)
    if cell.best:
        text = rf"\textbf{{{text}}}"
    elif cell.second and second:
        text = rf"\underline{{{text}}}"
    text += _marks(cell.marks)
    if intervals and cell.interval:
        text += rf" {{\scriptsize {cell.interval.replace('-', '$-$')}}}"
    return text


def _marks(marks: Sequence[str]) -> str:
    return "".join(rf"\textsuperscript{{{harmless(mark)}}}" for mark in marks)


def _number(text: str) -> str:
    """With the sign of arithmetic; a dash of its own says that there is no number."""
    return "--" if text == "-" else harmless(text).replace("-", "$-$")


def _note(note: Footnote) -> str:
    return (rf"\textsuperscript{{{harmless(note.mark)}}}~" if note.mark else "") + harmless(note.text)
