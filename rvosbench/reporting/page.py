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
from rvosbench.reporting import charts
from rvosbench.reporting.cases import Key, expression_scores, read_cases
from rvosbench.reporting.charts import KindOf
from rvosbench.reporting.files import write_text
from rvosbench.reporting.leaderboard import Row, collect, read_scores
from rvosbench.reporting.over_time import as_json, over_time
from rvosbench.reporting.swap import swap_effect
from rvosbench.runs import record as run_record
from rvosbench.runs.record import write_json
from rvosbench.store import Store

_BLIND = "random-object"  # picks one of the true objects without reading the expression
_TEMPLATES = Path(__file__).parent / "templates"


def write_page(
    run: Path,
    store: Store,
    out: Path | None = None,
    *,
    predictions: Path | None = None,
    others: Sequence[Path] = (),
    swapped: Path | None = None,
    kind_of: KindOf | None = None,
    worst: int = 12,
    best: int = 12,
) -> Path:
    """Write the page of a scored run, and beside it `<page>.over_time.json` with its figures over time.

    Args:
        run: the run.
        store: the store that it was scored against.
        out: the file; by default `<run>/report/index.html`. An older one is replaced.
        predictions: where they are, when they are not the run's own.
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
    (row,) = collect([run])
    scores = expression_scores(run)
    low_keys, high_keys = extremes(scores, worst, best)
    cases = read_cases(run, store, low_keys + high_keys, predictions=predictions)
    cards = [charts.card(case, kind_of) for case in cases]
    reference = _reference(row, others)
    time = over_time(run, store, predictions=predictions)
    page = _render(
        row=row,
        title=f"{row.name}: {row.dataset} / {row.split}",
        protocol=read_scores(run)["protocol"],
        headline=charts.headline(row),
        swap=None if swapped is None else charts.swap_bars(swap_effect(run, swapped)),
        boards=charts.boards(row, others),
        kinds=[] if kind_of is None else charts.kind_bars(scores, kind_of, _scores(reference)),
        kind_reference=None if reference is None else reference.model,
        histogram=charts.histogram(scores),
        clip=charts.clip_curve(time),
        stability=charts.stability_bars(time),
        worst=cards[: len(low_keys)],
        best=cards[len(low_keys) :],
        pictures_missing=any(case.pixels is None for case in cases),
        release=str(store.release),
        facts=_facts(run, row),
        verdicts=[("right", overlay.HIT), ("invented", overlay.FALSE), ("missed", overlay.MISSED)],
    )
    out = write_text(out or run / "report" / "index.html", page)
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


def _scores(row: Row | None) -> pa.Table | None:
    return None if row is None else expression_scores(row.run)


def _reference(row: Row, others: Sequence[Path]) -> Row | None:
    """The language-blind run over the same expressions: it shows how much a kind gives away for free."""
    for each in collect(others):
        same = (each.store_fingerprint, each.split, each.protocol, each.n_expressions) == (
            row.store_fingerprint,
            row.split,
            row.protocol,
            row.n_expressions,
        )
        if same and each.model == _BLIND and each.run.resolve() != row.run.resolve():
            return each
    return None


def _facts(run: Path, row: Row) -> list[tuple[str, str]]:
    """What run.json and scores.json say about how the numbers came about."""
    facts = run_record.read_run(run) if (run / run_record.NAME).is_file() else {}
    shown: list[tuple[str, Any]] = [
        ("model", row.model),
        ("checkpoint", facts.get("checkpoint")),
        ("checkpoint SHA-256", facts.get("checkpoint_sha256")),
        ("dataset", f"{row.dataset} / {row.split}"),
        ("store fingerprint", row.store_fingerprint),
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
