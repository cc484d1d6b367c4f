"""Markdown: a reader of Markdown sees each name as text, in its own cell."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from markdown_it import MarkdownIt

from rvosbench.files.text import strip_control
from rvosbench.reporting.rendering.markdown import as_markdown, harmless
from tests.reporting.rendering.grids import NAMES, grid

ALLOWED = {"h3", "table", "thead", "tbody", "tr", "th", "td", "p", "sup", "strong", "u"}


class Seen(HTMLParser):
    """The texts of cells, and all tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.cells: list[str] = []
        self.feed(MarkdownIt("commonmark").enable("table").enable("strikethrough").render(text))

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag in ("td", "th"):
            self.cells.append("")
            assert not [name for name, _ in attrs if name != "style"]

    def handle_data(self, data):
        if self.cells:
            self.cells[-1] += data


def folded(text: str) -> str:
    return " ".join(text.split())


@given(NAMES, NAMES)
def test_every_name_is_the_text_of_its_own_cell(name, note):
    seen = Seen(as_markdown([grid(name, note)]))
    assert seen.tags <= ALLOWED
    assert len(seen.cells) == 6
    assert folded(seen.cells[1]) == folded(strip_control(name))
    assert folded(seen.cells[3]) == folded(strip_control(name))
    assert folded(seen.cells[4]) == folded(strip_control(note))
    assert seen.cells[5].startswith("-1.2 [-2.0, 0.5]a")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a_b", r"a\_b"),
        ("http://x.y", r"http:\/\/x.y"),
        ("www.x.y", r"www\.x.y"),
        ("@ann", "@<!-- -->ann"),
        ("res@512", "res@512"),
        ("J&F", "J&F"),
        ("&lt;", "&amp;lt;"),
        ("$x$", r"\$x\$"),
    ],
)
def test_by_hand(name, expected):
    assert harmless(name) == expected


def test_the_second_best_is_underlined_where_asked_for():
    table = grid("soc")
    assert "**-1.2 [-2.0, 0.5]**<sup>a</sup>" in as_markdown([table])
