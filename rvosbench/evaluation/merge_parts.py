"""Parts of a run -> the run: every expression exactly once, as if it had been made in one go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rvosbench.errors import InvalidDataError, OutputError, ScoreError
from rvosbench.evaluation.merge_predictions import merge_predictions
from rvosbench.evaluation.merge_scores import common_protocols, merged_scores
from rvosbench.evaluation.writing import scores_folder, write_scores
from rvosbench.files.atomic import atomic_folder, write_json
from rvosbench.files.locations import local_path
from rvosbench.files.places import check_folder
from rvosbench.files.text import beginning
from rvosbench.runs import record as run_record
from rvosbench.runs.content import ANSWERS
from rvosbench.runs.run import PREDICTIONS, Run, open_run
from rvosbench.store import Store
from rvosbench.work.shards import Shard


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A run that is a part of another one."""

    run: Run
    shard: Shard

    def __str__(self) -> str:
        return f"{self.run.path} (shard {self.shard})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """What `merge` made."""

    run: Path
    parts: int
    protocols: tuple[str, ...]  # whose scores were merged too
    notes: tuple[str, ...]  # what was not merged, and why


def merge(
    parts: Sequence[str | Path | Run],
    *,
    out: str | Path,
    store: Store | str | Path | None = None,
    overwrite: bool = False,
    allow_empty: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Merged:
    """Make one run of the parts that `predict(..., shard=...)` or `evaluate(..., shard=...)` wrote.

    Predictions are equal to the bit to those of one go. Where all parts were scored under a protocol, the
    scores are merged too: the rows are joined, the numbers and their intervals computed from all rows.

    Args:
        parts: all parts, in any order.
        out: the run. Of parts that hold scores alone it may be the run whose predictions were scored.
        store: where the videos and expressions are listed. None: the store that the parts were made from.
        overwrite: a run of predictions that is at `out` gives way.
        allow_empty: merge scores even if not one mask has a pixel.
        on_progress: called with (videos done, videos in all).

    Raises:
        MissingPathError: a part, or the store, is not there.
        ScoreError: a part is missing, comes twice, lacks an expression or has one too many; or two parts
            were made with different models, weights, stores, splits or options. The message names the shard.
        FormatError: a part is damaged.
        OutputError: `out` holds something, or cannot be written.

    Example:
        >>> merge(["runs/part-1", "runs/part-2"], out="runs/whole")  # doctest: +SKIP
    """
    out = local_path(out)
    opened = [_part(part) for part in parts]
    _check_shards(opened)
    opened.sort(key=lambda part: part.shard.index)
    recorded = [part for part in opened if part.run.record is not None]
    if recorded and len(recorded) < len(opened):
        other = next(part for part in opened if part.run.record is None)
        raise ScoreError(
            f"{other} holds scores alone, {recorded[0]} predictions; expected parts of one kind, made by "
            "rvos predict --shard or by rvos evaluate --shard"
        )
    runs = [part.run for part in opened]
    protocols, notes = common_protocols(runs)
    if not recorded:
        return _of_scores(opened, protocols, notes, out, allow_empty)
    check_folder(out, overwrite=overwrite, content=ANSWERS, parents=True)
    _check_records(opened)
    with atomic_folder(out, overwrite=overwrite, content=ANSWERS) as folder:
        record = merge_predictions(
            [(part.run, part.shard) for part in opened], store, folder / PREDICTIONS, on_progress
        )
        for protocol in protocols:
            with scores_folder(folder, protocol) as target:
                write_scores(merged_scores(runs, protocol, elsewhere=False, allow_empty=allow_empty), target)
        write_json(folder / run_record.NAME, record)
    return Merged(run=out, parts=len(opened), protocols=protocols, notes=(*notes, *_versions(opened)))


def _versions(parts: Sequence[Part]) -> list[str]:
    """A remark for each package of which the parts were made with several versions."""
    made = [facts if isinstance(facts := _fact(part, "versions"), dict) else {} for part in parts]
    remarks = []
    for name in sorted(set().union(*made)):
        used = list(dict.fromkeys(str(versions.get(name, "none")) for versions in made))
        if len(used) > 1:
            remarks.append(f"the parts were made with several versions of {name}: {', '.join(used)}")
    if not remarks and len({str(_fact(part, "fingerprint")) for part in parts}) > 1:
        remarks.append("the parts were made by different states of the program, or of the model's package")
    return remarks


def _of_scores(
    opened: Sequence[Part], protocols: Sequence[str], notes: tuple[str, ...], out: Path, allow_empty: bool
) -> Merged:
    """Parts without predictions: into a folder of their own, or into the run that was scored."""
    runs = [part.run for part in opened]
    own = (out / PREDICTIONS).exists()
    computed = {}
    for protocol in protocols:
        scores = merged_scores(runs, protocol, elsewhere=True, allow_empty=allow_empty)
        scored = scores.predictions
        if own and (scored is None or Path(scored).resolve() != (out / PREDICTIONS).resolve()):
            raise OutputError(
                f"{out} holds predictions of its own, the parts are scores of {scored}; choose another --out"
            )
        computed[protocol] = scores
    if not computed:
        raise ScoreError(
            f"the parts share no protocol: {'; '.join(notes)}; score each part under the same one"
        )
    if not own:
        check_folder(out, parents=True)  # an empty one, or none
    with nullcontext(out) if own else atomic_folder(out) as folder:
        for protocol, scores in computed.items():
            with scores_folder(folder, protocol) as target:
                write_scores(replace(scores, predictions=None) if own else scores, target)
    return Merged(run=out, parts=len(opened), protocols=tuple(computed), notes=notes)


def _part(given: str | Path | Run) -> Part:
    run = open_run(given)
    record = run.record
    shard = record.shard if record is not None else run.scores(run.protocols[0]).shard
    if shard is None:
        raise ScoreError(
            f"{run.path} is no part but a whole run; expected runs that rvos predict --shard or rvos "
            "evaluate --shard wrote"
        )
    if record is not None and not (run.path / PREDICTIONS).is_dir():
        raise ScoreError(f"{run.path} has no {PREDICTIONS}; rerun shard {shard}")
    return Part(run=run, shard=shard)


def _check_shards(parts: Sequence[Part]) -> None:
    """Every shard exactly once."""
    if not parts:
        raise InvalidDataError("no part was named; expected all parts of a run")
    of = parts[0].shard.of
    known: dict[int, Part] = {}
    for part in parts:
        if part.shard.of != of:
            raise ScoreError(
                f"{part} and {parts[0]} are parts of different divisions; expected i/{of} of all, rerun it "
                f"as one of {of}"
            )
        if part.shard.index in known:
            raise ScoreError(
                f"shard {part.shard} comes twice: {known[part.shard.index].run.path} and {part.run.path}; "
                "name it once"
            )
        known[part.shard.index] = part
    missing = [f"{index}/{of}" for index in range(1, of + 1) if index not in known]
    if missing:
        shards = f"{', '.join(missing[:5])}{', ...' if len(missing) > 5 else ''}"
        what = "parts is" if len(missing) == 1 else "parts are"
        raise ScoreError(
            f"{len(missing)} of {of} {what} missing: shard {shards}; name all parts, or make what is missing "
            f"with: --shard {missing[0]}"
        )


# What decides an answer; and what the run is called by.
_SAME = (
    *("kind", "unit", "model", "checkpoint_sha256", "text_encoder", "precision", "dataset"),
    *("store_fingerprint", "split", "seed", "candidates", "candidates_available"),
    *("mismatched_expressions", "limit", "settings", "traits"),
)


def _check_records(parts: Sequence[Part]) -> None:
    """All parts were made alike."""
    first = parts[0]
    for part in parts[1:]:
        for name in _SAME:
            one, other = _fact(first, name), _fact(part, name)
            if one != other:
                raise ScoreError(
                    f"{part} has the {name.replace('_', ' ')} {beginning(other)}, {first} has "
                    f"{beginning(one)}; "
                    f"rerun shard {part.shard} like the others, or the others like it"
                )


def _fact(part: Part, name: str) -> Any:
    assert part.run.record is not None
    content: Mapping[str, Any] = part.run.record.content
    return content.get(name)
