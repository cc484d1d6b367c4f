"""Makes the file system fail, or the process die, at the n-th thing that is asked of it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rvosbench.files import swap

CALLS = ((os, "open"), (os, "mkdir"), (os, "fsync"), (os, "link"), (os, "rename"), (os, "replace"))


class Fault:
    """Counts the calls and strikes at one of them."""

    def __init__(self, at: int, strike: Callable[[], None]) -> None:
        self.at = at
        self.calls = 0
        self._strike = strike

    @property
    def struck(self) -> bool:
        return self.calls > self.at

    def __call__(self) -> None:
        self.calls += 1
        if self.calls == self.at + 1:
            self._strike()


@contextmanager
def failing(at: int, strike: Callable[[], None], *, exchange: bool) -> Iterator[Fault]:
    """Strike before the call number `at`.

    Args:
        at: counted from 0, over all of `CALLS` and the exchange of two names.
        strike: raises, or ends the process.
        exchange: whether the file system can exchange two names.
    """
    fault = Fault(at, strike)
    originals = [(module, name, getattr(module, name)) for module, name in CALLS]
    real = {"fsync": lambda descriptor: None}  # nobody pulls the plug here, and it takes long
    original_exchange = swap._exchange

    def counted(original):
        def call(*args, **kwargs):
            fault()
            return original(*args, **kwargs)

        return call

    try:
        for module, name, original in originals:
            setattr(module, name, counted(real.get(name, original)))
        swap._exchange = counted(original_exchange) if exchange else lambda first, second: False
        yield fault
    finally:
        for module, name, original in originals:
            setattr(module, name, original)
        swap._exchange = original_exchange


def die() -> None:
    """As `kill -9` does: nothing can be tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)
