"""The other end of `pool`: a process that does pieces of work until its input ends.

Requests and answers are pickles on standard input and output. The parent's end closes with the parent, in
whatever way it ends, so that no worker is left behind.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import traceback
from typing import BinaryIO

from rvosbench.errors import RvosbenchError


def main() -> None:
    """Serve until the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to every process of a terminal
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a library that prints must not print into an answer
    try:
        _serve(sys.stdin.buffer, answers)
    except BrokenPipeError:
        os._exit(0)  # the parent is gone, and nobody is there for a complaint at exit


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    try:
        do = pickle.load(requests)
        assert callable(do)
        _send(None, answers)  # ready
    except Exception as error:  # a plugin may raise anything while it is imported
        _send(_told(error), answers)
        return
    while True:
        try:
            key = pickle.load(requests)
        except EOFError:
            return
        try:
            answer: object = do(key)
        except Exception as error:
            answer = _told(error)
        _send(answer, answers)


def _send(answer: object, answers: BinaryIO) -> None:
    pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
    answers.flush()


def _told(error: Exception) -> Exception:
    """The error in a form that can be pickled, with its traceback as a note."""
    try:
        travelled = pickle.loads(pickle.dumps(error))
    except Exception:
        travelled = None
    told: Exception = travelled if type(travelled) is type(error) else RuntimeError(repr(error))
    if not isinstance(told, RvosbenchError):  # which says all in its line
        told.add_note("In a worker:\n" + "".join(traceback.format_exception(error)))
    return told
