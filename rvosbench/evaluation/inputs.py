"""What is to be scored, and what is known about how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rvosbench.errors import InvalidDataError, MissingPathError, ScoreError, UnknownNameError
from rvosbench.evaluation.arrays import Answering, Arrays
from rvosbench.files.locations import local_path
from rvosbench.plugins.defaults import default_protocol
from rvosbench.plugins.protocol import Protocol
from rvosbench.plugins.registry import PROTOCOLS
from rvosbench.runs.record import NAME as RECORD
from rvosbench.runs.record import RunRecord
from rvosbench.runs.run import PREDICTIONS, Run, open_run
from rvosbench.runs.tolerance import STRICT, Tolerance
from rvosbench.store import Store
from rvosbench.submission import PredictionSource, open_predictions
from rvosbench.submission.naming import name_of
from rvosbench.work.shards import Shard

Predicted = str | Path | Run | Answering
"""A run, or its folder; a folder or file that anything wrote; answers in memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """Predictions before they are opened: that needs the protocol, which may depend on the store."""

    run: Run | None = None  # a finished rvos predict, or a folder that holds scores already
    path: Path | None = None  # of foreign predictions
    answers: Answering | None = None  # in memory

    @property
    def record(self) -> RunRecord | None:
        """How a run was made; None for what came from elsewhere."""
        return self.run.record if self.run else None

    @property
    def shown(self) -> str:
        """As messages call it."""
        if self.answers is not None:
            return "the arrays"
        return str(self.path or (self.run.path / PREDICTIONS if self.run else ""))

    @property
    def model(self) -> str:
        """As scores call it."""
        if self.record is not None and self.record.model:
            return self.record.model
        if self.path is not None:
            return name_of(self.path)
        return self.run.name if self.run else "arrays"


def given(predictions: Predicted) -> Given:
    """Tell a run from foreign predictions.

    Raises:
        MissingPathError: a run has no predictions, and none are remembered.
    """
    if not isinstance(predictions, str | Path | Run):
        return Given(answers=predictions)
    if not isinstance(predictions, Run):
        path = local_path(predictions)
        if not path.exists():
            raise MissingPathError(f"{path} is not there; expected a run, or predictions that anything wrote")
        if not is_run(path):
            return Given(path=path)
        predictions = open_run(path)
    if predictions.record is None:  # foreign predictions that were scored into a folder of their own
        remembered = predictions.scores(predictions.protocols[0]).predictions
        if remembered is None:
            raise MissingPathError(
                f"{predictions.path} does not say where its predictions are; score them again, and name them"
            )
        return Given(run=predictions, path=Path(remembered))
    if not (predictions.path / PREDICTIONS).is_dir():
        raise MissingPathError(
            f"{predictions.path} has no {PREDICTIONS}; make them with rvos predict, or name --predictions"
        )
    return Given(run=predictions)


def shard_of(what: Given, shard: Shard | str | tuple[int, int] | None) -> Shard | None:
    """The part that is to be scored: the one that was asked for, or that a run is.

    Raises:
        InvalidDataError: it is no part.
        ScoreError: the run is another part, or holds the scores of one alone.
    """
    asked = None if shard is None else Shard.read(shard)
    if what.run is None:
        return asked
    if what.record is None:
        held = what.run.scores(what.run.protocols[0]).shard
        if held is not None:
            raise ScoreError(
                f"{what.run.path} holds the scores of shard {held} of {what.path}; score these with "
                f"--shard {held}, or merge the parts with: rvos merge PART... --out RUN"
            )
        return asked
    own = what.record.shard
    if own is not None and asked is not None and asked != own:
        raise ScoreError(
            f"{what.run.path} holds shard {own} of the predictions, shard {asked} was asked for; leave it out"
        )
    return own or asked


def left_out_of(what: Given, store: Store, split: str, video_ids: Sequence[str] | None) -> frozenset[str]:
    """The expressions that a run did not ask, <video>/<expression>; of some videos, or of all with None."""
    left_out = frozenset(what.record.left_out if what.record else ())
    if video_ids is None or not left_out:
        return left_out
    wanted, table = set(video_ids), store.table("expressions", split, ["video_id", "expression_id"])
    return left_out & {
        f"{row['video_id']}/{row['expression_id']}" for row in table.to_pylist() if row["video_id"] in wanted
    }


def is_run(path: Path) -> bool:
    """Whether a folder is a run: it has a record, or scores."""
    return (path / RECORD).is_file() or bool(Run(path).scores_folders)


def store_of(what: Given, store: Store | str | Path | None) -> Store:
    """The ground truth: the store that was named, else the one that a run was made from.

    Raises:
        MissingPathError: none was named, or it is not there.
    """
    if isinstance(store, Store):
        return store
    if store is None and what.run is not None:
        record = what.record
        store = record.store if record else what.run.scores(what.run.protocols[0]).store
    if store is None:
        raise MissingPathError(
            f"{what.shown} does not say which store it answers; name the store with the ground truth"
        )
    return Store.open(local_path(store))


def split_of(what: Given, store: Store, split: str | None) -> str:
    """The split that was named, else a run's, else the store's only one.

    Raises:
        UnknownNameError: no such split, or there are several.
    """
    if split is None and what.run is not None:
        record = what.record
        split = record.split if record else what.run.scores(what.run.protocols[0]).split
    return store.only_split(split)


def rules_of(store: Store, protocol: str | Protocol | None) -> Protocol:
    """The protocol that was named, else the dataset's own.

    Raises:
        UnknownNameError: there is none of that name, or none that belongs to the dataset.
    """
    if isinstance(protocol, Protocol):
        return protocol
    name = protocol or default_protocol(store.name)
    if name is None:
        raise UnknownNameError(
            f"there is no default protocol for the dataset '{store.name}'; choose one of "
            f"{', '.join(PROTOCOLS)}"
        )
    return PROTOCOLS[name]


def opened(
    what: Given, store: Store, split: str, rules: Protocol, tolerance: Tolerance = STRICT
) -> PredictionSource:
    """The predictions, one video at a time.

    Raises:
        ScoreError: they are of another store or split, or fewer than the protocol ranks.
        MissingPathError: they are gone.
        FormatError: they are in no format that we read.
    """
    if what.answers is not None:
        return Arrays(what.answers, store.video_ids(split), tolerance)
    if what.path is not None:
        source = open_predictions(
            what.path,
            rules.answers,
            release=store.release,
            store=store,
            tolerance=tolerance,
            split=split,
        )
        if source.record is not None and rules.candidates == "all":
            _refuse_too_few_candidates(what.path, source.record, rules)
        return source
    run, record = what.run, what.record
    if run is None or record is None:
        raise InvalidDataError("nothing was given to score; name a run, predictions or arrays")
    unit = "object" if rules.answers == "object" else "expression"  # the expressions that annotators wrote
    refuse_other_origin(run, record, store, split, unit)
    if rules.candidates == "all":
        _refuse_too_few_candidates(run.path, record, rules)
    return open_predictions(run.path / PREDICTIONS, rules.answers, tolerance=tolerance)


def refuse_other_origin(run: Run, record: RunRecord, store: Store, split: str, unit: str | None) -> None:
    """Refuse to hold a run against something else than it answered.

    Raises:
        ScoreError: it is of another store, split or unit.
    """
    for key, expected in (("store_fingerprint", store.fingerprint), ("split", split), ("unit", unit)):
        if getattr(record, key) != expected:
            raise ScoreError(
                f"{run.path} was predicted with {key.replace('_', ' ')} {getattr(record, key)!r}, it would "
                f"be scored with {expected!r}; score it against "
                f"{record.store or 'the store it was made from'}, or predict again"
            )


def _refuse_too_few_candidates(path: Path, record: RunRecord, rules: Protocol) -> None:
    """The mAP of a single candidate is another number than mAP of all, and the two must not share a table."""
    kept, available = record.candidates, record.candidates_available
    if kept is None or (kept >= available if available is not None else kept > 1):
        return
    single = [
        name
        for name, other in PROTOCOLS.items()
        if other.candidates == "best" and _same_but_for_candidates(rules, other)
    ]
    of_all = f"{kept} of the {available} candidates that {record.model} has" if available else "1 candidate"
    raise ScoreError(
        f"{path} keeps {of_all} per expression, '{rules.name}' ranks all of them; predict again with "
        f"--candidates {available or 'N'}" + "".join(f", or score with --protocol {name}" for name in single)
    )


def _same_but_for_candidates(rules: Protocol, other: Protocol) -> bool:
    keys = ("unit", "metrics", "main_metric", "frames", "absent", "matching", "annotators", "void")
    return all(getattr(rules, key) == getattr(other, key) for key in keys)
