"""The options that let imperfect predictions pass: the same for every command that reads predictions."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from .commands import Section

_SECTION = "Imperfect predictions are refused unless"

_OPTIONS = {
    "missing": click.option(
        "--missing",
        type=click.Choice(["error", "zero"]),
        default="error",
        cls=Section,
        section=_SECTION,
        help="zero: masks that are not there count as empty.",
    ),
    "surplus": click.option(
        "--surplus",
        type=click.Choice(["error", "ignore"]),
        default="error",
        cls=Section,
        section=_SECTION,
        help="ignore: predictions that nobody asked for are left out.",
    ),
    "resize": click.option(
        "--resize",
        type=click.Choice(["error", "nearest"]),
        default="error",
        cls=Section,
        section=_SECTION,
        help="nearest: masks of another size than the video are resized.",
    ),
    "threshold": click.option(
        "--threshold",
        type=click.IntRange(1, 255),
        cls=Section,
        section=_SECTION,
        help="Cut grey masks: the object is what has this value or more.",
    ),
    "truth": click.option(
        "--truth",
        type=click.Choice(["error", "annotated"]),
        default="error",
        cls=Section,
        section=_SECTION,
        help="annotated: where the ground truth is incomplete, the frames that have it are scored.",
    ),
}
_STRICT = {"missing": "error", "surplus": "error", "resize": "error", "threshold": None, "truth": "error"}


def tolerance_options(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command these options, or all five; those that were used reach it as the mapping `tolerance`."""
    wanted = names or tuple(_OPTIONS)

    def decorate(run: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(run)
        def with_tolerance(*args: Any, **given: Any) -> Any:
            chosen = {name: given.pop(name) for name in wanted}
            used = {name: value for name, value in chosen.items() if value != _STRICT[name]}
            return run(*args, tolerance=used, **given)

        for name in reversed(wanted):
            with_tolerance = _OPTIONS[name](with_tolerance)
        return with_tolerance

    return decorate
