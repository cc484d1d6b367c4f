"""The page of a run in one call, for Python: `rv.report("runs/soc")`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rvosbench.errors import MissingPathError
from rvosbench.files.locations import local_path
from rvosbench.reporting.charts import KindOf
from rvosbench.reporting.page import ReportOptions, write_page
from rvosbench.runs.run import Run, open_run
from rvosbench.store import Store


def report(
    run: str | Path | Run,
    store: str | Path | Store | None = None,
    *,
    out: str | Path | None = None,
    protocol: str | None = None,
    against: Sequence[str | Path | Run] = (),
    mismatched: str | Path | Run | None = None,
    predictions: str | Path | None = None,
    kind_of: KindOf | None = None,
    worst: int = 12,
    best: int = 12,
) -> Path:
    """Write an HTML page that shows where a scored run fails.

    Args:
        run: the run.
        store: the store that it was scored against; by default the one that the scores name.
        out: the file; see `rvosbench.reporting.page.write_page`.
        protocol: whose scores; by default the dataset's own, or the only ones there.
        against: scored runs for the leaderboard on the page.
        mismatched: the same model's run with mismatched expressions.
        predictions: where they are, when they are no longer where they were scored.
        kind_of: the kind of an expression by its text; scores are then shown per kind.
        worst: how many of the expressions with the lowest J&F to show.
        best: how many of those with the highest.

    Returns:
        The page.

    Raises:
        MissingPathError: a run was not scored; its predictions or the store are gone.
        ScoreError: a run was scored against another store.
        OutputError: the page cannot be written.
    """
    opened = open_run(run)
    if store is None:
        scores = opened.whole_scores(protocol)
        store = scores.store or (opened.record.store if opened.record else None)
        if not store:
            raise MissingPathError(
                f"the scores of {opened.path} do not say which store they were made against; name it: "
                "report(run, store)"
            )
    return write_page(
        opened,
        store if isinstance(store, Store) else Store.open(local_path(store)),
        out,
        ReportOptions(
            protocol=protocol,
            predictions=None if predictions is None else local_path(predictions),
            others=against,
            mismatched=mismatched,
            kind_of=kind_of,
            worst=worst,
            best=best,
        ),
    )
