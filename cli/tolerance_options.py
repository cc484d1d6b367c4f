"""The options that let imperfect predictions pass: the same for every command that scores."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

_OPTIONS = (
    click.option(
        "--missing",
        type=click.Choice(["error", "zero"]),
        default="error",
        show_default=True,
        help="Masks that are not there: refused, or empty.",
    ),
    click.option(
        "--surplus",
        type=click.Choice(["error", "ignore"]),
        default="error",
        show_default=True,
        help="Predictions that nobody asked for.",
    ),
    click.option(
        "--resize",
        type=click.Choice(["error", "nearest"]),
        default="error",
        show_default=True,
        help="Masks of another size than the video.",
    ),
    click.option(
        "--threshold",
        type=click.IntRange(1, 255),
        help="Cut grey masks: object from this value on.  [default: they are refused]",
    ),
    click.option(
        "--truth",
        type=click.Choice(["error", "annotated"]),
        default="error",
        show_default=True,
        help="Videos whose ground truth is incomplete: refused, or scored where it is known.",
    ),
)
_STRICT = {"missing": "error", "surplus": "error", "resize": "error", "threshold": None, "truth": "error"}


def tolerance_options(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the five options; it receives those that were used as one mapping, `tolerance`."""

    @wraps(run)
    def with_tolerance(*args: Any, **given: Any) -> Any:
        chosen = {name: given.pop(name) for name in _STRICT}
        used = {name: value for name, value in chosen.items() if value != _STRICT[name]}
        return run(*args, tolerance=used, **given)

    for option in reversed(_OPTIONS):
        with_tolerance = option(with_tolerance)
    return with_tolerance
