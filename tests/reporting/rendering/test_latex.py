"""LaTeX: every name is text to TeX. A small reader of TeX says what it would print."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from rvosbench.files.text import strip_control
from rvosbench.reporting.rendering.latex import as_latex, harmless
from tests.reporting.rendering.grids import NAMES, grid

COMMANDS = {
    "textbackslash": "\\",
    "textasciicircum": "^",
    "textasciitilde": "~",
    "textless": "<",
    "textgreater": ">",
    "textbar": "|",
    "dag": "†",
    "ddag": "‡",
    "char34": '"',
    "char96": "`",
}
ESCAPED = "{}$&#_%"
ACTIVE = set('{}$&#_%^~"`\\')
TOKEN = re.compile(r"\\([a-z]+\d*)|\\([^a-z])|(\{\})|([{}])|(.)", re.DOTALL)


def printed(text: str) -> str:
    """What TeX would print; fails on anything that it would act upon."""
    out, depth = [], 0
    for command, escape, empty, brace, plain in TOKEN.findall(text.replace(r"$\downarrow$", "↓")):
        if command:
            out.append(COMMANDS[command])
        elif escape:
            assert escape in ESCAPED
            out.append(escape)
        elif brace:
            depth += 1 if brace == "{" else -1
            assert depth >= 0
        elif not empty:
            assert plain not in ACTIVE, plain
            out.append(plain)
    assert depth == 0
    return "".join(out)


@given(NAMES)
def test_tex_prints_the_name_and_nothing_else(name):
    assert printed(harmless(name)) == strip_control(name, "?")


@given(NAMES)
def test_no_two_characters_run_into_another_one(name):
    assert not re.search(r"--|''|``|,,", harmless(name))


@given(NAMES, NAMES)
def test_environments_open_and_close_and_every_row_has_its_cells(name, note):
    text = as_latex([grid(name, note), grid(note, name)], intervals=True, second=True)
    begun, ended = re.findall(r"\\begin\{(\w+)\}", text), re.findall(r"\\end\{(\w+)\}", text)
    assert begun == ["table", "tabular", "minipage"] * 2
    assert ended == ["tabular", "minipage", "table"] * 2
    rows = re.findall(r"^    (.*) \\\\$", text, re.MULTILINE)
    assert len(rows) == 4
    assert all(len(re.findall(r"(?<!\\)&", row)) == 2 for row in rows)
    assert not any(row.startswith(("[", "*")) for row in rows), "an argument of the line break above"
    assert re.sub(r"\\[{}]", "", text).count("{") == re.sub(r"\\[{}]", "", text).count("}")
    comments = re.findall(r"(?<!\\)%.*", text)
    assert len(comments) <= 2 and all(comment.startswith(("% Needs", "% Holds")) for comment in comments)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("50%_$&#", r"50\%\_\$\&\#"),
        ("a^b~c", r"a\textasciicircum{}b\textasciitilde{}c"),
        ("a--b", "a-{}-b"),
        ("soc-tiny", "soc-tiny"),
        ("x\x1b[2J", "x?{[}2J"),
        ("é你", "é你"),
    ],
)
def test_by_hand(name, expected):
    assert harmless(name) == expected


def test_numbers_have_the_sign_of_arithmetic_and_the_best_is_bold():
    text = as_latex([grid("soc")], intervals=True)
    assert r"\textbf{$-$1.2}\textsuperscript{a} {\scriptsize [$-$2.0, 0.5]} \\" in text
    assert "[" not in as_latex([grid("soc")]) and "% Holds" not in text
    assert "% Holds letters beyond ASCII" in as_latex([grid("é")])
