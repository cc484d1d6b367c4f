"""The directive `rvos-help`: the help of every command, word for word as a terminal of 80 columns shows it.

Click's own formatter writes it, so the page cannot drift from the program. Neither torch nor any other slow
import is needed: the commands import their work when they run.
"""

from typing import ClassVar

import click
from click.testing import CliRunner
from docutils import nodes
from pygments.lexer import RegexLexer
from pygments.token import Comment, Generic, Keyword, Name, Text
from rvosbench_cli.main import cli
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

COLUMNS = 80
_FENCE = "`" * 8


class HelpLexer(RegexLexer):
    """Colours for a help text: its headings, the names of options, and defaults in brackets."""

    name = "rvos-help"
    tokens: ClassVar = {
        "root": [
            (r"^(Usage)(:)( .*\n)", Generic.Heading),
            (r"^[A-Z][A-Za-z ]*:\n", Generic.Heading),
            (r"^ *[A-Z][A-Za-z ]*:\n", Keyword),
            (r"(?<![\w-])--?[a-z][\w-]*", Name.Tag),
            (r"\[(default|required)[^\]]*\]?", Comment),
            (r"[^\n\[-]+", Text),
            (r"[\n\[-]", Text),
        ]
    }


def help_texts(command: click.Command = cli, path: tuple[str, ...] = ("rvos",)) -> dict[str, str]:
    """Every command, groups before what is in them: `rvos prepare` -> what `rvos prepare --help` prints."""
    terminal = CliRunner(env={"COLUMNS": str(COLUMNS)})
    result = terminal.invoke(cli, [*path[1:], "--help"], prog_name=path[0], catch_exceptions=False)
    texts = {" ".join(path): result.stdout}
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                texts |= help_texts(inner, (*path, name))
    return texts


def markdown() -> str:
    """The page's text: a heading and a block for each command."""
    return "\n".join(
        f"## `{name}`\n\n{_FENCE}{{code-block}} rvos-help\n{text}\n{_FENCE}\n"
        for name, text in help_texts().items()
    )


class HelpDirective(SphinxDirective):
    """Stands for the help of all commands."""

    def run(self) -> list[nodes.Node]:
        """Sections, one for each command."""
        return self.parse_text_to_nodes(markdown(), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.add_lexer("rvos-help", HelpLexer)
    app.add_directive("rvos-help", HelpDirective)
    return {"parallel_read_safe": True}
