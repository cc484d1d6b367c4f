"""Tables for the tests of renderers: one row, with a name that anybody may have typed."""

from __future__ import annotations

from hypothesis import strategies as st

from rvosbench.reporting.rendering.grid import Cell, Column, Footnote, Grid

PIECES = st.sampled_from(
    [
        *"=+-@|`*_[]~$#%&{}^<>\"',;:!?.\\/\t\r\n ab1é€你🙂\u202e\x1b\x00",
        "=cmd|' /C calc'!A0",
        "@SUM(1)",
        "\uff1d1+1",
        "\\input{/etc/passwd}",
        "\\end{tabular}",
        "\\\\",
        "--",
        "[2J",
        "</td><script>",
        "![x](http://e.example)",
        "www.e.example",
        "&amp;",
        "&#61;",
        "<!--",
        "[/]",
        "[red]",
        "{{7*7}}",
        "$$",
        "^^5c",
        "soc-tiny",
    ]
)
NAMES = st.lists(PIECES, max_size=8).map("".join)


def grid(name: str, note: str = "", *, value: float = -1.25) -> Grid:
    """A name everywhere that a name may stand, and one number."""
    return Grid(
        title=name,
        columns=(Column(name="run"), Column(name=name), Column(name="J", numeric=True)),
        rows=(
            (
                Cell(text=name),
                Cell(text=note),
                Cell(
                    text="-1.2", interval="[-2.0, 0.5]", best=True, marks=("a",), raw={"": value, "low": -2.0}
                ),
            ),
        ),
        footnotes=(Footnote(text=name, mark="a"),),
        context={"dataset": name},
    )
