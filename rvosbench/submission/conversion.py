"""Predictions from one form into another, with a word about what the other cannot hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from rvosbench.errors import InvalidDataError, MissingPathError, ScoreError
from rvosbench.files.locations import local_path
from rvosbench.files.text import shown, some
from rvosbench.masks import area as mask_area
from rvosbench.plugins.defaults import default_protocol
from rvosbench.plugins.protocol import Protocol
from rvosbench.plugins.registry import PROTOCOLS
from rvosbench.runs.run import PREDICTIONS, Run
from rvosbench.runs.tolerance import NOTHING, STRICT, Adjusted, Tolerance
from rvosbench.store import Store, open_store
from rvosbench.submission.files import Unit
from rvosbench.submission.fitting import refuse_all_cut
from rvosbench.submission.opening import open_predictions
from rvosbench.submission.outputs.json_file import JsonOutput
from rvosbench.submission.outputs.nothing import NoOutput
from rvosbench.submission.outputs.output import Output
from rvosbench.submission.outputs.parquet import ParquetOutput
from rvosbench.submission.outputs.places import check_output
from rvosbench.submission.outputs.png_tree import PngOutput
from rvosbench.submission.servers import SERVERS, Server, server_of_dataset, write_submission
from rvosbench.submission.sources import PredictionSource, VideoRows, unasked
from rvosbench.submission.truth import refuse_overwriting
from rvosbench.types import VOID, Video

To = Literal["png", "parquet", "json", "submission"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Converted:
    """What was converted, and what was not."""

    out: Path
    to: To
    videos: int  # with predictions
    masks: int
    missing: int  # expressions (or objects) without any prediction
    lost: tuple[str, ...]  # what the form cannot hold, a sentence each
    notes: tuple[str, ...]  # how the predictions were found
    adjusted: Adjusted  # what was let pass


def convert(
    predictions: str | Path,
    store: Store | str | Path,
    out: str | Path,
    *,
    to: To,
    split: str | None = None,
    protocol: str | Protocol | None = None,
    tolerance: Tolerance = STRICT,
    overwrite: bool = False,
    dry_run: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Converted:
    """Write predictions in another form.

    Args:
        predictions: in any form that `rvos evaluate` reads, or a run.
        store: what they answer.
        out: a folder for parquet, a folder or .zip for png and submission, a .json or .json.gz for json.
        to: the form. json and parquet hold everything; png and submission the best candidate, without its
            score; a submission wants every frame of every expression.
        split: of the store; may be left out where it has only one.
        protocol: decides whether expressions or objects are answered. None: the dataset's own, else
            expressions.
        tolerance: what may be wrong with the predictions.
        overwrite: something of this form may be at `out`; a run's own predictions may not.
        dry_run: read and check everything, `out` too, and write nothing.
        on_progress: called with (videos done, videos in all).

    Returns:
        What was written, and what was lost.

    Raises:
        MissingPathError: there are no predictions, or no store.
        UnknownNameError: no such split or protocol.
        FormatError: the predictions are in no form that is read.
        ScoreError: they cannot be scored, are a part of a run, answer what the split does not ask, or do not
            fit the form.
        OutputError: `out` is taken, or cannot be written.
    """
    if to not in get_args(To):
        raise InvalidDataError(f"cannot convert to {to!r}; expected {', '.join(get_args(To))}")
    path, out, store = _predictions_of(local_path(predictions)), local_path(out), open_store(store)
    check_output(to, out, overwrite=overwrite)
    refuse_overwriting(out, store)
    split = store.only_split(split)
    unit = _unit(store, protocol)
    source = open_predictions(
        path, unit, release=store.release, store=store, tolerance=tolerance, split=split
    )
    if source.merged:
        raise ScoreError(
            f"{path} holds label maps that an annotator's expressions were merged into, which no longer say "
            "what answers which; expected one mask per expression"
        )
    video_ids = store.video_ids(split)
    unknown = sorted(set(source.video_ids()) - set(video_ids))
    if unknown and tolerance.surplus == "error":
        raise ScoreError(
            f"{path} holds predictions of {len(unknown)} videos that {store.name}/{split} does not have, "
            f"such as {some(map(shown, unknown))}; choose another --split, or add --surplus ignore"
        )
    counted = _Counted(source, unit, tolerance)
    if to == "submission" and not dry_run:
        about: Literal["expression", "object"] = "object" if unit == "object" else "expression"
        write_submission(
            counted,
            store,
            split,
            _server(store, about),
            out,
            about=about,
            tolerance=Tolerance(threshold=tolerance.threshold),  # the rest is let pass before they come here
            overwrite=overwrite,
            on_progress=on_progress,
        )
        lost: tuple[str, ...] = ("scores and further candidates are left out",) if counted.ranked else ()
    else:
        with _output(to, out, unit, overwrite=overwrite, dry_run=dry_run) as output:
            for done, video_id in enumerate(video_ids):
                video = store.video(split, video_id)
                rows = counted.read(video).rows
                if rows:
                    output.add(video, rows)
                if on_progress is not None:
                    on_progress(done + 1, len(video_ids))
            if not counted.masks:
                raise ScoreError(
                    f"{path} holds no predictions for {store.name}/{split}, expected some to convert; choose "
                    "another --split"
                )
            if not counted.has_pixels:
                refuse_all_cut(tolerance, counted.adjusted)
        lost = output.lost.lines()
        if to == "submission" and counted.missing_masks:
            raise ScoreError(
                f"{counted.missing_masks:,} masks of {store.name}/{split} are missing; the server wants "
                "every frame: predict them too"
            )
    return Converted(
        out=out,
        to=to,
        videos=counted.videos,
        masks=counted.masks,
        missing=counted.missing,
        lost=lost,
        notes=tuple(source.notes),
        adjusted=counted.adjusted + Adjusted(surplus=len(unknown)),
    )


def _server(store: Store, about: Literal["expression", "object"]) -> Server:
    """The server of the dataset, else the one whose layout people exchange."""
    server = server_of_dataset(store.name)
    if server is not None and server.takes(about):
        return server
    return SERVERS["davis" if about == "object" else "ytvos"]


class _Counted(PredictionSource):
    """A source whose rows are counted, and of which nothing is passed on that nobody asked."""

    def __init__(self, source: PredictionSource, unit: Unit, tolerance: Tolerance) -> None:
        self._source = source
        self._unit = unit
        self._tolerance = tolerance
        self.notes = source.notes
        self.videos = self.masks = self.missing = self.missing_masks = 0
        self.ranked = self.has_pixels = False
        self.adjusted = NOTHING

    def video_ids(self) -> tuple[str, ...]:
        return self._source.video_ids()

    def read(self, video: Video) -> VideoRows:
        read = self._source.read(video)
        asked = _asked(video, self._unit)
        rows = [row for row in read.rows if row.expression_id in asked]
        unasked({row.expression_id for row in read.rows}, asked, self._unit, video, self._tolerance)
        self.videos += bool(rows)
        self.masks += len(rows)
        self.missing += len(asked - {row.expression_id for row in rows})
        answered = {(row.expression_id, row.frame_index) for row in rows if row.candidate == 0}
        self.missing_masks += len(asked) * len(video.frames) - len(answered)
        self.has_pixels = self.has_pixels or any(mask_area(row.mask) for row in rows)
        self.ranked |= any(row.candidate or row.score != 1.0 for row in rows)
        self.adjusted += read.adjusted + Adjusted(surplus=len(read.rows) - len(rows))
        return VideoRows(rows, read.adjusted)


def _asked(video: Video, unit: Unit) -> set[str]:
    if unit == "object":
        return {str(obj.object_id) for obj in video.objects if obj.category != VOID}
    return {expression.expression_id for expression in video.expressions}


def _predictions_of(path: Path) -> Path:
    """The predictions of a whole run, or those that a run holds the scores of; anything else as it is."""
    run = Run(path)
    if run.record is None and not run.scores_folders:
        return path
    run.refuse_part()
    if run.record is not None:
        return path / PREDICTIONS
    remembered = run.scores(run.protocols[0]).predictions
    if remembered is None:
        raise MissingPathError(
            f"{path} does not say where its predictions are; name them, or score them again first"
        )
    return Path(remembered)


def _unit(store: Store, protocol: str | Protocol | None) -> Unit:
    if not isinstance(protocol, Protocol):
        name = protocol or default_protocol(store.name)
        if name is None:
            return "expression"
        protocol = PROTOCOLS[name]
    return protocol.answers


def _output(to: To, out: Path, unit: Unit, *, overwrite: bool, dry_run: bool) -> Output:
    if dry_run or to == "submission":
        return NoOutput(keeps_candidates=to in ("json", "parquet"))
    if to == "parquet":
        return ParquetOutput(out, overwrite=overwrite)
    return JsonOutput(out, overwrite=overwrite) if to == "json" else PngOutput(out, unit, overwrite=overwrite)
