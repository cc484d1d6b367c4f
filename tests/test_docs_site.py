"""What the site writes by itself is complete: commands, protocols, public names; and it fetches nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from rvosbench_cli.main import COMMANDS

import rvosbench
from rvosbench import PROTOCOLS

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.fixture(autouse=True)
def extensions(monkeypatch):
    """The site's own directives, importable."""
    pytest.importorskip("sphinx", reason="sphinx is not installed; it comes with the extra docs")
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))


def test_every_command_is_there_with_its_help():
    from cli_help import help_texts

    texts = help_texts()
    assert {name.partition(" ")[2] for name in texts} >= {"", *COMMANDS}
    for name, text in texts.items():
        assert text.startswith(f"Usage: {name} ")


def test_the_page_of_commands_needs_no_torch():
    script = (
        f"import sys; sys.path.insert(0, {str(DOCS / '_ext')!r})\n"
        "import cli_help; cli_help.help_texts()\n"
        "print([name for name in ('torch', 'transformers', 'pyarrow') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_every_protocol_is_there_with_all_its_rules():
    from protocol_pages import facts, markdown

    headings = re.findall(r"^## `(.+)`$", markdown(), flags=re.MULTILINE)
    assert headings == list(PROTOCOLS)
    for rules in PROTOCOLS.values():
        assert all(answer for _, answer in facts(rules))


def test_every_public_name_is_there_once():
    from public_names import directive, kind_of, markdown

    page = markdown()
    for name in rvosbench.__all__:
        block = "\n".join(directive(name, kind_of(getattr(rvosbench, name))))
        assert page.count(f"{block}\n") == 1, name


def test_a_fenced_block_of_a_docstring_becomes_a_block_of_the_page():
    from fenced_docstrings import unfenced

    assert unfenced(["So:", "  ```python", "  x = 1", "", "  ```", "Done."]) == [
        *("So:", "", "  .. code-block:: python", "", "      x = 1", "", "", "Done."),
    ]


def test_a_reader_fetches_nothing_from_elsewhere():
    for path in [*DOCS.rglob("*.css"), *DOCS.rglob("*.html"), *DOCS.rglob("*.svg")]:
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "//" not in re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL), path
