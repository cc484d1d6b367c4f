"""Videos converted by this process and by others, in the order they were asked for.

The others are started anew rather than forked, so that a script needs no `__main__` guard and nothing of this
process is copied by accident; a thread each talks to them. What is finished goes into the journal as it
comes: a long video keeps nobody waiting, and memory holds one video per process.
"""

from __future__ import annotations

import contextlib
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from typing import Any

from rvosbench.errors import WorkerError
from rvosbench.preparation.journal import Entry, Note
from rvosbench.preparation.unit import Job, Refused, convert

Key = tuple[str, str]  # split, video
Keep = Callable[[Note, bytes], Entry]


def convert_all(
    job: Job, keys: Sequence[Key], workers: int, keep: Keep
) -> Generator[Entry | Refused, None, None]:
    """Convert videos.

    Args:
        job: the release.
        keys: (split, video), in the order in which the results are wanted.
        workers: how many processes read, this one among them.
        keep: called with every finished video as soon as it is there, in any order and thread.

    Yields:
        What `keep` made of each, or why it cannot be read, in the order of `keys`.

    Raises:
        MissingPathError: the release itself is gone.
        WorkerError: a worker died.
    """
    team = _Team(job, keys, keep)
    try:
        team.start(min(workers, len(keys)) - 1)
        for index in range(len(keys)):
            yield team.result(index)
    finally:
        team.terminate()


class _Team:
    """Distributes the videos: whoever is free takes the next one."""

    def __init__(self, job: Job, keys: Sequence[Key], keep: Keep) -> None:
        self._job = job
        self._keys = keys
        self._keep = keep
        self._next = 0
        self._busy: set[int] = set()  # taken and not finished
        self._results: dict[int, Entry | Refused | Exception] = {}  # finished and not asked for
        self._failed: Exception | None = None  # a process could not begin
        self._changed = threading.Condition()
        self._terminated = False
        self._packed = b""  # the job, until every process has it
        self._starting = 0
        self._threads: list[threading.Thread] = []
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, count: int) -> None:
        """Start processes beside this one.

        Raises:
            WorkerError: the release cannot be sent to them.
        """
        if count < 1:
            return
        try:
            self._packed = pickle.dumps(self._job, protocol=pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # a plugin's release may hold anything, and pickle raises anything
            raise WorkerError(
                f"the release cannot be sent to other processes ({type(error).__name__}: {error}); "
                "convert it with one worker"
            ) from error
        self._starting = count
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def result(self, index: int) -> Entry | Refused:
        """What became of a video. While others read it, this process reads the next one itself."""
        while True:
            with self._changed:
                outcome = self._failed or self._results.pop(index, None)
            if isinstance(outcome, Exception):
                raise outcome
            if outcome is not None:
                return outcome
            mine = self._take()
            if mine is None:
                with self._changed:
                    self._changed.wait_for(lambda: self._failed or index in self._results)
                continue
            try:
                self._finish(mine, convert(self._job, *self._keys[mine]))
            except Exception as error:  # told when its turn comes, so that the first one is told
                self._put(mine, error)

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

    def _finish(self, index: int, converted: tuple[Note, bytes] | Refused) -> None:
        self._put(index, converted if isinstance(converted, Refused) else self._keep(*converted))

    def _put(self, index: int, result: Entry | Refused | Exception) -> None:
        with self._changed:
            self._busy.discard(index)
            self._results[index] = result
            self._changed.notify_all()

    def _serve(self) -> None:
        """A thread: have another process read videos until there are none."""
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
                self._packed = b""  # the index of a release may be large
        while (index := self._take()) is not None:
            try:
                self._finish(index, self._ask(process, pickle.dumps(self._keys[index]), index))
            except Exception as error:
                self._put(index, error)
                return

    def _spawn(self) -> subprocess.Popen[bytes]:
        code = (
            f"import sys; sys.path[:] = {sys.path!r}; from rvosbench.preparation.worker import main; main()"
        )
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
            others = ["/".join(self._keys[other]) for other in sorted(self._busy - {index})]
        who = "a worker that was starting"
        if index is not None:
            who = f"the worker that was reading {'/'.join(self._keys[index])}"
        who += f" (others: {', '.join(others)})" if others else ""
        if code < 0:
            end = f"was killed by signal {-code}; is memory short? try it with fewer --workers"
        else:
            end = f"ended with exit code {code}; its last words are above"
        return WorkerError(f"{who} {end}")
