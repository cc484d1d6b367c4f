"""A run, or predictions that anybody wrote -> the zip that a server takes, and what it would score here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pyarrow.compute as pc

from rvosbench.errors import InvalidDataError, ScoreError, UnknownNameError
from rvosbench.evaluation.arrays import Arrays
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.evaluation.inputs import Given, Predicted, given, refuse_other_origin, split_of, store_of
from rvosbench.files.locations import local_path
from rvosbench.files.text import some
from rvosbench.plugins.defaults import default_protocol
from rvosbench.plugins.registry import PROTOCOLS
from rvosbench.runs.run import PREDICTIONS
from rvosbench.runs.scores import Scores
from rvosbench.runs.tolerance import STRICT, Tolerance, marks
from rvosbench.store import Store
from rvosbench.submission import PredictionSource, open_predictions
from rvosbench.submission.files import Unit
from rvosbench.submission.servers import (
    SERVERS,
    Layout,
    Server,
    Submission,
    find_server,
    plan_submission,
    server_of_dataset,
    write_submission,
)
from rvosbench.submission.servers.answers import About

_FOR_UNIT = {"object": "davis-objects", "annotator": "davis-official"}  # where the dataset's own does not fit


def submit(
    predictions: Predicted,
    server: str | Server | None,
    out: str | Path,
    store: Store | str | Path | None = None,
    *,
    split: str | None = None,
    about: About | None = None,
    tolerance: Tolerance = STRICT,
    overwrite: bool = False,
    dry_run: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Submission:
    """Write the zip for a server: every frame of everything asked, the best candidate of each.

    Args:
        predictions: as `evaluate` takes them.
        server: its name in `SERVERS`. None: the one for the store's dataset.
        out: a `.zip` file, or a folder.
        store: what was asked. Without it, the store that the run was made from.
        split: of the store. Without it, the run's, or the only one.
        about: what the predictions are about. None: what a run says; else objects, if the server knows no
            expressions, or knows both and finds label maps.
        tolerance: what may be wrong with the predictions.
        overwrite: a file, or a folder of PNG files, may be there.
        dry_run: read everything and write nothing.
        on_progress: called with (videos done, videos in all).

    Raises:
        UnknownNameError: no such server or split, or none for the dataset.
        MissingPathError: there are no predictions, or no store.
        ScoreError: the predictions are of another store or split, incomplete, a part of a run, or do not fit
            the server.
        OutputError: `out` cannot be written.
    """
    what = given(predictions)
    if what.run is not None:
        what.run.refuse_part()
    store = store_of(what, store)
    split = split_of(what, store, split)
    chosen = server_for(store, server)
    about, source = _opened(what, store, split, about or _about(what), chosen, tolerance)
    work = plan_submission if dry_run else write_submission
    return work(
        source,
        store,
        split,
        chosen,
        local_path(out),
        about=about,
        tolerance=tolerance,
        overwrite=overwrite,
        on_progress=on_progress,
    )


def server_for(store: Store, server: str | Server | None) -> Server:
    """The server that was named, else the one that scores the store's dataset.

    Raises:
        UnknownNameError: there is none of that name, or none for the dataset.
    """
    if server is not None:
        return find_server(server)
    fitting = server_of_dataset(store.name)
    if fitting is None:
        raise UnknownNameError(
            f"no server is known for the dataset '{store.name}'; choose one of {', '.join(SERVERS)} with "
            "--server"
        )
    return fitting


def local_score(
    submission: Path,
    store: Store,
    split: str,
    layout: Layout,
    *,
    protocol: str | None = None,
    preferred: str | None = None,
    truth: Literal["error", "annotated"] = "error",
    on_progress: Callable[[int, int], None] | None = None,
) -> Scores | None:
    """Score a zip here, as `evaluate` does.

    Args:
        submission: the zip.
        store: with the ground truth.
        split: of the store.
        layout: of the zip.
        protocol: its name. None: `preferred`, else the dataset's own, else one for objects or annotators;
            the first that scores what the zip holds.
        preferred: the name of a protocol that somebody has chosen for the dataset once and for all.
        truth: as `evaluate` takes it.
        on_progress: called with (videos done, videos in all).

    Returns:
        None where the ground truth is hidden, or no protocol belongs to the dataset.

    Raises:
        ScoreError: as `evaluate`.
    """
    if not truth_is_known(store, split, layout):
        return None
    name = protocol or _protocol(store, layout, preferred)
    if name is None:
        return None
    return evaluate(
        submission, store, split=split, protocol=name, allow_empty=True, truth=truth, on_progress=on_progress
    )


def truth_is_known(store: Store, split: str, layout: Layout) -> bool:
    """Whether the split has annotated frames, and says what its expressions mean."""
    if not pc.any(store.table("frames", split, ["annotated"])["annotated"]).as_py():
        return False
    if layout.unit == "object":
        return bool(store.table("masks", split, ["video_id"]).num_rows)
    return bool(store.table("expressions", split, ["object_ids"])["object_ids"].null_count == 0)


def _about(what: Given) -> About | None:
    unit = what.record.unit if what.record else None
    if unit is None:
        return None
    if unit not in ("expression", "object"):
        raise InvalidDataError(f"{what.shown} says that it is about {unit!r}; expected expression or object")
    return "object" if unit == "object" else "expression"


def _opened(
    what: Given, store: Store, split: str, about: About | None, server: Server, tolerance: Tolerance
) -> tuple[About, PredictionSource]:
    """The predictions, and what they are about."""
    if about is None and what.path is not None and len(server.layouts) > 1:
        try:
            return "expression", _source(what, store, split, "expression", server, tolerance)
        except ScoreError as error:
            try:  # label maps lie one folder higher than masks of expressions
                return "object", _source(what, store, split, "object", server, tolerance)
            except ScoreError:
                raise error from None
    if about is None:
        about = "object" if all(layout.unit == "object" for layout in server.layouts) else "expression"
    return about, _source(what, store, split, about, server, tolerance)


def _source(
    what: Given, store: Store, split: str, about: About, server: Server, tolerance: Tolerance
) -> PredictionSource:
    layout = server.layout_for(about)
    unit: Unit = "annotator" if layout.unit == "annotator" else about
    if what.answers is not None:
        return Arrays(what.answers, store.video_ids(split), tolerance)
    if what.path is not None:
        return open_predictions(
            what.path, unit, release=store.release, store=store, tolerance=tolerance, split=split
        )
    if what.run is None or what.record is None:
        raise InvalidDataError("nothing was given to submit; name a run, predictions or arrays")
    refuse_other_origin(what.run, what.record, store, split, about)
    return open_predictions(what.run.path / PREDICTIONS, unit, tolerance=tolerance)


def _protocol(store: Store, layout: Layout, preferred: str | None) -> str | None:
    """The first that scores what the zip holds: the preferred one, the dataset's own, any."""
    own = default_protocol(store.name)
    for name in (preferred, own):
        if name is not None and PROTOCOLS[name].answers == layout.unit:
            return name
    return own if layout.unit == "expression" else _FOR_UNIT[layout.unit]


def notes_of(submission: Submission, store: Store, tolerance: Tolerance = STRICT) -> list[str]:
    """What a person should know about a zip, beside its size."""
    server = submission.server
    notes = []
    if server.datasets and store.name not in server.datasets:
        notes.append(f"{server.title} is for {' and '.join(server.datasets)}, this store is of {store.name}")
    if not server.is_open:
        notes.append(f"{server.title}: nothing can be uploaded any more")
    if submission.merged:
        notes.append("the answers to expressions were put together into label maps, one label per object")
    if submission.overlapping:
        notes.append(
            f"in {submission.overlapping:,} label maps several objects claimed a pixel, and the one with the "
            "highest score has it; their scores may differ from those of the predictions"
        )
    if submission.named_by_text:
        notes.append(
            f"{server.title} knows videos and categories by number; ids of {store.name} are no numbers and "
            "were written as text"
        )
    notes += marks(tolerance, submission.adjusted)
    if submission.surplus:
        notes.append(
            f"predictions of {len(submission.surplus):,} videos that the split does not have were left out: "
            f"{some(submission.surplus)}"
        )
    return notes
