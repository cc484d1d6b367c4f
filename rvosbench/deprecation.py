"""Names that go away slowly: each use warns, says what to use instead, and until when the old name works.

A public name (`rvosbench.__all__`) is a promise: it warns for a year before it goes.
tests/test_deprecation.py fails once a removal is due.
"""

from __future__ import annotations

import datetime
import functools
import importlib
import warnings
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

_Named = TypeVar("_Named", bound=Callable[..., Any])


def deprecated(*, since: str, remove: str | datetime.date, instead: str) -> Callable[[_Named], _Named]:
    """Mark a function, method or class as going away; a type checker still sees its own signature.

    Calling it, and making or deriving from the class, gives a `DeprecationWarning` at the line that does it.
    Python shows a warning once per line unless told otherwise. Below `@classmethod` and `@staticmethod`.

    Args:
        since: the first version that warns.
        remove: the version that has it no more, or the day after which a release may lack it.
        instead: what to use, as the user would write it.

    Example:
        >>> @deprecated(since="0.2", remove="0.4", instead="area(mask)")
        ... def size(mask):
        ...     return sum(mask)
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     size([True, False])
        1
        >>> print(caught[0].message)
        size is deprecated since rvosbench 0.2 and goes in 0.4; use area(mask)
    """

    def mark(named: _Named) -> _Named:
        message = _message(named.__qualname__, since, remove, instead)
        if isinstance(named, type):
            _mark_class(named, message)
            return named

        @functools.wraps(named)
        def warning(*args: Any, **kwargs: Any) -> Any:
            _warn(message, 3)
            return named(*args, **kwargs)

        return cast(_Named, warning)

    return mark


def renamed_attribute(
    module: str, name: str, new: Mapping[str, str], *, since: str, remove: str | datetime.date
) -> Any:
    """For a module's `__getattr__`: the attribute that was once called `name`, with a warning.

    Args:
        module: `__name__` of the module.
        name: what is asked for.
        new: old name -> its dotted path today; it is imported when it is asked for.
        since: the first version that warns.
        remove: the version that has the old name no more, or the day after which a release may lack it.

    Raises:
        AttributeError: the module has no such name, old or new.

    Example:
        >>> def __getattr__(name: str) -> Any:
        ...     new = {"Footage": "rvosbench.media.frame_sources.FrameSource"}
        ...     return renamed_attribute(__name__, name, new, since="0.2", remove="0.4")
    """
    if name not in new:
        raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name)
    target, _, attribute = new[name].rpartition(".")
    value = getattr(importlib.import_module(target), attribute)
    _warn(_message(f"{module}.{name}", since, remove, new[name]), 4)
    return value


def renamed_module(module: str, name: str, new: str, *, since: str, remove: str | datetime.date) -> Any:
    """For the `__getattr__` that is all that is left of a module: what its successor holds, with a warning.

    Args:
        module: `__name__` of the old module.
        name: what is asked for. Names of Python's own (`__path__`) are not looked up elsewhere.
        new: the module that holds it today.
        since: the first version that warns.
        remove: the version that has the old module no more, or the day after which a release may lack it.

    Raises:
        AttributeError: the successor has no such name.

    Example:
        >>> def __getattr__(name: str) -> Any:
        ...     return renamed_module(__name__, name, "rvosbench.masks.rle", since="0.2", remove="0.4")
    """
    successor = importlib.import_module(new)
    if (name.startswith("__") and name.endswith("__")) or not hasattr(successor, name):
        raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name)
    _warn(_message(module, since, remove, new), 4)
    return getattr(successor, name)


def _mark_class(named: type[Any], message: str) -> None:
    """Warn where an instance is made and where a class is derived; both stay what they are."""
    make = named.__init__
    derive: classmethod[Any, ..., None] | None = vars(named).get("__init_subclass__")

    @functools.wraps(make)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        if type(self) is named:  # a subclass has warned where it was defined
            _warn(message, 3)
        make(self, *args, **kwargs)

    def init_subclass(cls: type[Any], /, **kwargs: Any) -> None:
        _warn(message, 3)
        if derive is None:
            super(named, cls).__init_subclass__(**kwargs)
        else:
            derive.__func__(cls, **kwargs)

    setattr(named, "__init__", init)  # noqa: B010 (mypy allows no assignment to a method)
    setattr(named, "__init_subclass__", classmethod(init_subclass))  # noqa: B010


def _message(name: str, since: str, remove: str | datetime.date, instead: str) -> str:
    until = f"after {remove.isoformat()}" if isinstance(remove, datetime.date) else f"in {remove}"
    return f"{name} is deprecated since rvosbench {since} and goes {until}; use {instead}"


def _warn(message: str, level: int) -> None:
    """Args are the message and how many frames up the user's line is, counted from here."""
    warnings.warn(message, DeprecationWarning, stacklevel=level)
