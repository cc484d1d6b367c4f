"""The suite notices what is wrong in a page: an unknown option, a failing example, a note for nobody."""

from __future__ import annotations

import pytest

from cli.commands import Command
from cli.examples import examples_of
from tests.docs.pages import Block, blocks, command_lines, mentioned_commands
from tests.docs.reader import Reader

PAGE = """\
Some text with `rvos info STORE --json` in it.

```bash
rvos info stores/ytvos   # a comment
rvos synth ytvos \\
  --root x && rvos list > list.txt
```

* a list
  <!-- setup: stores/ytvos -->

  ```console
  $ rvos list
  datasets
  ```

````text
```bash
rvos not-a-command
```
````
"""


def bash(text: str, **notes: str) -> Block:
    return Block(page="page.md", line=3, language="bash", text=text, notes=notes)


@pytest.fixture
def reader(workspace, scratch, monkeypatch):
    return Reader(workspace, scratch, monkeypatch)


def test_blocks_are_found_wherever_they_stand():
    first, second, third = blocks("page.md", PAGE)
    assert (first.language, first.line, first.notes) == ("bash", 4, {})
    assert (second.language, second.text) == ("console", "$ rvos list\ndatasets")
    assert second.notes == {"setup": "stores/ytvos"}
    assert third.language == "text" and "not-a-command" in third.text


def test_lines_are_taken_apart_as_a_shell_would():
    first, second, _ = blocks("page.md", PAGE)
    lines = command_lines(first)
    assert [line.words for line in lines] == [
        ("rvos", "info", "stores/ytvos"),
        ("rvos", "synth", "ytvos", "--root", "x"),
        ("rvos", "list"),
    ]
    assert [line.to for line in lines] == [None, None, "list.txt"]
    assert [line.where for line in lines] == ["page.md:4", "page.md:5", "page.md:5"]
    assert [line.words for line in command_lines(second)] == [("rvos", "list")]


def test_prose_names_commands_and_blocks_do_not_count():
    assert mentioned_commands(PAGE) == ["rvos info STORE --json"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rvos list > a | head", "more than the suite can follow"),
        ("for x in a b; do rvos list; done", "more than the suite can follow"),
        ("rvos list \\", "goes on"),
    ],
)
def test_what_cannot_be_followed_is_an_error(text, message):
    with pytest.raises(AssertionError, match=message):
        command_lines(bash(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- setup: a -->\ntext\n", "stands before no block"),
        ("<!-- setup: a -->\n", "stands before no block"),
        ("<!-- sets up: a -->\n```bash\n```\n", "a note is one of"),
        ("```bash\nrvos list\n", "does not end"),
    ],
)
def test_a_note_that_nobody_reads_is_an_error(text, message):
    with pytest.raises(AssertionError, match=message):
        blocks("page.md", text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rvos list --jsn", "page.md:3: rvos list --jsn\nexit 2\nError: No such option"),
        ("rvos info stores/nowhere", "exit 1\nError: no store at stores/nowhere"),
        ("rvos list > /tmp/x && rvos synth ytvos --root /tmp/y", "outside the reader's folder"),
        ("make demoo", "make has no"),
        ("scripts/tst", "cannot be run"),
        ("curl https://example.org", "cannot run"),
    ],
)
def test_a_command_that_does_not_work_is_an_error_with_its_line(reader, text, message, tmp_path):
    with pytest.raises(AssertionError, match=message):
        reader.follow(bash(text))


def test_a_bug_shows_its_traceback(reader, monkeypatch):
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("cli.list.items", fail)
    with pytest.raises(ZeroDivisionError):
        reader.follow(bash("rvos list"))


def test_files_variables_and_python_of_a_page_are_there_for_its_later_blocks(reader, workspace):
    def follow(language: str, text: str, **notes: str) -> None:
        reader.follow(Block(page="page.md", line=9, language=language, text=text, notes=notes))

    follow("python", "VALUE = 3", file="own/thing.py")
    follow("bash", "mkdir -p a/b && cd a && rvos list models > ../models.txt")
    assert "centre" in (workspace / "models.txt").read_text()
    follow("python", "import os\nwhere = os.getcwd()")
    follow("python", ">>> where == os.getcwd()\nTrue\n>>> where = 1")
    follow("python", "assert where == 1")
    with pytest.raises(AssertionError, match=r"page\.md:9"):
        follow("python", ">>> where\n2")
    with pytest.raises(NameError):
        follow("python", "nowhere")
    with pytest.raises(ValueError, match="Invalid value"):
        follow("toml", "a = ")
    follow("bash", "nonsense", **{"not run": "shows what nobody should type"})


def test_pieces_of_the_workspace_come_when_they_are_named(reader, workspace):
    reader.follow(bash("rvos info stores/ytvos --json > counts.json"))
    assert sorted(path.name for path in workspace.iterdir()) == ["counts.json", "downloads", "stores"]
    with pytest.raises(AssertionError, match="no item is called"):
        reader.follow(bash("rvos list", setup="stores/ytvso"))


def test_what_a_command_is_to_write_does_not_come_before(reader, workspace):
    given = "rvos prepare ytvos --root downloads/ref-youtube-vos --out stores/ytvos"
    reader.follow(bash(given))
    with pytest.raises(AssertionError, match="overwrite"):
        reader.follow(bash(given))


def test_a_help_without_an_example_has_none():
    assert examples_of(Command("x", help="Do it.")) == ()
    assert examples_of(Command("x", help="Do it.\n\n\b\nExample:\n  rvos x \\\n    --a\n\n  rest")) == (
        "rvos x --a",
    )
