"""Predictions as one JSON file: run lengths by video and expression.

```text
{"<video>": {"<expression>": {"frames": [...], "prediction_masks": [rle, ...]}}}
```
`frames` are the names of the frames that there is a mask for. Scores stand under "scores", one for each mask,
where any is not 1; several candidates make a list of such records, best first. Everything can be read back.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rvosbench import masks
from rvosbench.files.atomic import atomic_file
from rvosbench.files.places import writing
from rvosbench.runs.predictions import Prediction
from rvosbench.submission.outputs.output import Lost, Output
from rvosbench.submission.outputs.places import check_output
from rvosbench.types import Video


class JsonOutput(Output):
    """A `.json` or `.json.gz` file; it holds everything."""

    def __init__(self, out: Path, *, overwrite: bool = False) -> None:
        """Reserve the place.

        Args:
            out: the file.
            overwrite: it may be there.

        Raises:
            OutputError: it is taken, cannot be written, or has another suffix.
        """
        check_output("json", out, overwrite=overwrite)
        self.lost = Lost()
        self._path = out
        self._file = atomic_file(out, overwrite=overwrite)
        raw = self._file.partial.open("wb")
        packed = gzip.GzipFile("", "wb", fileobj=raw, mtime=0) if out.suffix == ".gz" else None
        self._open = [raw] if packed is None else [packed, raw]
        self._text = io.TextIOWrapper(packed or raw, encoding="ascii", newline="\n")
        self._before = "{\n"

    def add(self, video: Video, rows: Sequence[Prediction]) -> None:
        """See `Output`."""
        tracks: dict[str, list[Prediction]] = {}
        for row in rows:
            tracks.setdefault(row.expression_id, []).append(row)
        content = {asked_id: _answer(video, track) for asked_id, track in tracks.items()}
        with writing(self._path):
            self._text.write(f"{self._before}{json.dumps(video.video_id)}: {json.dumps(content)}")
        self._before = ",\n"

    def finish(self) -> None:
        """See `Output`."""
        with writing(self._path):
            self._text.write(f"{self._before.replace(',', '')}}}\n" if self._before != "{\n" else "{}\n")
            self._close()
        self._file.commit()

    def abandon(self) -> None:
        """See `Output`."""
        try:
            self._close()
        except OSError:
            pass  # a full disk says so again; the first error counts
        finally:
            self._file.abandon()

    def _close(self) -> None:
        self._text.close()
        for file in self._open:
            file.close()


def _answer(video: Video, rows: Iterable[Prediction]) -> dict[str, Any] | list[dict[str, Any]]:
    """One expression: a record, or one for each candidate."""
    candidates: list[list[Prediction]] = []
    for row in rows:
        candidates += [[] for _ in range(row.candidate + 1 - len(candidates))]
        candidates[row.candidate].append(row)
    records = [_record(video, candidate) for candidate in candidates]
    return records[0] if len(records) == 1 else records


def _record(video: Video, rows: Sequence[Prediction]) -> dict[str, Any]:
    record: dict[str, Any] = {
        "frames": [video.frames[row.frame_index].name for row in rows],
        "prediction_masks": [masks.as_json(row.mask) for row in rows],
    }
    if any(row.score != 1.0 for row in rows):
        record["scores"] = [row.score for row in rows]
    return record
