"""`rvos` in which a video takes ten seconds to score."""

from __future__ import annotations

import signal
import sys
import time

from rvosbench.evaluation import collect


def main() -> None:
    from rvosbench_cli.main import main as rvos

    real = collect._scored

    def slow(task, video):
        time.sleep(10)
        return real(task, video)

    collect._scored = slow
    signal.signal(signal.SIGINT, signal.default_int_handler)
    rvos(sys.argv[1:])
