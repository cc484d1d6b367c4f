"""One answer of `rvos doctor`, and the guard that turns a check that fails into an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from rvosbench.files.text import strip_control


@dataclass(frozen=True, slots=True)
class Check:
    """One line."""

    name: str  # what was looked at, in a word or two
    status: Literal["ok", "warn", "fail"]  # fail: something that is needed is missing
    text: str  # what was found and, unless it is ok, what to do


def guarded(name: str, look: Callable[[], Iterable[Check]]) -> list[Check]:
    """The answers of a check; where it cannot be carried out, that is the answer.

    A doctor is asked where things are broken, so nothing that a look may raise ends the visit.
    """
    try:
        return list(look())
    except (Exception, SystemExit) as error:  # plugins may raise anything while they are imported
        return [
            Check(
                name,
                "fail",
                f"this cannot be looked at ({type(error).__name__}: {strip_control(str(error))})",
            )
        ]
