"""Pieces of work done by this process and by others, in the order they were asked for.

The others are started anew rather than forked, so that a script needs no `__main__` guard and nothing of this
process is copied by accident; a thread each talks to them. Results are kept as they come: a long piece keeps
nobody waiting, and whoever is free takes the next one.
"""

from __future__ import annotations

import contextlib
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from typing import Any, Generic, NoReturn, TypeAlias, TypeVar

from rvosbench.errors import WorkerError

Key = TypeVar("Key")  # names a piece of work; can be pickled
Done = TypeVar("Done")  # what becomes of it; can be pickled
Kept = TypeVar("Kept")  # what of that stays in memory


def do_all(
    do: Callable[[Key], Done],
    keys: Sequence[Key],
    workers: int,
    *,
    keep: Callable[[Done], Kept],
    shown: Callable[[Key], str],
    what: str,
    doing: str,
) -> Generator[Kept, None, None]:
    """Do pieces of work.

    Args:
        do: the work; sent to every process once, and called with one key after the other.
        keys: in the order in which the results are wanted.
        workers: how many processes work, this one among them.
        keep: called with every result as soon as it is there, in any order and thread.
        shown: a key as messages call it.
        what: what `do` holds, as messages call it, such as "the release".
        doing: what a worker does with a key, such as "reading".

    Yields:
        What `keep` made of each, in the order of `keys`.

    Raises:
        WorkerError: a worker died, or `do` cannot be sent.
        Exception: what `do` raised; of several the first in the order of `keys`.
    """
    team = _Team(do, keys, keep, shown, what, doing)
    try:
        team.start(min(workers, len(keys)) - 1)
        for index in range(len(keys)):
            yield team.result(index)
    finally:
        team.terminate()


class _Team(Generic[Key, Done, Kept]):
    """Distributes the pieces: whoever is free takes the next one."""

    def __init__(
        self,
        do: Callable[[Key], Done],
        keys: Sequence[Key],
        keep: Callable[[Done], Kept],
        shown: Callable[[Key], str],
        what: str,
        doing: str,
    ) -> None:
        self._do = do
        self._keys = keys
        self._keep = keep
        self._shown = shown
        self._what = what
        self._doing = doing
        self._next = 0
        self._busy: set[int] = set()  # taken and not finished
        self._results: dict[int, _Result[Kept]] = {}  # finished and not asked for
        self._failed: Exception | None = None  # a process could not begin
        self._changed = threading.Condition()
        self._terminated = False
        self._packed = b""  # `do`, until every process has it
        self._starting = 0
        self._threads: list[threading.Thread] = []
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, count: int) -> None:
        """Start processes beside this one.

        Raises:
            WorkerError: `do` cannot be sent to them.
        """
        if count < 1:
            return
        try:
            self._packed = pickle.dumps(self._do, protocol=pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # a plugin's object may hold anything, and pickle raises anything
            raise WorkerError(
                f"{self._what} cannot be sent to other processes ({type(error).__name__}: {error}); "
                "do it with one worker"
            ) from error
        self._starting = count
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def result(self, index: int) -> Kept:
        """What became of a piece. While others do it, this process does the next one itself."""
        while True:
            with self._changed:
                if self._failed is not None:
                    raise self._failed
                outcome = self._results.pop(index, None)
            if outcome is not None:
                return outcome.value()
            mine = self._take()
            if mine is None:
                with self._changed:
                    self._changed.wait_for(lambda: self._failed or index in self._results)
                continue
            try:
                self._finish(mine, self._do(self._keys[mine]))
            except Exception as error:  # told when its turn comes, so that the first one is told
                self._put(mine, _Failed(error))

    def terminate(self) -> None:
        """Kill all processes at once."""
        with self._changed:
            self._terminated = True
            for process in self._processes:
                process.kill()
        for thread in self._threads:
            thread.join()
        for process in self._processes:
            with contextlib.suppress(BrokenPipeError), process:  # closes the pipes and waits
                pass

    def _take(self) -> int | None:
        with self._changed:
            if self._terminated or self._next == len(self._keys):
                return None
            self._busy.add(self._next)
            self._next += 1
            return self._next - 1

    def _finish(self, index: int, done: Done) -> None:
        self._put(index, _Kept(self._keep(done)))

    def _put(self, index: int, result: _Result[Kept]) -> None:
        with self._changed:
            self._busy.discard(index)
            self._results[index] = result
            self._changed.notify_all()

    def _serve(self) -> None:
        """A thread: have another process do pieces until there are none."""
        if hasattr(signal, "pthread_sigmask"):
            # A process inherits what its thread blocks: Ctrl-C must not reach it while it is still importing.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process = self._spawn()
            self._ask(process, self._packed)
        except Exception as error:
            with self._changed:
                self._failed = error
                self._changed.notify_all()
            return
        with self._changed:
            self._starting -= 1
            if not self._starting:
                self._packed = b""  # it may be large
        while (index := self._take()) is not None:
            try:
                self._finish(index, self._ask(process, pickle.dumps(self._keys[index]), index))
            except Exception as error:
                self._put(index, _Failed(error))
                return

    def _spawn(self) -> subprocess.Popen[bytes]:
        code = f"import sys; sys.path[:] = {sys.path!r}; from rvosbench.work.worker import main; main()"
        with self._changed:
            if self._terminated:
                raise WorkerError("the run is over")
            process = subprocess.Popen(
                [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            self._processes.append(process)
        return process

    def _ask(self, process: subprocess.Popen[bytes], request: bytes, index: int | None = None) -> Any:
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(request)
            process.stdin.flush()
            answer = pickle.load(process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise self._death(process.wait(), index) from error
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _death(self, code: int, index: int | None) -> WorkerError:
        """The error for a process that stopped answering."""
        with self._changed:
            others = [self._shown(self._keys[other]) for other in sorted(self._busy - {index})]
        who = "a worker that was starting"
        if index is not None:
            who = f"the worker that was {self._doing} {self._shown(self._keys[index])}"
        who += f" (others: {', '.join(others)})" if others else ""
        if code < 0:
            end = f"was killed by signal {-code}; is memory short? try it with fewer --workers"
        else:
            end = f"ended with exit code {code}; its last words are above"
        return WorkerError(f"{who} {end}")


class _Kept(Generic[Kept]):
    """A result that is there, which may be None."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def value(self) -> Kept:
        return self._kept


class _Failed:
    """An error that waits for its turn."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def value(self) -> NoReturn:
        raise self._error


_Result: TypeAlias = "_Kept[Kept] | _Failed"
