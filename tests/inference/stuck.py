"""`rvos` with a model `stuck` that hangs at its fourth video, once: the file that STUCK names tells."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rvosbench.plugins.model import ModelSpec
from rvosbench.plugins.registry import MODELS
from rvosbench.types import Clip, Segmentation
from rvosbench.work import program
from tests.inference.drawing import Drawing


class Stuck(Drawing):
    def segment(self, clip: Clip, expressions: Sequence[str], candidates: int = 1) -> Sequence[Segmentation]:
        sign = Path(os.environ["STUCK"])
        if clip.video_id == "v3" and not sign.exists():
            sign.touch()
            time.sleep(60)
        return super().segment(clip, expressions, candidates)


if __name__ == "__main__":
    from rvosbench_cli.main import main

    program._own_source = lambda: b""  # somebody may be at work on the sources while the tests run
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with MODELS.register("stuck", ModelSpec(summary="hangs", load=lambda checkpoint, request: Stuck())):
        main(sys.argv[1:])
