"""Somebody who does what a page says, from top to bottom, in a folder of their own."""

from __future__ import annotations

import doctest
import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.docs.installing import forget, install, package_of, run_script
from tests.docs.pages import PYTHON, ROOT, SHELLS, Block, Line, command_lines
from tests.docs.running import run_rvos
from tests.docs.scratch import ITEMS, Scratch, items_named

NOT_RUN = {
    ("rvos", "demo"): "takes minutes; tests/test_demo.py runs a smaller one",
    ("pip", "install"): "installs; CI does it in a fresh venv",
    ("python3", "-m", "venv"): "makes a venv; CI does it",
    (".", ".venv/bin/activate"): "the venv of the line before",
    (".venv/bin/python", "-m", "http.server"): "serves until it is stopped",
    ("git", "clone"): "a download",
    ("docker",): "a program that a test machine need not have",
}
"""How a command begins -> why it is not run. A page says so for one block: `<!-- not run: why -->`."""

WRITES = frozenset({"--out", "--masks"})
"""Options whose value is made by the command; every other word may name something that is there before."""

FEWEST = {
    "train": {"--steps": ("2",), "--batch-size": ("2",)},
    "synth": {"--videos": ("4",), "--frames": ("4",)},
    "convert-checkpoint": {"--eval-size": ("64", "96")},
}
"""Command -> option -> values: what takes long is done as little as can be, whatever the page says."""

LEARNS_AT_ONCE = frozenset({"toynet"})
"""Models that a page may train to the end."""

USES_MODEL = frozenset({"predict", "segment"})
SMALL_PICTURES = ("-o", "eval-short-side=64", "-o", "eval-max-side=96")
"""For a checkpoint of the original as it is, which would scale pictures to 360 px."""


class Reader:
    """Follows pages; raises an AssertionError that names page and line where that does not work."""

    def __init__(self, workspace: Path, scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
        self._workspace = workspace
        self._scratch = scratch
        self._monkeypatch = monkeypatch
        self._names: dict[str, Any] = {"__name__": "__main__"}  # of the page's Python

    def follow(self, block: Block) -> None:
        """Do what a block says."""
        for name in block.notes.get("setup", "").split():
            assert name in ITEMS, f"{block.where}: no item is called {name}; tests/docs/scratch.py has them"
            self._scratch.provide(name, self._workspace)
        if "not run" in block.notes:
            return
        if "file" in block.notes:
            self._write(block)
        elif block.language in SHELLS:
            for line in command_lines(block):
                self.type(line)
        elif block.language in PYTHON:
            self._python(block)
        elif block.language == "toml":
            tomllib.loads(block.text)

    def type(self, line: Line) -> None:
        """Run one command as the reader would."""
        first, *rest = line.words
        if first == "export" or (not rest and "=" in first):
            name, _, value = (rest[0] if rest else first).partition("=")
            self._monkeypatch.setenv(name, value)
        elif first == "cd":
            self._monkeypatch.chdir(rest[0])
        elif first == "mkdir":
            Path(rest[-1]).mkdir(parents="-p" in rest)
        elif (package := package_of(line.words)) is not None:
            install(package, self._workspace / ".site", self._monkeypatch)
        elif _reason(line.words) is not None:
            return
        elif first == "python" and rest and rest[0].endswith(".py"):
            run_script(line.words, self._monkeypatch)
        elif first == "make":
            targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
            assert set(rest) <= targets, f"{line.where}: make has no {rest}"
        elif first.startswith("scripts/"):
            assert os.access(ROOT / first, os.X_OK), f"{line.where}: {first} cannot be run"
        elif first == "rvos":
            self._rvos(line)
        else:
            raise AssertionError(
                f"{line.where}: the suite cannot run '{line.text}'; teach tests/docs/reader.py, or write "
                "<!-- not run: why --> before the block"
            )

    def _rvos(self, line: Line) -> None:
        words = list(line.words[1:])
        for before, word in zip([None, *words], [*words, line.to or ""], strict=True):
            assert not word.startswith(("/", "~")), f"{line.where}: {word} is outside the reader's folder"
            if before not in WRITES:
                for name in items_named(word):
                    self._scratch.provide(name, self._workspace)
        ran = run_rvos(_shortened([self._scratch.stand_in(word) for word in words]))
        told = f"{line.where}: {line.text}\nexit {ran.code}\n{ran.err}"
        assert "Traceback" not in ran.err, told
        assert ran.code == 0, told
        if line.to is not None:
            Path(line.to).write_text(ran.out)

    def _write(self, block: Block) -> None:
        path = self._workspace / block.notes["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text + "\n")
        forget({path.stem})

    def _python(self, block: Block) -> None:
        self._monkeypatch.syspath_prepend(str(Path.cwd()))  # as for a script, or at the prompt
        examples = doctest.DocTestParser().get_examples(block.text)
        if not examples:
            code = "\n" * (block.line - 1) + block.text  # so that a traceback names the line of the page
            exec(compile(code, block.page, "exec"), self._names)
            return
        test = doctest.DocTest(examples, self._names, block.page, block.page, block.line - 1, block.text)
        report: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        runner.run(test, out=report.append, clear_globs=False)
        self._names |= test.globs
        assert not runner.failures, f"{block.where}\n" + "".join(report)


def _reason(words: tuple[str, ...]) -> str | None:
    return next((why for begin, why in NOT_RUN.items() if words[: len(begin)] == begin), None)


def _shortened(words: list[str]) -> list[str]:
    if words[0] == "train" and LEARNS_AT_ONCE & set(words):
        return words
    for option, values in FEWEST.get(words[0], {}).items():
        if option in words:
            position = words.index(option)
            del words[position : position + 1 + len(values)]
        words = [*words, option, *values]
    return [*words, *SMALL_PICTURES] if "soc_tiny.tar" in words and words[0] in USES_MODEL else words
