"""Every example in a docstring of the package runs and prints what it says; finding them imports nothing."""

from __future__ import annotations

import ast
import doctest
import importlib
from functools import reduce
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "rvosbench"

Docstring = tuple[str, str]  # module and name in it; "" for the module's own


def docstrings_with_examples() -> list[Docstring]:
    return [
        (module_of(path), name)
        for path in sorted(PACKAGE.rglob("*.py"))
        for name, text in docstrings(ast.parse(path.read_text(encoding="utf-8")))
        if runnable(doctest.DocTestParser().get_examples(text))
    ]


def runnable(examples: list[doctest.Example]) -> list[doctest.Example]:
    """Those that are not marked `+SKIP`: training takes a store and minutes, so its example is only shown."""
    return [example for example in examples if not example.options.get(doctest.SKIP)]


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def docstrings(tree: ast.Module | ast.ClassDef, prefix: str = "") -> list[tuple[str, str]]:
    """(name, docstring) of a module or class and of all that is defined in it, functions' insides aside."""
    found = [(prefix.rstrip("."), ast.get_docstring(tree) or "")]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.append((prefix + node.name, ast.get_docstring(node) or ""))
        elif isinstance(node, ast.ClassDef):
            found += docstrings(node, f"{prefix}{node.name}.")
    return found


@pytest.mark.parametrize(
    ("module", "name"), docstrings_with_examples(), ids=lambda part: part.removeprefix("rvosbench.")
)
def test_the_examples_of_a_docstring_run(module, name):
    home = importlib.import_module(module)
    subject = reduce(getattr, name.split(".") if name else [], home)
    tests = doctest.DocTestFinder(recurse=False).find(subject, name=f"{module}.{name}", module=home)
    (test,) = [test for test in tests if test.examples]
    report: list[str] = []
    failed, tried = doctest.DocTestRunner().run(test, out=report.append)
    assert tried == len(runnable(test.examples)) > 0
    assert not failed, "".join(report)


def test_examples_are_found_wherever_they_stand():
    tree = ast.parse('"""A."""\nclass B:\n    """b"""\n    def c(self):\n        """d"""\ndef e(): ...\n')
    assert docstrings(tree) == [("", "A."), ("B", "b"), ("B.c", "d"), ("e", "")]


def test_there_are_examples():
    assert len(docstrings_with_examples()) > 10
