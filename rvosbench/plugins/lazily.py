"""A function by its name, imported when it is called: how a record stays cheap to import."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any


def lazily(target: str) -> Callable[..., Any]:
    """A function that imports another one at its first call, and calls it.

    Args:
        target: "module:function".

    Raises:
        ValueError: the target is not written like that.

    Example:
        >>> root = lazily("math:sqrt")
        >>> root(9)
        3.0
    """
    module, colon, attribute = target.partition(":")
    if not (module and colon and attribute.isidentifier()):
        raise ValueError(f"{target!r} is no target; expected 'module:function'")

    def call(*arguments: Any, **named: Any) -> Any:
        return getattr(importlib.import_module(module), attribute)(*arguments, **named)

    call.__qualname__ = call.__name__ = attribute
    return call
