"""A run is an object: its record, its predictions and its scores, each read once and passed on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from rvosbench.errors import MissingPathError, ScoreError, UnknownNameError
from rvosbench.files.locations import local_path
from rvosbench.files.text import strip_control
from rvosbench.plugins.defaults import default_protocol
from rvosbench.runs import record as run_record
from rvosbench.runs.predictions import Predictions
from rvosbench.runs.record import RunRecord, read_run
from rvosbench.runs.scores import SCORES, Scores
from rvosbench.runs.tables import EXPRESSION_SCHEMA, EXPRESSION_SCORES, FRAME_SCHEMA, FRAME_SCORES, read_table

if TYPE_CHECKING:
    import pandas as pd

PREDICTIONS = "predictions"
SCORES_FOLDER = "scores"


def open_run(run: str | Path | Run) -> Run:
    """Open the folder of a run.

    Args:
        run: a folder that `rvos predict`, `rvos train` or `rvos evaluate --out` wrote. A `Run` is returned
            as it is.

    Raises:
        MissingPathError: there is no such folder, or it holds neither a record nor scores.
        LocationError: the path is not one of this machine.
    """
    if isinstance(run, Run):
        return run
    opened = Run(local_path(run))
    if opened.scores_folders or (opened.path / run_record.NAME).is_file():
        return opened
    raise MissingPathError(
        f"{run} has no {run_record.NAME} and no scores; expected the folder of a finished rvos predict, "
        "rvos train or rvos evaluate --out"
    )


class Run:
    """A run folder. Nothing is read before it is asked for, and nothing twice.

    Iterating gives the rows of the expressions' table under the default protocol; `len` counts them.
    """

    def __init__(self, path: Path) -> None:
        """Use `open_run`, which checks that the folder is a run."""
        self.path = path
        self._scores: dict[str, Scores] = {}
        self._tables: dict[Path, pa.Table] = {}

    @property
    def name(self) -> str:
        """Of the folder."""
        return self.path.resolve().name

    @cached_property
    def record(self) -> RunRecord | None:
        """What run.json says; None for the scores of predictions that came from elsewhere.

        Raises:
            FormatError: run.json is damaged.
        """
        path = self.path / run_record.NAME
        return RunRecord.from_json(read_run(self.path), path) if path.is_file() else None

    @cached_property
    def predictions(self) -> Predictions:
        """The run's own predictions.

        Raises:
            MissingPathError: there are none.
        """
        return Predictions.open(self.path / PREDICTIONS)

    @cached_property
    def scores_folders(self) -> dict[str, Path]:
        """Protocol -> the folder with its scores.json and tables, sorted by name."""
        folders = {}
        if (self.path / SCORES).is_file():
            # Before scores lived under their protocol, a run held those of one.
            folders = {Scores.read(self.path / SCORES).protocol.name: self.path}
        folder = self.path / SCORES_FOLDER
        if folder.is_dir():
            folders |= {
                entry.name: entry
                for entry in folder.iterdir()
                if not entry.name.startswith(".") and (entry / SCORES).is_file()
            }
        return dict(sorted(folders.items()))

    @cached_property
    def protocols(self) -> tuple[str, ...]:
        """The protocols that the run was scored under, the dataset's own first."""
        names = tuple(self.scores_folders)
        if len(names) < 2:
            return names
        own = default_protocol(self._at(names[0]).dataset)
        return tuple(sorted(names, key=lambda name: (name != own, name)))

    def scores(self, protocol: str | None = None) -> Scores:
        """The scores under a protocol.

        Args:
            protocol: its name. Without one: the dataset's own, else the only one that was scored.

        Raises:
            MissingPathError: the run was not scored at all.
            UnknownNameError: not under this protocol; or without one, under several and not under the
                dataset's own.
            FormatError: scores.json is damaged.
        """
        return self._at(self._chosen(protocol))

    def whole_scores(self, protocol: str | None = None) -> Scores:
        """As `scores`, for whoever sets them beside others.

        Raises:
            ScoreError: they are of a part of the videos.
        """
        scores = self.scores(protocol)
        if scores.shard is not None:
            raise ScoreError(
                f"{self.path} holds the scores of shard {scores.shard} alone; merge all parts first with: "
                "rvos merge PART... --out RUN"
            )
        return scores

    def refuse_part(self) -> None:
        """Refuse a run of a part of the videos, for whoever needs all.

        Raises:
            ScoreError: with the way to make the parts one run.
        """
        record = self.record
        if record is not None:
            shard = record.shard
        else:
            shard = self.scores(self.protocols[0]).shard if self.protocols else None
        if shard is not None:
            raise ScoreError(
                f"{self.path} is shard {shard} of a run alone, expected a whole one; merge all parts first "
                "with: rvos merge PART... --out RUN"
            )

    def frames(self, protocol: str | None = None) -> pa.Table:
        """A row per scored frame, see `rvosbench.runs.tables.FRAME_SCHEMA`; `protocol` as for `scores`."""
        return self._table(self.scores_folders[self._chosen(protocol)] / FRAME_SCORES, FRAME_SCHEMA)

    def expressions(self, protocol: str | None = None) -> pa.Table:
        """A row per scored expression (or object), see `EXPRESSION_SCHEMA`; `protocol` as for `scores`."""
        return self._table(self.scores_folders[self._chosen(protocol)] / EXPRESSION_SCORES, EXPRESSION_SCHEMA)

    def to_pandas(self, protocol: str | None = None) -> pd.DataFrame:
        """The expressions' table as a data frame."""
        frame: pd.DataFrame = self.expressions(protocol).to_pandas()
        return frame

    def __len__(self) -> int:
        return len(self.expressions())

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[dict[str, Any]]:
        yield from self.expressions().to_pylist()

    def __repr__(self) -> str:
        scored = ", ".join(self.protocols)
        return f"<Run {self.path}{f', scored under {scored}' if scored else ', not scored'}>"

    def _repr_html_(self) -> str:
        tables = [self.scores(name)._repr_html_() for name in self.protocols]
        return f"<p>{escape(strip_control(str(self.path)))}</p>" + ("".join(tables) or "<p>not scored</p>")

    def __getstate__(self) -> dict[str, Any]:
        # Open files do not survive a process border; what was read is read again when it is asked for.
        return {"path": self.path, "_scores": {}, "_tables": {}}

    def _chosen(self, protocol: str | None) -> str:
        names = self.protocols
        if not names:
            raise MissingPathError(
                f"{self.path} has no {SCORES}; expected a run that was scored, do it with: rvos evaluate "
                f"{self.path}"
            )
        if protocol is not None:
            if protocol not in names:
                raise UnknownNameError(
                    f"{self.path} was not scored under '{protocol}' but under {', '.join(names)}; choose one "
                    f"of these, or score it: rvos evaluate {self.path} --protocol {protocol}"
                )
            return protocol
        if len(names) > 1 and names[0] != default_protocol(self._at(names[0]).dataset):
            raise UnknownNameError(
                f"{self.path} was scored under {', '.join(names)}, none of which is the default of its "
                "dataset; choose one with --protocol"
            )
        return names[0]

    def _at(self, protocol: str) -> Scores:
        if protocol not in self._scores:
            self._scores[protocol] = Scores.read(self.scores_folders[protocol] / SCORES)
        return self._scores[protocol]

    def _table(self, path: Path, schema: pa.Schema) -> pa.Table:
        if path not in self._tables:
            self._tables[path] = read_table(path, schema)
        return self._tables[path]
