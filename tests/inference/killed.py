"""`killed STORE OUT AT OVERWRITE`: predict into OUT and be killed at the file system's call number AT.

Calls are those of `tests.files.faults`, and what the journal writes, of which half is written then.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rvosbench.files import journal
from rvosbench.inference.predict import predict
from rvosbench.plugins.model import ModelSpec
from rvosbench.plugins.registry import MODELS
from rvosbench.work import program
from tests.files.faults import die, failing
from tests.inference.drawing import Drawing

if __name__ == "__main__":
    store, out, at, overwrite = sys.argv[1:]
    program._own_source = lambda: b""  # somebody may be at work on the sources while the tests run
    drawing = ModelSpec(summary="draws", load=lambda checkpoint, request: Drawing())
    with MODELS.register("drawing", drawing), failing(int(at), die, exchange=True) as fault:
        real = journal._write

        def half(file, data):
            fault.calls += 1
            if fault.calls == fault.at + 1:
                real(file, data[: len(data) // 2])
                die()
            real(file, data)

        journal._write = half
        predict("drawing", store, split="train", out=Path(out), seed=3, overwrite=overwrite == "True")
    assert not fault.struck
    sys.exit(7)  # survived: there is no such call
