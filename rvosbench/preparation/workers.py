"""Videos converted by this process and by others, in the order they were asked for.

What is finished goes into the journal as it comes; memory holds one video per process.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial

from rvosbench.preparation.journal import Entry, Note
from rvosbench.preparation.unit import Job, Refused, convert
from rvosbench.work.pool import do_all

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

    def kept(done: tuple[Note, bytes] | Refused) -> Entry | Refused:
        return done if isinstance(done, Refused) else keep(*done)

    return do_all(
        partial(_convert, job),
        keys,
        workers,
        keep=kept,
        shown="/".join,
        what="the release",
        doing="reading",
    )


def _convert(job: Job, key: Key) -> tuple[Note, bytes] | Refused:
    return convert(job, *key)
