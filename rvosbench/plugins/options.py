"""Options of datasets and models: a frozen dataclass says which there are, text becomes its typed values.

```python
@dataclass(frozen=True, kw_only=True)
class Options:
    trainval: float | None = field(default=None, metadata={"help": "hold out this part of train"})
    text: Literal["lower", "raw"] = "lower"
```
A field is a str, int, float, bool, Path or `Literal`, or one of these or None, and has a default. Its
`metadata` may hold `help` (one line), `choices`, and `names_store` where another value makes another dataset:
stores of several values are told apart by their names. On the command line and in a mapping `some-key` and
`some_key` are the same option.
"""

from __future__ import annotations

import difflib
import math
import re
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union

from rvosbench.errors import OptionError, UnknownNameError
from rvosbench.files.locations import local_path

T = TypeVar("T")

_PLAIN: Mapping[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Path: "a path",
}
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, kw_only=True)
class NoOptions:
    """The record of who has no options."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OptionRow:
    """One option, to be shown."""

    name: str  # as on the command line: with hyphens
    type: str  # such as "int" or "unc|google|umd"
    default: str | None  # as one would write it; None: unset
    help: str


def parse_options(options: type[T], given: Mapping[str, object], *, owner: str) -> T:
    """Text, or values of the right type, as an options record.

    Args:
        options: the record's class.
        given: option -> value.
        owner: whose options they are, for errors; such as "the dataset 'ytvos'".

    Raises:
        UnknownNameError: there is no such option; the message names the nearest.
        OptionError: a value is not of the option's type, or an option is given in two spellings.

    Example:
        >>> @dataclass(frozen=True, kw_only=True)
        ... class Options:
        ...     hold_out: float = 0.0
        >>> parse_options(Options, {"hold-out": "0.1"}, owner="the dataset 'mine'")
        Options(hold_out=0.1)
    """
    kinds = _kinds(options)
    values: dict[str, Any] = {}
    for key, value in given.items():
        name = key.replace("-", "_")
        if name not in kinds:
            raise UnknownNameError(_unknown(key, list(kinds), owner))
        if name in values:
            raise OptionError(f"the option '{_spelt(name)}' of {owner} is given twice; give it once")
        values[name] = _value(kinds[name], value, f"the option '{_spelt(name)}' of {owner}")
    try:
        return options(**values)
    except ValueError as error:
        if isinstance(error, OptionError):
            raise
        raise OptionError(f"{owner} does not take these options: {error}") from error


def split_pairs(pairs: tuple[str, ...]) -> dict[str, str]:
    """The `KEY=VALUE` words of a command line as a mapping.

    Raises:
        OptionError: a word has no `=`, or names an option that another one has named already.

    Example:
        >>> split_pairs(("trainval=0.1", "valid-masks=/data/a=b"))
        {'trainval': '0.1', 'valid-masks': '/data/a=b'}
    """
    given: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        key = _spelt(key.strip())
        if not equals or not key:
            raise OptionError(f"the option {pair!r} is not KEY=VALUE; write it as in: -o trainval=0.1")
        if key in given:
            raise OptionError(
                f"the option '{key}' is given twice, as {given[key]!r} and {value!r}; give it once"
            )
        given[key] = value
    return given


def describe_options(options: type) -> tuple[OptionRow, ...]:
    """What there is to choose, in the record's order.

    Example:
        >>> describe_options(NoOptions)
        ()
    """
    kinds = _kinds(options)
    return tuple(
        OptionRow(
            name=_spelt(entry.name),
            type=kinds[entry.name].shown,
            default=None if (default := _default(entry)) is None else _as_text(default),
            help=str(entry.metadata.get("help", "")),
        )
        for entry in fields(options)
    )


def options_as_json(options: object) -> dict[str, object]:
    """All values of a record as JSON types, by field name; paths as text."""
    values = {entry.name: getattr(options, entry.name) for entry in _fields(options)}
    return {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}


def options_as_text(options: object, given: Iterable[str] = ()) -> dict[str, str]:
    """Values as one would write them: `parse_options` reads them again.

    Args:
        options: the record.
        given: options to write even where they have the default value; all others are left out there.

    Example:
        >>> @dataclass(frozen=True, kw_only=True)
        ... class Options:
        ...     hold_out: float = 0.0
        ...     seed: int = 0
        >>> options_as_text(Options(hold_out=0.1))
        {'hold-out': '0.1'}
    """
    wanted = {key.replace("-", "_") for key in given}
    values = {entry.name: getattr(options, entry.name) for entry in _fields(options)}
    return {
        _spelt(entry.name): _as_text(values[entry.name])
        for entry in _fields(options)
        if values[entry.name] != _default(entry) or (entry.name in wanted and values[entry.name] is not None)
    }


def check_options_class(options: object) -> None:
    """Refuse what is no options record.

    Raises:
        OptionError: it is no frozen dataclass, or a field lacks a default or has a type that cannot be
            written on a command line.
    """
    kinds = _kinds(options)
    assert isinstance(options, type)
    for entry in fields(options):
        where = f"the default of '{entry.name}' in the options record {options.__name__}"
        _value(kinds[entry.name], _default(entry), where, is_text=False)
    try:
        options()
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"{options.__name__}() fails ({error}); expected defaults that go together"
        ) from error


@dataclass(frozen=True, slots=True)
class _Kind:
    """What values an option takes."""

    plain: type  # of the value
    choices: tuple[Any, ...] | None
    may_be_none: bool

    @property
    def shown(self) -> str:
        if self.choices is not None:
            return "|".join(map(str, self.choices))
        return {str: "text", Path: "path", bool: "true|false"}.get(self.plain, self.plain.__name__)

    @property
    def expected(self) -> str:
        if self.choices is None:
            return _PLAIN[self.plain]
        *first, last = map(str, self.choices)
        return f"{', '.join(first)} or {last}" if first else last


def _kinds(options: object) -> dict[str, _Kind]:
    """Field name -> what it takes."""
    if not (isinstance(options, type) and is_dataclass(options)):
        raise OptionError(f"{options!r} is no options record; expected a frozen dataclass")
    if not options.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise OptionError(
            f"the options record {options.__name__} can be changed; expected @dataclass(frozen=True)"
        )
    try:
        hints = typing.get_type_hints(options)
    except NameError as error:
        raise OptionError(
            f"the options record {options.__name__} has a type that is not there ({error})"
        ) from error
    return {entry.name: _kind(hints[entry.name], entry, options.__name__) for entry in fields(options)}


def _kind(hint: object, entry: Field[Any], record: str) -> _Kind:
    where = f"the field '{entry.name}' of the options record {record}"
    if entry.default is MISSING and entry.default_factory is MISSING:
        raise OptionError(f"{where} has no default; expected one, so that every option can be left out")
    parts = list(typing.get_args(hint)) if typing.get_origin(hint) in (Union, types.UnionType) else [hint]
    may_be_none = type(None) in parts
    parts = [part for part in parts if part is not type(None)]
    if may_be_none and _default(entry) is not None:
        raise OptionError(f"{where} may be None, which nobody can write; expected None as its default")
    choices = entry.metadata.get("choices")
    if len(parts) == 1:
        (part,) = parts
        if typing.get_origin(part) is Literal:
            choices = typing.get_args(part)
            part = type(choices[0])
        if part in _PLAIN and isinstance(part, type):
            return _Kind(part, None if choices is None else tuple(choices), may_be_none)
    raise OptionError(
        f"{where} is {hint}; expected str, int, float, bool, Path, a Literal, or one of them or None"
    )


def _value(kind: _Kind, value: object, where: str, *, is_text: bool = True) -> object:
    """A value of the option's type; text is read as on a command line unless it is the value itself."""
    if value is None and kind.may_be_none:
        return None
    try:
        read = _from_text if is_text and isinstance(value, str) else _checked
        result = read(kind.plain, value)
    except ValueError:
        raise OptionError(f"{where} is {value!r}, expected {kind.expected}") from None
    if kind.choices is not None and result not in kind.choices:
        raise OptionError(f"{where} is {value!r}, expected {kind.expected}")
    return result


def _from_text(kind: type, text: Any) -> object:
    if kind is str:
        return text
    if kind is Path:
        return local_path(text)  # its LocationError is a ValueError
    if kind is bool:
        if text.lower() not in _TRUTH:
            raise ValueError
        return _TRUTH[text.lower()]
    if kind is int:
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            raise ValueError
        return int(text)
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _checked(kind: type, value: object) -> object:
    """A value from Python: a whole number may stand for a float, and nothing else for anything else."""
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    right = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if not right or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError
    return value


def _unknown(key: str, names: list[str], owner: str) -> str:
    known = [_spelt(name) for name in names]
    if not known:
        return f"{owner} has no option '{key}'; it has no options"
    near = difflib.get_close_matches(_spelt(key), known, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"it has: {', '.join(known)}"
    return f"{owner} has no option '{key}'; {hint}"


def _fields(options: object) -> tuple[Field[Any], ...]:
    assert is_dataclass(options)
    return fields(options)


def _default(entry: Field[Any]) -> object:
    return entry.default_factory() if entry.default_factory is not MISSING else entry.default


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _spelt(name: str) -> str:
    return name.replace("_", "-")
