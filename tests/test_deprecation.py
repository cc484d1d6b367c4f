"""Deprecated names work, warn at the user's line, and are gone when they are due."""

from __future__ import annotations

import ast
import datetime
import importlib
import inspect
import shutil
import subprocess
import sys
import textwrap
import warnings
from dataclasses import FrozenInstanceError, dataclass
from pathlib import Path

import pytest
from packaging.version import Version

from rvosbench import __version__
from rvosbench.deprecation import deprecated

ROOT = Path(__file__).resolve().parents[1]


@deprecated(since="0.2", remove="0.4", instead="rv.twice(number)")
def double(number: int, *, times: int = 1) -> int:
    """Two of it."""
    return 2 * number * times


@deprecated(since="0.2", remove=datetime.date(2027, 11, 27), instead="rv.Point")
@dataclass(frozen=True)
class Place:
    """Where."""

    x: int = 0


@pytest.fixture
def old_modules(tmp_path, monkeypatch):
    """Two modules on the path: one of which a name was renamed, one that moved as a whole."""
    monkeypatch.syspath_prepend(str(tmp_path))
    names = ("old_names_of_a_test", "old_module_of_a_test")
    calls = (
        'renamed_attribute(__name__, name, {"Faults": "rvosbench.errors.RvosbenchError"}, **WHEN)',
        'renamed_module(__name__, name, "rvosbench.errors", **WHEN)',
    )
    for name, call in zip(names, calls, strict=True):
        (tmp_path / f"{name}.py").write_text(
            "from rvosbench.deprecation import renamed_attribute, renamed_module\n\n"
            'WHEN = {"since": "0.2", "remove": "0.4"}\n\n\n'
            f"def __getattr__(name):\n    return {call}\n"
        )
    importlib.invalidate_caches()
    yield names
    for name in names:
        sys.modules.pop(name, None)


def test_the_warning_says_since_when_until_when_and_what_instead():
    with pytest.warns(DeprecationWarning) as caught:
        assert double(3, times=2) == 12
    (warning,) = caught
    assert str(warning.message) == (
        "double is deprecated since rvosbench 0.2 and goes in 0.4; use rv.twice(number)"
    )


def test_a_day_can_be_named_instead_of_a_version():
    with pytest.warns(DeprecationWarning, match="goes after 2027-11-27; use rv.Point"):
        Place()


def test_the_warning_is_at_the_line_that_calls():
    with pytest.warns(DeprecationWarning) as caught:
        line = inspect.currentframe().f_lineno + 1
        double(1)
        Place(2)
    assert [warning.lineno for warning in caught] == [line, line + 1]
    assert {warning.filename for warning in caught} == {__file__}


def test_a_line_warns_once_and_another_line_again():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for number in range(3):
            double(number)
        double(4)
    assert len(caught) == 2


def test_a_function_keeps_name_docstring_and_signature():
    assert double.__name__ == "double"
    assert double.__doc__ == "Two of it."
    assert list(inspect.signature(double).parameters) == ["number", "times"]


def test_a_class_stays_the_class_it_was():
    with pytest.warns(DeprecationWarning):
        made = Place(5)
    assert isinstance(made, Place)
    assert made.x == 5
    assert list(inspect.signature(Place).parameters) == ["x"]
    with pytest.raises(FrozenInstanceError):
        made.x = 6


def test_deriving_from_a_class_warns_where_it_is_done_and_not_again():
    with pytest.warns(DeprecationWarning) as caught:

        class Corner(Place):
            pass

        Corner(1)
    (warning,) = caught
    assert warning.filename == __file__


def test_what_a_class_does_with_its_subclasses_it_still_does():
    derived = []

    @deprecated(since="0.2", remove="0.4", instead="Base")
    class Old:
        def __init_subclass__(cls, **words: str) -> None:
            derived.append((cls.__name__, words))

    with pytest.warns(DeprecationWarning, match="use Base"):

        class New(Old, colour="red"):
            pass

    assert derived == [("New", {"colour": "red"})]


def test_a_renamed_attribute_is_the_new_one_and_names_it(old_modules):
    from rvosbench.errors import RvosbenchError

    module = importlib.import_module(old_modules[0])
    with pytest.warns(
        DeprecationWarning, match=r"_test\.Faults is .*; use rvosbench\.errors\.RvosbenchError"
    ):
        line, same = inspect.currentframe().f_lineno, module.Faults is RvosbenchError
    assert same
    with pytest.warns(DeprecationWarning) as caught:
        line, _ = inspect.currentframe().f_lineno, module.Faults
    assert (caught[0].filename, caught[0].lineno) == (__file__, line)


def test_a_renamed_attribute_can_be_imported_by_name(old_modules):
    with pytest.warns(DeprecationWarning) as caught:
        exec(compile(f"from {old_modules[0]} import Faults", "a user's file", "exec"), {})
    assert {warning.filename for warning in caught} == {"a user's file"}


def test_a_moved_module_gives_what_its_successor_holds(old_modules):
    from rvosbench.errors import DatasetError

    module = importlib.import_module(old_modules[1])
    with pytest.warns(DeprecationWarning, match=r"old_module_of_a_test is .*; use rvosbench\.errors$"):
        assert module.DatasetError is DatasetError


@pytest.mark.parametrize("which", [0, 1])
def test_a_name_that_never_was_is_an_attribute_error_without_a_warning(old_modules, which):
    module = importlib.import_module(old_modules[which])
    with pytest.raises(AttributeError, match="has no attribute 'never'"):
        _ = module.never
    assert not hasattr(module, "__path__")


def test_a_type_checker_sees_the_signature_and_the_class(tmp_path):
    shutil.copy(ROOT / "rvosbench" / "deprecation.py", tmp_path)  # alone: checking the package takes a while
    (tmp_path / "use.py").write_text(
        textwrap.dedent("""
            from deprecation import deprecated

            @deprecated(since="0.2", remove="0.4", instead="g")
            def f(number: int) -> str:
                return str(number)

            @deprecated(since="0.2", remove="0.4", instead="D")
            class C:
                x: int = 0

            reveal_type(f)
            f("text")
            reveal_type(C())
        """)
    )
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "use.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 'Revealed type is "def (number: int) -> str"' in result.stdout.replace("builtins.", "")
    assert 'Revealed type is "use.C"' in result.stdout
    assert result.stdout.count("error:") == 1, result.stdout
    assert 'incompatible type "str"; expected "int"' in result.stdout


def removals() -> list[tuple[str, str]]:
    """(where, when) of every name that is deprecated in the package."""
    names = {"deprecated", "renamed_attribute", "renamed_module"}
    found = []
    for path in sorted((ROOT / "rvosbench").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                (remove,) = [word.value for word in node.keywords if word.arg == "remove"]
                found.append((f"{path.relative_to(ROOT)}:{node.lineno}", ast.unparse(remove)))
    return found


def due(remove: str, version: str, today: datetime.date) -> bool:
    """Whether `remove`, as written in the source, has come."""
    if remove.startswith(("date(", "datetime.date(")):
        year, month, day = map(int, remove.partition("(")[2].rstrip(")").split(","))
        return today > datetime.date(year, month, day)
    return Version(version) >= Version(ast.literal_eval(remove))


@pytest.mark.parametrize(
    ("remove", "is_due"),
    [("'0.4'", True), ("'0.10'", False), ("date(2027, 11, 27)", False), ("datetime.date(2026, 1, 2)", True)],
)
def test_due_by_hand(remove, is_due):
    assert due(remove, "0.4.0", datetime.date(2027, 11, 27)) is is_due


def test_nothing_stays_longer_than_it_says():
    today = datetime.datetime.now(datetime.UTC).date()
    assert [where for where, remove in removals() if due(remove, __version__, today)] == []
