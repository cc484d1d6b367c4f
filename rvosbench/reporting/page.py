"""One HTML page about one run: how good, on what, where it fails and where it shines.

The page is a single file that asks nothing of the network: styles, script and pictures are in it, and a
content security policy allows just those. Expressions and names come from datasets that anybody may
have written, so they are only ever text.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from rvosbench.drawing import overlay
from rvosbench.errors import InvalidDataError
from rvosbench.files.atomic import write_json, write_text
from rvosbench.files.locations import local_path
from rvosbench.files.places import check_file
from rvosbench.files.text import strip_control
from rvosbench.plugins.defaults import default_protocol
from rvosbench.plugins.model import Trait
from rvosbench.reporting import charts
from rvosbench.reporting.answers import ScoredRun
from rvosbench.reporting.cases import Case, Key, cases_of
from rvosbench.reporting.charts import KindOf
from rvosbench.reporting.mismatch import mismatch_effect
from rvosbench.reporting.over_time import OverTime, TracksOverTime, as_json
from rvosbench.reporting.standings import Scored, collect
from rvosbench.runs.run import Run, open_run
from rvosbench.runs.scores import Scores
from rvosbench.store import Store

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportOptions:
    """What a page shows besides the run itself."""

    protocol: str | None = None  # whose scores; None: the dataset's own, or the only ones there
    predictions: Path | None = None  # where they are, when they are no longer where they were scored
    others: Sequence[str | Path | Run] = ()  # scored runs for the leaderboard
    mismatched: str | Path | Run | None = None  # the same model's run with mismatched expressions
    kind_of: KindOf | None = None  # the kind of an expression by its text; scores are then shown per kind
    worst: int = 12  # expressions with the lowest J&F to show
    best: int = 12  # with the highest

    def __post_init__(self) -> None:
        if self.worst < 0 or self.best < 0:
            raise InvalidDataError(
                f"{self.worst} worst and {self.best} best expressions were asked for; expected 0 or more"
            )


def write_page(
    run: str | Path | Run,
    store: Store,
    out: str | Path | None = None,
    options: ReportOptions | None = None,
) -> Path:
    """Write the page of a scored run, and beside it `<page>.over_time.json` with its figures over time.

    Args:
        run: the run.
        store: the store that it was scored against.
        out: the file; by default `<run>/report/index.html`, of a protocol that was asked for and is not
            the default one `<run>/report/<protocol>/index.html`. An older page is replaced.
        options: what to show.

    Raises:
        MissingPathError: a run was not scored, or its predictions are gone.
        ScoreError: a run was scored against another store.
        OutputError: the file cannot be written.
    """
    options = options or ReportOptions()
    scored = ScoredRun(run, store, predictions=options.predictions, protocol=options.protocol)
    row = Scored(run=scored.run, scores=scored.scores)
    path = _page_path(row, out, options.protocol)
    check_file(path, overwrite=True, parents=True)
    company = [open_run(other) for other in options.others]
    low_keys, high_keys = extremes(scored.expressions, options.worst, options.best)
    cases, time = _read(scored, low_keys + high_keys)
    reference = _reference(row, company)
    page = _render(
        **_numbers(row, company, time, options),
        kinds=_kinds(scored, reference, options.kind_of),
        kind_reference=None if reference is None else reference.scores.model,
        histogram=charts.histogram(scored.expressions),
        worst=[charts.card(cases[key], options.kind_of) for key in low_keys],
        best=[charts.card(cases[key], options.kind_of) for key in high_keys],
        pictures_missing=any(case.pixels is None for case in cases.values()),
        release=str(store.release),
        facts=_facts(row),
        verdicts=[("right", overlay.HIT), ("invented", overlay.FALSE), ("missed", overlay.MISSED)],
    )
    write_text(path, page)
    write_json(path.with_name(f"{path.stem}.over_time.json"), as_json(time))
    return path


def _page_path(row: Scored, out: str | Path | None, protocol: str | None) -> Path:
    """Pages of two protocols stand side by side, as their scores do."""
    if out is not None:
        return local_path(out)
    folder = row.run.path / "report"
    if protocol in (None, default_protocol(row.scores.dataset)):
        return folder / "index.html"
    return folder / row.scores.protocol.name / "index.html"


def _read(scored: ScoredRun, keys: Sequence[Key]) -> tuple[dict[Key, Case], OverTime]:
    """The cases to show and the figures over time; every video is read once."""
    tracks_over_time = TracksOverTime(scored)
    moving = set(tracks_over_time.video_ids)
    cases: dict[Key, Case] = {}
    for video_id in sorted(moving | {video_id for video_id, _ in keys}):
        video, tracks = scored.video(video_id)
        if video_id in moving:
            tracks_over_time.add(video_id, tracks)
        cases |= cases_of(scored, video, tracks, keys)
    return cases, tracks_over_time.summary()


def _numbers(row: Scored, company: Sequence[Run], time: OverTime, options: ReportOptions) -> dict[str, Any]:
    """The parts of the page that show numbers alone."""
    scores, other = row.scores, options.mismatched
    mismatch = None if other is None else mismatch_effect(row.run, other, protocol=scores.protocol.name)
    return {
        "run": row.run,
        "scores": scores,
        "title": f"{row.name}: {scores.dataset} / {scores.split}",
        "headline": charts.headline(scores),
        "mismatch": None if mismatch is None else charts.mismatch_bars(mismatch),
        "annotators": charts.annotator_rows(scores),
        "boards": charts.boards(row, company),
        "clip": charts.clip_curve(time),
        "stability": charts.stability_bars(time),
    }


def _kinds(scored: ScoredRun, reference: Scored | None, kind_of: KindOf | None) -> list[charts.Bar]:
    if kind_of is None:
        return []
    table = None if reference is None else reference.run.expressions(scored.scores.protocol.name)
    return charts.kind_bars(scored.expressions, kind_of, table)


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
