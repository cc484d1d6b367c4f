"""Predictions as a server expects them, written one video at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rvosbench.errors import OutputError
from rvosbench.files.atomic import atomic_file, atomic_folder
from rvosbench.files.text import file_size
from rvosbench.runs.tolerance import STRICT, Tolerance
from rvosbench.store import Store
from rvosbench.submission.outputs.places import PICTURES, check_output
from rvosbench.submission.servers.answers import About
from rvosbench.submission.servers.server import Server
from rvosbench.submission.servers.table import find_server
from rvosbench.submission.servers.work import Submission, Work
from rvosbench.submission.servers.zips import ZipWriter
from rvosbench.submission.sources import PredictionSource
from rvosbench.submission.truth import refuse_overwriting


def write_submission(
    source: PredictionSource,
    store: Store,
    split: str,
    server: str | Server,
    out: Path,
    *,
    about: About | None = None,
    tolerance: Tolerance = STRICT,
    overwrite: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Submission:
    """Write every frame of everything that a split asks, the best candidate of each.

    Args:
        source: the predictions.
        store: with the split's expressions, objects and frame names.
        split: of the store.
        server: its name in `SERVERS`, or a server.
        out: a `.zip` file, or a folder; appears when it is complete.
        about: what the predictions are about. None: objects, if the server knows no expressions.
        tolerance: what may be wrong with them; their source must have been opened with the same.
        overwrite: a file, or a folder of PNG files, may be there.
        on_progress: called with (videos done, videos in all).

    Raises:
        UnknownNameError: no such server.
        OutputError: `out` is taken, cannot be written, or the disk is too small.
        ScoreError: an expression or a frame has no prediction, or predictions do not fit the server.
    """
    work = Work(source, store, split, find_server(server), about, tolerance, out)
    _check(out, store, overwrite)
    estimated = work.estimate()
    if estimated > work.done.free_bytes:
        raise OutputError(
            f"{out} has {file_size(work.done.free_bytes)} of free disk, expected about "
            f"{file_size(estimated)}; free some or choose another place"
        )
    if out.suffix.lower() == ".zip":
        with atomic_file(out, overwrite=overwrite) as partial:
            with ZipWriter(partial) as archive:
                if work.layout.content == "youtube-vis":
                    parts = work.json_parts(on_progress)
                    archive.add_streamed(work.layout.template, parts, about_bytes=work.json_bytes)
                else:
                    for name, data in work.files(on_progress):
                        archive.add(name, data)
            work.refuse_gaps()
            work.refuse_all_cut()
            work.done.size_bytes = partial.stat().st_size
    else:
        with atomic_folder(out, overwrite=overwrite, content=PICTURES, durable=False) as folder:
            for name, data in work.all_files(on_progress):
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                work.done.size_bytes += len(data)
            work.refuse_gaps()
            work.refuse_all_cut()
    return work.done


def _check(out: Path, store: Store, overwrite: bool) -> None:
    check_output("submission", out, overwrite=overwrite)
    refuse_overwriting(out, store)


def plan_submission(
    source: PredictionSource,
    store: Store,
    split: str,
    server: str | Server,
    out: Path,
    *,
    about: About | None = None,
    tolerance: Tolerance = STRICT,
    overwrite: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Submission:
    """Read all predictions and write nothing; the arguments are those of `write_submission`.

    Returns:
        With an estimated size, and with `gaps`, which are no error here.

    Raises:
        UnknownNameError, OutputError, ScoreError: as there.
    """
    work = Work(source, store, split, find_server(server), about, tolerance, out)
    _check(out, store, overwrite)
    work.done.size_bytes = work.estimate()
    for _ in work.videos(on_progress):
        pass
    work.refuse_all_cut()
    return work.done
