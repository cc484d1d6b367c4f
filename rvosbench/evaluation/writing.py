"""Scores -> the folder of a protocol in a run; whole or not at all."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq

from rvosbench.errors import FormatError, OutputError
from rvosbench.runs.record import write_json
from rvosbench.runs.run import SCORES_FOLDER
from rvosbench.runs.scores import SCORES, Scores
from rvosbench.runs.tables import EXPRESSION_SCORES, FRAME_SCORES

_GROUP_ROWS = 50_000


@contextmanager
def scores_folder(run: Path, protocol: str) -> Iterator[Path]:
    """A folder to write scores into; it becomes `scores/<protocol>/` when the body ends well.

    Earlier scores under this protocol are replaced then, those under others stay.

    Raises:
        OutputError: the run cannot be written; before anything was computed, if that can be told.
    """
    folder = run / SCORES_FOLDER / protocol
    partial = folder.with_name(f".{protocol}.partial")
    run_is_new = not run.exists()
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
    except OSError as error:
        raise OutputError(f"{run} cannot be written ({error.strerror}); choose another place") from error
    try:
        yield partial
        _put_in_place(partial, folder)
        _remove_old_layout(run, protocol)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        with contextlib.suppress(OSError):  # unless it holds the scores of another protocol
            folder.parent.rmdir()
            if run_is_new:
                run.rmdir()


def write_scores(scores: Scores, folder: Path) -> None:
    """Write scores.json and, where the scores hold them, the tables."""
    for name, table in ((FRAME_SCORES, scores.frames), (EXPRESSION_SCORES, scores.expressions)):
        if table is not None:
            pq.write_table(table, folder / name, compression="zstd", row_group_size=_GROUP_ROWS)
    write_json(folder / SCORES, scores.as_json())


def _put_in_place(partial: Path, folder: Path) -> None:
    old = folder.with_name(f".{folder.name}.old")
    try:
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        partial.rename(folder)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}); choose another place") from error
    shutil.rmtree(old, ignore_errors=True)


def _remove_old_layout(run: Path, protocol: str) -> None:
    """Take away what an earlier version wrote at the top of the run for the protocol just scored."""
    if not (run / SCORES).is_file():
        return
    try:
        old = Scores.read(run / SCORES).protocol.name
    except FormatError:
        old = protocol  # damaged: its message says to score again, which was just done
    if old == protocol:
        for name in (SCORES, FRAME_SCORES, EXPRESSION_SCORES):
            (run / name).unlink(missing_ok=True)
