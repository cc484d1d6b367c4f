"""Work that is kept when it is cut short: Ctrl-C, a signal to end or an error, and how to go on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import click

from rvosbench.errors import RvosbenchError

from .console import note


@contextmanager
def keeping_work(*, kept: bool = True) -> Iterator[None]:
    """Say what an error or an interruption in the body has left, and how to go on.

    SIGTERM, as a scheduler sends it before it kills, is an interruption too.

    Args:
        kept: False: the body works in a temporary folder, of which nothing is left.

    Raises:
        click.Abort: interrupted.
    """
    try:
        with _terminated_as_interrupted():
            yield
    except (RvosbenchError, KeyboardInterrupt, OSError) as error:
        for remark in getattr(error, "__notes__", ()) if kept else ():
            if "\n" not in remark:  # others are traces, which Python shows where it shows the error's own
                note(remark)
        if isinstance(error, KeyboardInterrupt):
            raise click.Abort from error  # without the empty line that click shows for the other
        raise


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
