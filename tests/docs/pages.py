"""What a page of the documentation tells its reader to type: blocks, their language, and notes to the suite.

A block is fenced; an HTML comment right before it, which no reader sees, tells the suite about it:

```text
<!-- setup: stores/ytvos runs/soc -->  these are there before it runs (names of tests/docs/scratch.py)
<!-- not run: needs a GPU -->          it is not run, and this is why
<!-- file: my_package/model.py -->     it is the content of this file, which later blocks need
```
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SHELLS = frozenset({"bash", "sh", "shell", "console", "zsh"})
PYTHON = frozenset({"python", "py", "pycon"})

_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,}|:{3,})(?P<language>\S*)")
_NOTE = re.compile(r"^\s*<!--\s*(?P<key>[a-z ]+):\s*(?P<value>.+?)\s*-->\s*$")
_KEYS = frozenset({"setup", "not run", "file"})
_CONTROL = re.compile(r"[;&|<>()]+")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block."""

    page: str
    line: int  # of its first line of content, from 1
    language: str
    text: str
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """For messages: page:line."""
        return f"{self.page}:{self.line}"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One command of a shell block."""

    where: str
    text: str
    words: tuple[str, ...]
    to: str | None = None  # the file that stdout goes to


def pages() -> list[str]:
    """Every page that a reader may follow, relative to the repository."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    found += (ROOT / "examples").rglob("*.md")
    return sorted(path.relative_to(ROOT).as_posix() for path in found if "_build" not in path.parts)


def blocks(page: str, text: str) -> list[Block]:
    """The fenced blocks of a page; a note that belongs to no block, or that nobody knows, is an error."""
    found: list[Block] = []
    notes: dict[str, str] = {}
    rows = list(enumerate(text.splitlines(), start=1))
    while rows:
        number, row = rows.pop(0)
        note, opened = _NOTE.match(row), _FENCE.match(row)
        if note:
            assert note["key"] in _KEYS, f"{page}:{number}: a note is one of {sorted(_KEYS)}: {row}"
            notes[note["key"]] = note["value"]
        elif opened:
            content: list[str] = []
            while rows and rows[0][1].strip() != opened["fence"]:
                content.append(rows.pop(0)[1].removeprefix(opened["indent"]))
            assert rows, f"{page}:{number}: this block does not end"
            rows.pop(0)
            found.append(
                Block(
                    page=page,
                    line=number + 1,
                    language=opened["language"],
                    text="\n".join(content),
                    notes=notes,
                )
            )
            notes = {}
        elif row.strip():
            assert not notes, f"{page}:{number}: the note {notes} stands before no block"
    assert not notes, f"{page}: the note {notes} stands before no block"
    return found


def command_lines(block: Block) -> list[Line]:
    """The commands of a shell block, those joined by `&&` and the reader's prompt taken apart."""
    found = []
    for number, text in _joined(block):
        if block.language == "console" and not text.startswith("$ "):
            continue  # what a command printed
        found += _commands(f"{block.page}:{block.line + number}", text.removeprefix("$ "))
    return found


def _joined(block: Block) -> Iterator[tuple[int, str]]:
    begun, first = "", 0
    for number, text in enumerate(block.text.splitlines()):
        first = first if begun else number
        begun += text.removesuffix("\\") if text.endswith("\\") else text
        if not text.endswith("\\"):
            yield first, begun
            begun = ""
    assert not begun, f"{block.where}: the last line goes on"


def _commands(where: str, text: str) -> Iterator[Line]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|<>()")
    lexer.whitespace_split = True
    words: list[str] = []
    to: str | None = None
    for word in lexer:
        if word == "&&" and words:
            yield Line(where=where, text=text, words=tuple(words), to=to)
            words, to = [], None
        elif word == ">":
            to = next(lexer, None)
        else:
            assert not _CONTROL.fullmatch(word), (
                f"{where}: '{word}' is more than the suite can follow: {text}"
            )
            words.append(word)
    if words:
        yield Line(where=where, text=text, words=tuple(words), to=to)


def mentioned_commands(text: str) -> list[str]:
    """The `rvos ...` that the prose of a page names in backticks, blocks left out."""
    prose = re.sub(r"^ *(`{3,}|~{3,}|:{3,}).*?^ *\1 *$", "", text, flags=re.MULTILINE | re.DOTALL)
    return [" ".join(found.split()) for found in re.findall(r"(?<!`)`(rvos [^`]+)`(?!`)", prose)]
