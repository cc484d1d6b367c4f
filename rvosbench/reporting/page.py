"""One HTML page about one run: how good, on what, where it fails and where it shines.

The page is a single file that asks nothing of the network: styles, script and pictures are in it, and a
content security policy allows just those. Expressions and names come from datasets that anybody may
have written, so they are only ever text.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from rvosbench.drawing import overlay
from rvosbench.errors import InvalidDataError
from rvosbench.files.text import strip_control
from rvosbench.plugins.model import Trait
from rvosbench.reporting import charts
from rvosbench.reporting.cases import Key, read_cases
from rvosbench.reporting.charts import KindOf
from rvosbench.reporting.files import write_text
from rvosbench.reporting.leaderboard import Scored, collect
from rvosbench.reporting.over_time import as_json, over_time
from rvosbench.reporting.swap import swap_effect
from rvosbench.runs.record import write_json
from rvosbench.runs.run import Run, open_run
from rvosbench.runs.scores import Scores
from rvosbench.store import Store

_TEMPLATES = Path(__file__).parent / "templates"


def write_page(
    run: str | Path | Run,
    store: Store,
    out: Path | None = None,
    *,
    predictions: Path | None = None,
    protocol: str | None = None,
    others: Sequence[str | Path | Run] = (),
    swapped: str | Path | Run | None = None,
    kind_of: KindOf | None = None,
    worst: int = 12,
    best: int = 12,
) -> Path:
    """Write the page of a scored run, and beside it `<page>.over_time.json` with its figures over time.

    Args:
        run: the run.
        store: the store that it was scored against.
        out: the file; by default `<run>/report/index.html`. An older one is replaced.
        predictions: where they are, when they are no longer where they were scored.
        protocol: whose scores to show; see `rvosbench.runs.run.Run.scores`.
        others: scored runs for the leaderboard.
        swapped: the same model's run with swapped expressions.
        kind_of: the kind of an expression by its text; scores are then shown per kind.
        worst: how many of the worst expressions to show.
        best: how many of the best.

    Raises:
        MissingPathError: a run was not scored, or its predictions are gone.
        ScoreError: a run was scored against another store.
        OutputError: the file cannot be written.
    """
    if worst < 0 or best < 0:
        raise InvalidDataError(
            f"{worst} worst and {best} best expressions were asked for; expected 0 or more"
        )
    run = open_run(run)
    company = [open_run(each) for each in others]
    scores = run.scores(protocol)
    row = Scored(run=run, scores=scores)
    name = scores.protocol.name
    table = run.expressions(name)
    low_keys, high_keys = extremes(table, worst, best)
    cases = read_cases(run, store, low_keys + high_keys, predictions=predictions, protocol=name)
    cards = [charts.card(case, kind_of) for case in cases]
    reference = _reference(row, company)
    time = over_time(run, store, predictions=predictions, protocol=name)
    page = _render(
        run=run,
        scores=scores,
        title=f"{row.name}: {scores.dataset} / {scores.split}",
        headline=charts.headline(scores),
        swap=None if swapped is None else charts.swap_bars(swap_effect(run, swapped, protocol=name)),
        boards=charts.boards(row, company),
        kinds=[] if kind_of is None else charts.kind_bars(table, kind_of, _table(reference)),
        kind_reference=None if reference is None else reference.scores.model,
        histogram=charts.histogram(table),
        clip=charts.clip_curve(time),
        stability=charts.stability_bars(time),
        worst=cards[: len(low_keys)],
        best=cards[len(low_keys) :],
        pictures_missing=any(case.pixels is None for case in cases),
        release=str(store.release),
        facts=_facts(row),
        verdicts=[("right", overlay.HIT), ("invented", overlay.FALSE), ("missed", overlay.MISSED)],
    )
    out = write_text(out or run.path / "report" / "index.html", page)
    write_json(out.with_name(f"{out.stem}.over_time.json"), as_json(time))
    return out


def extremes(scores: pa.Table, worst: int, best: int) -> tuple[list[Key], list[Key]]:
    """The expressions with the lowest J&F, worst first, and with the highest, best first; none in both."""
    columns = zip(
        scores["j_and_f"].to_pylist(),
        scores["video_id"].to_pylist(),
        scores["expression_id"].to_pylist(),
        strict=True,
    )
    ordered = [(video_id, expression_id) for _, video_id, expression_id in sorted(columns)]
    # Where there are too few for both lists, each gets its half.
    low = min(worst, max(len(ordered) - best, (len(ordered) + 1) // 2))
    high = max(low, len(ordered) - best)
    return ordered[:low], ordered[high:][::-1]


def _table(row: Scored | None) -> pa.Table | None:
    return None if row is None else row.run.expressions(row.scores.protocol.name)


def _reference(row: Scored, others: Sequence[Run]) -> Scored | None:
    """A run that picks one of the true objects without reading the expression, over the same expressions.

    It shows how much a kind of expression gives away for free.
    """

    def sample(scores: Scores) -> tuple[object, ...]:
        return scores.store_fingerprint, scores.split, scores.protocol.name, scores.n_expressions

    for other in collect(others):
        blind = {Trait.ORACLE, Trait.LANGUAGE_BLIND} <= set(other.scores.traits)
        same = sample(other.scores) == sample(row.scores)
        if blind and same and other.run.path.resolve() != row.run.path.resolve():
            return other
    return None


def _facts(row: Scored) -> list[tuple[str, str]]:
    """What run.json and scores.json say about how the numbers came about."""
    scores = row.scores
    facts = row.run.record.as_json() if row.run.record else {}
    shown: list[tuple[str, Any]] = [
        ("model", scores.model),
        ("checkpoint", facts.get("checkpoint")),
        ("checkpoint SHA-256", facts.get("checkpoint_sha256")),
        ("dataset", f"{scores.dataset} / {scores.split}"),
        ("store fingerprint", scores.store_fingerprint),
        ("seed", facts.get("seed")),
        ("predicted", facts.get("written")),
    ]
    for key in ("versions", "hardware", "timings"):
        group = facts.get(key)
        if isinstance(group, dict):
            shown.append((key, ", ".join(f"{name} {value}" for name, value in group.items())))
    return [(name, strip_control(str(value))) for name, value in shown if value is not None]


def _render(**content: Any) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["strip_control"] = strip_control
    style = (_TEMPLATES / "page.css").read_text(encoding="utf-8")
    script = (_TEMPLATES / "page.js").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_sha256(style)}'; script-src '{_sha256(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return environment.get_template("page.html").render(
        style=Markup(style),  # ours, not the dataset's
        script=Markup(script),
        policy=policy,
        **content,
    )


def _sha256(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
