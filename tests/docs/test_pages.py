"""What we document, we run: every block of every page, and every example in the help of a command."""

from __future__ import annotations

import click
import pytest

from cli.examples import examples_of
from cli.main import COMMANDS, cli
from tests.docs.pages import ROOT, SHELLS, Block, blocks, command_lines, mentioned_commands, pages
from tests.docs.reader import NOT_RUN, Reader

HELP_SETUP = {
    "prepare": "rvos.toml releases/a2d_sentences",
    "train": "rvos.toml stores/ytvos",
    "evaluate": "rvos.toml runs/soc",
    "leaderboard": "rvos.toml runs/baseline",
    "status": "rvos.toml runs/training",
    "doctor": "rvos.toml releases/a2d_sentences",
}
"""Command -> what is there before its examples run, although no word of them names it."""


def help_of(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


@pytest.fixture
def reader(workspace, scratch, monkeypatch):
    return Reader(workspace, scratch, monkeypatch)


@pytest.mark.parametrize("page", pages())
def test_what_a_page_says_can_be_done(reader, page):
    for block in blocks(page, (ROOT / page).read_text(encoding="utf-8")):
        reader.follow(block)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_in_the_help_of_a_command_can_be_run(reader, name):
    examples = examples_of(help_of(name))
    assert examples
    block = Block(
        page=f"rvos {name} --help",
        line=1,
        language="bash",
        text="\n".join(examples),
        notes={"setup": HELP_SETUP.get(name, "")},
    )
    reader.follow(block)


@pytest.mark.parametrize("page", pages())
def test_commands_named_in_prose_and_their_options_exist(page):
    for text in mentioned_commands((ROOT / page).read_text(encoding="utf-8")):
        words = text.split()[1:]
        assert words[0] in COMMANDS or words[0].startswith("-"), f"{page}: `{text}`"
        if words[0].startswith("-"):
            continue
        options = {spelling for param in help_of(words[0]).params for spelling in param.opts} | {"--help"}
        named = {word.partition("=")[0] for word in words[1:] if word.startswith("--")}
        assert named <= options, f"{page}: `{text}`"


def test_every_command_is_shown_on_some_page_or_in_some_help():
    lines = [
        line.words
        for page in pages()
        for block in blocks(page, (ROOT / page).read_text(encoding="utf-8"))
        if block.language in SHELLS and "not run" not in block.notes
        for line in command_lines(block)
    ]
    lines += [tuple(line.split()) for name in COMMANDS for line in examples_of(help_of(name))]
    shown = {words[1] for words in lines if words[0] == "rvos"}
    skipped = {begin[1] for begin in NOT_RUN if begin[0] == "rvos"}
    assert set(COMMANDS) <= shown
    assert skipped == {"demo"}
