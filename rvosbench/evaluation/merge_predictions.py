"""Predictions of all parts -> one set: the rows of every expression, in the order of the videos."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rvosbench.errors import FormatError, ScoreError
from rvosbench.evaluation.inputs import Given, store_of
from rvosbench.runs.predictions import Prediction, PredictionsWriter
from rvosbench.runs.record import NAME, environment
from rvosbench.runs.run import Run
from rvosbench.store import Store
from rvosbench.work.shards import Shard


def merge_predictions(
    parts: Sequence[tuple[Run, Shard]],
    store: Store | str | Path | None,
    folder: Path,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Write the predictions of all parts into one folder.

    Args:
        parts: all of them, in order, made alike.
        store: see `rvosbench.evaluation.merge_parts.merge`.
        folder: for the Parquet files.
        on_progress: called with (videos done, videos in all).

    Returns:
        run.json of the whole.

    Raises:
        ScoreError: a part lacks an expression of its videos, or holds one too many; or the store is another.
    """
    first = parts[0][0]
    record = first.record
    assert record is not None
    opened = store_of(Given(run=first), store)
    if opened.fingerprint != record.store_fingerprint:
        raise ScoreError(
            f"{opened.folder} has the fingerprint {opened.fingerprint[:12]} ..., the parts were made from "
            f"{str(record.store_fingerprint)[:12]} ...; name that store"
        )
    split = opened.only_split(record.split)
    video_ids = opened.video_ids(split)[: record.limit]
    expected = defaultdict[str, set[str]](set)
    table = opened.table("expressions", split, ["video_id", "expression_id"])
    for video_id, expression_id in zip(*(column.to_pylist() for column in table.columns), strict=True):
        expected[video_id].add(expression_id)
    done = 0
    with PredictionsWriter(folder) as writer:
        for run, shard in parts:
            for rows in _checked(run, shard, shard.of_all(video_ids), expected):
                if rows:
                    writer.add(rows)
                done += 1
                if on_progress is not None:
                    on_progress(done, len(video_ids))
    whole = _record(parts, len(video_ids))
    if not whole["expressions"]:
        raise ScoreError(
            f"not one expression of split '{split}' of {opened.folder} was asked in any part; predict again"
        )
    return whole


def _checked(
    run: Run, shard: Shard, video_ids: Sequence[str], expected: dict[str, set[str]]
) -> Iterator[list[Prediction]]:
    """The rows of each video of a part, which answer every expression that was asked."""
    assert run.record is not None
    left_out = set(run.record.left_out)
    surplus = sorted(set(run.predictions.video_ids()) - set(video_ids))
    if surplus:
        raise ScoreError(
            f"{run.path} answers video {surplus[0]}{_more(surplus)}, which is not in shard {shard}; rerun "
            f"shard {shard}"
        )
    for video_id in video_ids:
        rows = run.predictions.video(video_id)
        answered = {row.expression_id for row in rows}
        asked = {name for name in expected[video_id] if f"{video_id}/{name}" not in left_out}
        for names, what in (
            (sorted(asked - answered), "lacks"),
            (sorted(answered - asked), "answers, and was not asked,"),
        ):
            if names:
                raise ScoreError(
                    f"{run.path} {what} expression {names[0]}{_more(names)} of video {video_id}; rerun "
                    f"shard {shard}"
                )
        yield rows


def _more(names: Sequence[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""


def _record(parts: Sequence[tuple[Run, Shard]], videos: int) -> dict[str, Any]:
    """run.json of the whole: counts and times are summed, and each part is told of."""
    contents = [dict(run.record.content) for run, _ in parts if run.record is not None]
    whole = contents[0] | {"shard": None, "videos": videos, "written": environment()["written"]}
    if len({str(content.get("fingerprint")) for content in contents}) > 1:
        whole["fingerprint"] = None
    try:
        for name in ("frames", "expressions", "reused"):
            whole[name] = sum(int(content.get(name) or 0) for content in contents)
        whole["timings"] = {
            name: round(sum(float((content.get("timings") or {}).get(name) or 0) for content in contents), 3)
            for name in ("total_s", "load_s", "model_s")
        }
    except (TypeError, ValueError, AttributeError) as error:
        raise FormatError(
            f"the {NAME} of a part in {parts[0][0].path.parent} holds a value of the wrong type ({error}); "
            "make the part again"
        ) from error
    whole["left_out"] = [item for run, _ in parts if run.record is not None for item in run.record.left_out]
    told = ("written", "versions", "hardware", "timings")
    whole["merged"] = [{name: content.get(name) for name in told} for content in contents]
    return whole
