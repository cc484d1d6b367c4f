"""`killed VERB AT STORE OUT PART...`: merge or evaluate, killed at the file system's call number AT."""

from __future__ import annotations

import sys

from rvosbench.evaluation.evaluate import evaluate
from rvosbench.evaluation.merge_parts import merge
from tests.files.faults import die, failing

if __name__ == "__main__":
    verb, at, store, out, *parts = sys.argv[1:]
    with failing(int(at), die, exchange=True) as fault:
        if verb == "merge":
            merge(parts, out=out, store=store)
        else:
            evaluate(out, store, protocol="a2d", seed=4)
    assert not fault.struck
    sys.exit(7)  # survived: there is no such call
