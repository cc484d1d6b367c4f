"""`rvos submit --check`: the faults of a zip, and the local score of one without any."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import click

if TYPE_CHECKING:
    from rvosbench.runs.scores import Scores
    from rvosbench.store import Store
    from rvosbench.submission.servers import Layout


class Scoring(NamedTuple):
    """How a zip is scored here."""

    protocol: str | None  # None: the workspace's choice, else the dataset's own
    truth: Literal["error", "annotated"]


def check(
    path: Path,
    store: Store,
    split: str,
    server: str | None,
    *,
    largest: int | None,
    scoring: Scoring | None,
    as_json: bool,
) -> int:
    """Print the faults of a zip; the exit code says whether there are any."""
    from rvosbench.evaluation.submit import server_for
    from rvosbench.submission.servers import check_submission, layout_of_zip

    from .console import note, print_json, progress

    chosen = server_for(store, server)
    with progress("check") as update:
        faults = check_submission(path, store, split, chosen, largest_bytes=largest, on_progress=update)
    scores = None
    if not faults and scoring is not None:
        scores = local_score(path, store, split, layout_of_zip(path, chosen), scoring)
    if as_json:
        content = {"schema_version": 1, "server": chosen.name, "file": path, "dataset": store.name}
        content |= {"split": split, "faults": [fault.as_json() for fault in faults]}
        print_json(content | {"scores": None if scores is None else scores.as_json()})
        return 3 if faults else 0
    if faults:
        click.echo(f"{path}: {chosen.title} would refuse it because of")
    for fault in faults:
        click.echo(f"  {fault.title} ({fault.count:,}): {fault.advice}")
        for example in fault.examples:
            click.echo(f"    {example}")
        if fault.count > len(fault.examples):
            click.echo(f"    and {fault.count - len(fault.examples):,} more")
    if not faults:
        click.echo(f"{path}: nothing that {chosen.title} would refuse was found")
        print_scores(scores)
    if chosen.unverified:
        note(f"Note: {chosen.unverified}")
    return 3 if faults else 0


def split_of(path: Path, dataset: str, release: Path | None) -> str | None:
    """The split that a zip's folders are named after, which is said; None where they do not tell."""
    from rvosbench.submission.servers import split_of_zip

    from .console import note
    from .stores import open_store

    store = open_store(dataset, release)
    split = split_of_zip(path, store) if len(store.splits) > 1 else None
    if split is not None:
        note(f"Split: {split}")
    return split


def print_scores(scores: Scores | None) -> None:
    """One line, and what had to be let pass for it; nothing where there are no scores."""
    from .console import warn

    if scores is None:
        return
    for mark in scores.marks:
        warn(f"the local score: {mark}")
    values = (f"{name} {metric.text()}" for name, metric in list(scores.metrics.items())[:3])
    click.echo(f"Local score, protocol {scores.protocol.name}: {', '.join(values)}")


def local_score(path: Path, store: Store, split: str, layout: Layout, scoring: Scoring) -> Scores | None:
    """The local score; why there is none is said."""
    from rvosbench.errors import ScoreError
    from rvosbench.evaluation import submit

    from .console import note, progress, warn
    from .scoring import workspace_protocol

    try:
        with progress("score") as update:
            scores = submit.local_score(
                path,
                store,
                split,
                layout,
                protocol=scoring.protocol,
                preferred=workspace_protocol(store.name),
                truth=scoring.truth,
                on_progress=update,
            )
    except ScoreError as error:
        warn(f"no local score: {error}")
        return None
    if scores is None:
        note(
            f"No local score: the ground truth of {store.name}/{split} is hidden, or no protocol is the "
            "dataset's own."
        )
    return scores
