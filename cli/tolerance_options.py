"""The options that let imperfect predictions pass: the same for every command that reads them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

_OPTIONS = {
    "missing": click.option(
        "--missing",
        type=click.Choice(["error", "zero"]),
        default="error",
        show_default=True,
        help="Masks that are not there: refused, or empty.",
    ),
    "surplus": click.option(
        "--surplus",
        type=click.Choice(["error", "ignore"]),
        default="error",
        show_default=True,
        help="Predictions that nobody asked for: refused, or left out.",
    ),
    "resize": click.option(
        "--resize",
        type=click.Choice(["error", "nearest"]),
        default="error",
        show_default=True,
        help="Masks of another size than the video: refused, or resized.",
    ),
    "threshold": click.option(
        "--threshold",
        type=click.IntRange(1, 255),
        help="Cut grey masks: object from this value on.  [default: they are refused]",
    ),
    "truth": click.option(
        "--truth",
        type=click.Choice(["error", "annotated"]),
        default="error",
        show_default=True,
        help="Videos whose ground truth is incomplete: refused, or scored where it is known.",
    ),
}
_STRICT = {"missing": "error", "surplus": "error", "resize": "error", "threshold": None, "truth": "error"}


def tolerance_options(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command these options; it receives those that were used as one mapping, `tolerance`.

    Args:
        names: such as "missing". None: all of them.
    """
    offered = names or tuple(_OPTIONS)

    def decorate(run: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(run)
        def with_tolerance(*args: Any, **given: Any) -> Any:
            chosen = {name: given.pop(name) for name in offered}
            used = {name: value for name, value in chosen.items() if value != _STRICT[name]}
            return run(*args, tolerance=used, **given)

        for name in reversed(offered):
            with_tolerance = _OPTIONS[name](with_tolerance)
        return with_tolerance

    return decorate
