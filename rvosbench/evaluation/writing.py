"""Scores -> the folder of a protocol in a run; whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq

from rvosbench.errors import FormatError
from rvosbench.files.atomic import atomic_folder, write_json
from rvosbench.runs.run import SCORES_FOLDER
from rvosbench.runs.scores import SCORES, Scores
from rvosbench.runs.tables import EXPRESSION_SCORES, FRAME_SCORES

_GROUP_ROWS = 50_000


@contextmanager
def scores_folder(run: Path, protocol: str) -> Iterator[Path]:
    """A folder to write scores into; it becomes `scores/<protocol>/` when the body ends well.

    Earlier scores under this protocol are replaced then, those under others stay.

    Raises:
        OutputError: the run cannot be written; said before anything is computed.
    """
    with atomic_folder(run / SCORES_FOLDER / protocol, overwrite=True) as folder:
        yield folder
    _remove_old_layout(run, protocol)


def write_scores(scores: Scores, folder: Path) -> None:
    """Write scores.json and, where the scores hold them, the tables."""
    for name, table in ((FRAME_SCORES, scores.frames), (EXPRESSION_SCORES, scores.expressions)):
        if table is not None:
            pq.write_table(table, folder / name, compression="zstd", row_group_size=_GROUP_ROWS)
    write_json(folder / SCORES, scores.as_json())


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
