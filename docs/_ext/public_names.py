"""The directive `public-names`: the API page, following `rvosbench.__all__`.

A name that joins the list is on the page, under the heading of its kind; one that leaves it is gone.
"""

import inspect
from collections.abc import Mapping

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import rvosbench

KINDS = ("Functions", "Classes and records", "Registries and constants", "Errors")


def public_names() -> list[str]:
    """What `import rvosbench` offers, in its own order; `__version__` and the like need no documentation."""
    return [name for name in rvosbench.__all__ if not name.startswith("_")]


def kind_of(value: object) -> str:
    """The heading under which an object stands."""
    if inspect.isclass(value):
        return "Errors" if issubclass(value, BaseException) else "Classes and records"
    return "Functions" if inspect.isroutine(value) else "Registries and constants"


def markdown() -> str:
    """The page's text: for each kind a table of names with their first sentence, then their docstrings."""
    grouped: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for name in public_names():
        grouped[kind_of(getattr(rvosbench, name))].append(name)
    lines: list[str] = []
    for kind, names in grouped.items():
        if not names:
            continue
        lines += [f"## {kind}", "", "| | |", "|---|---|"]
        lines += [f"| {{py:obj}}`~rvosbench.{name}` | {summary(name)} |" for name in names]
        lines += ["", "```{eval-rst}"]
        for name in names:
            lines += [*directive(name, kind), ""]
        lines += ["```", ""]
    return "\n".join(lines)


def summary(name: str) -> str:
    """The first line of a docstring, as a cell of a table."""
    value = getattr(rvosbench, name)
    first = (inspect.getdoc(value) or "").partition("\n")[0]
    return first.replace("|", r"\|")


def directive(name: str, kind: str) -> list[str]:
    """What autodoc is asked for."""
    value = getattr(rvosbench, name)
    if kind == "Functions":
        return [f".. autofunction:: rvosbench.{name}"]
    if kind == "Errors":
        return [f".. autoexception:: rvosbench.{name}", "   :show-inheritance:"]
    if kind == "Classes and records":
        return [f".. autoclass:: rvosbench.{name}", "   :members:"]
    lines = [
        ".. py:currentmodule:: rvosbench",
        "",
        f".. py:data:: {name}",
        f"   :type: {type(value).__name__}",
        "",
        f"   {summary(name)}",
    ]
    if isinstance(value, Mapping):
        lines += ["", f"   Built in: {', '.join(f'``{key}``' for key in value)}."]
    return lines


class PublicNamesDirective(SphinxDirective):
    """Stands for the documentation of all public names."""

    def run(self) -> list[nodes.Node]:
        """Sections, one for each kind."""
        return self.parse_text_to_nodes(markdown(), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.add_directive("public-names", PublicNamesDirective)
    return {"parallel_read_safe": True}
