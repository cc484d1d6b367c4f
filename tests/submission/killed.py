"""`killed VERB AT STORE SPLIT PREDICTIONS OUT`: convert to VERB, or submit, killed at a call or a video.

AT is the number of a call of the file system, as in `tests.files.faults`, or `video` for the moment at which
the first video is done.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext

from rvosbench.evaluation.submit import submit
from rvosbench.submission import convert
from tests.files.faults import die, failing


def write(verb: str, predictions: str, store: str, split: str, out: str, **more) -> None:
    """What both the killed process and the one after it do."""
    if verb == "submit":
        submit(predictions, "ytvos", out, store, split=split, about="expression", **more)
    else:
        convert(predictions, store, out, to=verb, split=split, **more)


if __name__ == "__main__":
    verb, at, store, split, predictions, out = sys.argv[1:]
    in_video = at == "video"
    with nullcontext() if in_video else failing(int(at), die, exchange=True):
        write(verb, predictions, store, split, out, on_progress=(lambda *_: die()) if in_video else None)
    sys.exit(7)  # survived: there is no such call
