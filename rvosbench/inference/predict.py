"""A store and a model -> predictions: every expression of every video, over the whole video."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rvosbench.errors import InvalidDataError, ScoreError
from rvosbench.files.atomic import write_json
from rvosbench.files.kept import Partial, partial_folder
from rvosbench.files.locations import local_path
from rvosbench.files.places import check_folder, writing
from rvosbench.inference.asking import Asking, check_repeatable
from rvosbench.inference.candidates import needed_candidates
from rvosbench.inference.finished import Finished, as_body, from_body, refuse_another
from rvosbench.inference.tally import Tally
from rvosbench.models.loading import Model, check_model, load_model
from rvosbench.runs import record as run_record
from rvosbench.runs.content import ANSWERS, weights_of
from rvosbench.runs.predictions import PredictionsWriter
from rvosbench.store import Store
from rvosbench.work.program import program_digest
from rvosbench.work.shards import Shard


@dataclass(frozen=True, kw_only=True, slots=True)
class PredictOptions:
    """Everything about a run of predictions that has a default."""

    checkpoint: str | Path | None = None  # for models that need one
    model_options: Mapping[str, object] = field(default_factory=dict)  # the model's own, see `load_model`
    device: str = "cpu"  # or "cuda", "cuda:N"
    precision: str = "fp32"  # one of `rvosbench.plugins.recipe.PRECISIONS`
    seed: int = 0  # for models that draw at random
    candidates: int | None = None
    """Ranked masks per expression, at most. None: what the protocol looks at, so 1 or all that the model
    has."""
    protocol: str | None = None  # what the run is to be scored under; None: the dataset's own
    mismatched_expressions: bool = False
    """Ask for every object with an expression about another object of the same video. A model that does
    not listen keeps its score. Expressions of videos that talk about a single object cannot be mismatched;
    they are left out and listed in run.json."""
    limit: int | None = None  # only so many videos, the first ones
    shard: Shard | str | tuple[int, int] | None = None
    """A part of these videos: (1, 4) or "1/4" is the first of four contiguous ranges of the sorted ids. The
    parts become one run with `rvosbench.merge`. Of more parts than videos, some are empty."""
    resume: bool = True
    """Use the videos that an interrupted run at `out` has finished. If it was another run, by its model,
    weights, settings, seed, store or program, that is refused; False throws them away."""
    reuse: bool = False
    """A complete run at `out` that the same call has made is left as it is."""
    overwrite: bool = False
    """A run of predictions that is at `out`, with its scores, gives way when this one is complete."""


def predict(
    model: str,
    store: Store | str | Path,
    *,
    out: str | Path,
    split: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> Path:
    """Let a model answer all expressions of a split.

    The model sees whole videos, and all expressions of a video at once. It answers for the annotated
    frames; for all frames where the ground truth is hidden, as the public servers want them.

    A run that fails, is interrupted or killed leaves the videos that it has finished in `.<name>.partial`
    beside `out`; the next one with the same arguments answers the others only. The predictions are the same
    to the bit, however many runs it took.

    Args:
        model: in the model registry.
        store: where videos and expressions come from.
        out: run folder; appears when it is complete, with `predictions/` and `run.json`.
        split: of the store; None: the only one.
        on_progress: called with (videos done, videos in all).
        options: fields of `PredictOptions`, such as `checkpoint` and `device`.

    Returns:
        `out`.

    Raises:
        UnknownNameError: no such model, option, split or precision.
        MissingPathError: the model needs a checkpoint; the checkpoint or a frame is gone.
        CheckpointError: the model takes no checkpoint, or it is another model's.
        OutputError: `out` holds something, or cannot be written; somebody else is writing it, or another run
            was interrupted there.
        ShapeError: the model answered with masks of the wrong shape.
        ScoreError: the split has no expression to ask.

    Example:
        >>> predict("soc", "stores/ytvos", split="valid", out="runs/a", checkpoint="soc")  # doctest: +SKIP
    """
    chosen = PredictOptions(**options)
    if chosen.limit is not None and chosen.limit < 1:
        raise InvalidDataError(f"limit is {chosen.limit}, expected at least 1 video")
    shard = None if chosen.shard is None else Shard.read(chosen.shard)
    out = local_path(out)
    may_be_there = chosen.overwrite or (chosen.reuse and ANSWERS.fills(out) if out.is_dir() else False)
    check_folder(out, overwrite=may_be_there, content=ANSWERS, parents=True)
    checkpoint = None if chosen.checkpoint is None else weights_of(local_path(chosen.checkpoint))
    check_model(model, checkpoint, chosen.model_options)
    opened = store if isinstance(store, Store) else Store.open(local_path(store))
    split = opened.only_split(split)
    video_ids = opened.video_ids(split)[: chosen.limit]
    asked = video_ids if shard is None else shard.of_all(video_ids)
    final = out.absolute()  # the current folder may change meanwhile
    partial = Partial(final, "run")
    tally = Tally()
    try:
        start_s = time.perf_counter()
        sha256 = None if checkpoint is None else run_record.sha256_of(checkpoint)
        load_s = time.perf_counter()
        loaded = load_model(
            model,
            checkpoint,
            device=chosen.device,
            precision=chosen.precision,
            seed=chosen.seed,
            options=chosen.model_options,
        )
        tally.load_s = time.perf_counter() - load_s
        candidates = chosen.candidates or needed_candidates(opened.name, loaded.candidates, chosen.protocol)
        facts = {  # now, so that a model that cannot say what it is fails before the work
            "kind": "predictions",
            "unit": "expression",
            **_model_facts(loaded, sha256),
            **_store_facts(opened, split),
            "seed": chosen.seed,
            "candidates": candidates,
            "candidates_available": loaded.candidates,
            "mismatched_expressions": chosen.mismatched_expressions,
            "limit": chosen.limit,
            "shard": None if shard is None else asdict(shard),
            "merged": None,
            "settings": loaded.settings,
        }
        environment = run_record.environment()
        key = _key(facts, environment["versions"], loaded)
        facts["fingerprint"] = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
        if chosen.reuse:
            if _is_made(out, facts):
                partial.leave()
                return out
            check_folder(out, overwrite=chosen.overwrite, content=ANSWERS, parents=True)
        if chosen.resume:
            refuse_another(partial.folder, key, out)
        asking = Asking(
            opened,
            split,
            loaded,
            candidates,
            seed=chosen.seed,
            mismatched=chosen.mismatched_expressions,
        )
        with (
            Finished(partial.folder, key, resume=chosen.resume, durable=True) as finished,
            PredictionsWriter(partial.made / "predictions") as writer,
            tally.counting(finished),
        ):
            # Kernels of a GPU do not promise the same answer to the bit.
            if chosen.device == "cpu":
                check_repeatable(asking, finished, asked if shard else ())
            for done, video_id in enumerate(asked):
                entry = finished.entries.get((split, video_id))
                if entry is not None:
                    writer.add(from_body(finished.body(entry)))
                    tally.add(entry.note, reused=True)
                else:
                    rows, note = asking.answer(video_id)
                    tally.add(note)
                    if rows:
                        writer.add(rows)
                        with writing(out):
                            finished.add(note, as_body(rows))
                if on_progress is not None:
                    on_progress(done + 1, len(asked))
        if not tally.expressions and shard is None:
            raise ScoreError(
                f"{opened.folder} has no expression to ask in split '{split}' "
                f"({len(video_ids)} videos, {len(tally.left_out)} expressions that cannot be mismatched); "
                "expected at least one, choose another --split"
            )
        record = {**facts, **tally.as_json(time.perf_counter() - start_s), **environment}
        record["hardware"] |= {"device": chosen.device}
        write_json(partial.made / run_record.NAME, record)
        # Looked at again: what has come there since the start is not ours to remove.
        check_folder(out, overwrite=chosen.overwrite, content=ANSWERS, parents=True)
        partial.put_in_place()
    except BaseException as error:
        partial.leave()
        if tally.kept:
            videos = "1 finished video is" if tally.kept == 1 else f"{tally.kept:,} finished videos are"
            error.add_note(f"{videos} kept in {partial_folder(out)}; the same command continues from there")
        raise
    return out


def _is_made(out: Path, facts: Mapping[str, Any]) -> bool:
    """Whether a complete run at `out` is what is asked for."""
    if not (out / run_record.NAME).is_file():
        return False
    made = run_record.read_run(out)
    return all(made.get(name) == facts[name] for name in ("fingerprint", "limit", "shard"))


_DECIDING = (
    *("model", "checkpoint_sha256", "text_encoder", "precision", "dataset", "store_fingerprint"),
    *("split", "seed", "candidates", "mismatched_expressions"),
)


def _key(facts: Mapping[str, Any], versions: Mapping[str, str], loaded: Model) -> Mapping[str, Any]:
    """All that decides what a model answers about a video; not which videos: a part serves the whole."""
    key: Mapping[str, Any] = json.loads(
        json.dumps(
            {
                **{name: facts[name] for name in _DECIDING},
                "settings": dict(facts["settings"]),
                "device": loaded.device.partition(":")[0],
                "versions": dict(versions),
                "program": program_digest(type(loaded.segmenter).__module__),
            }
        )
    )
    return key


def _model_facts(loaded: Model, checkpoint_sha256: str | None) -> Mapping[str, Any]:
    """What run.json says about the model. Its traits are for readers that do not have it installed."""
    return {
        "model": loaded.name,
        "is_oracle": loaded.spec.is_oracle,
        "traits": sorted(loaded.traits),
        "checkpoint": None if loaded.checkpoint is None else str(loaded.checkpoint),
        "checkpoint_sha256": checkpoint_sha256,
        "text_encoder": getattr(loaded.options, "text_encoder", None),
        "precision": loaded.precision,
    }


def _store_facts(store: Store, split: str) -> Mapping[str, Any]:
    return {
        "dataset": store.name,
        "store": str(store.folder),
        "store_fingerprint": store.fingerprint,
        "split": split,
    }
