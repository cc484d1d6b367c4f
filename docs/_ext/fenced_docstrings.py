"""Fenced blocks in docstrings: autodoc reads reStructuredText, so they are given its form on the way."""

import re

from sphinx.application import Sphinx

_FENCE = re.compile(r"(?P<indent>\s*)```(?P<language>\w*)\s*$")


def unfenced(lines: list[str]) -> list[str]:
    """The lines of a docstring with `.. code-block::` in place of fences.

    Example:
        >>> unfenced(["So:", "```python", "x = 1", "```", "Done."])
        ['So:', '', '.. code-block:: python', '', '    x = 1', '', 'Done.']
    """
    result: list[str] = []
    inside = False
    for line in lines:
        fence = _FENCE.fullmatch(line)
        if fence is None:
            result.append(f"    {line}" if inside and line else line)
        elif inside:
            result.append("")
            inside = False
        else:
            result += ["", f"{fence['indent']}.. code-block:: {fence['language'] or 'text'}", ""]
            inside = True
    return result


def _process(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    lines[:] = unfenced(lines)


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.connect("autodoc-process-docstring", _process, priority=400)  # napoleon, at 500, reads the sections
    return {"parallel_read_safe": True}
