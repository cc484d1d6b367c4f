"""What scores.json holds: the numbers of one run under one protocol, and what they were made from.

The one schema of scores: evaluation makes it, leaderboard, comparison and page read it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rvosbench.errors import FormatError, MissingPathError
from rvosbench.files.text import strip_control
from rvosbench.plugins.protocol import Protocol
from rvosbench.runs.record import traits_of
from rvosbench.runs.tolerance import NOTHING, STRICT, Adjusted, Tolerance, marks, tolerance_from_json
from rvosbench.work.shards import Shard

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SCORES = "scores.json"
SCHEMA_VERSION = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricValue:
    """One number of a run, with its 95 % bootstrap interval over videos.

    Example:
        >>> str(MetricValue(value=0.663, low=0.612, high=0.709, n=834, unit="expression"))
        '66.3 [61.2, 70.9]'
    """

    value: float  # a fraction; NaN: it cannot be computed from these predictions
    low: float  # NaN: not estimated, or there is a single video
    high: float
    n: int  # what the mean is taken over
    unit: str  # what `n` counts
    better: Literal["higher", "lower"] = "higher"

    def __str__(self) -> str:
        return self.text()

    def text(self, *, interval: bool = True) -> str:
        """In percent, with the interval where there is one; a dash for an unknown value."""
        if not math.isfinite(self.value):
            return "-"
        if not interval or not math.isfinite(self.low) or not math.isfinite(self.high):
            return percent(self.value)
        return f"{percent(self.value)} [{percent(self.low)}, {percent(self.high)}]"

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types; what is not known is null."""
        return {name: _plain(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Scores:
    """The scores of one run under one protocol."""

    protocol: Protocol
    metrics: Mapping[str, MetricValue]
    dataset: str
    split: str
    store: str | None  # the folder of the store that they were made against
    store_fingerprint: str
    predictions: str | None  # where they are; None: in the run
    model: str  # as run.json names it, or the folder that the predictions came from
    is_oracle: bool
    traits: tuple[str, ...]  # of the model, see `rvosbench.runs.record.traits_of`
    settings: Mapping[str, Any]  # what decided the answers besides the weights, such as SOC's answer_layer
    mismatched_expressions: bool  # every object was asked with an expression about another one
    n_expressions: int  # scored; objects, where the protocol's unit is the object
    n_videos: int
    n_frames: int  # pairs of an expression and a frame
    n_left_out: int  # expressions that the run did not ask
    ignored_videos: tuple[str, ...]  # predictions for videos that the split does not have
    unscored_videos: tuple[str, ...] = ()
    """Videos of the split that are left out: they have no frame or no object that the protocol counts."""
    by_annotator: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Annotator -> metric -> value, where several people wrote the expressions."""
    tolerance: Tolerance = STRICT  # what was let pass on request
    adjusted: Adjusted = NOTHING  # how often that was needed
    seed: int = 0  # of the bootstrap
    shard: Shard | None = None
    """They are of this part of the videos, until the parts are merged; None: of all."""
    fingerprint: str | None = field(default=None, compare=False)
    """Of all that decides the numbers; None: not known (arrays in memory, an earlier version)."""
    reused: bool = field(default=False, compare=False)
    """They were read, not computed: the run had been scored under the same fingerprint."""
    frames: pa.Table | None = field(default=None, compare=False)
    """A row per frame (`FRAME_SCHEMA`) where the scores were just made; `Run.frames` reads them."""
    expressions: pa.Table | None = field(default=None, compare=False)
    """A row per expression (`EXPRESSION_SCHEMA`), likewise."""

    @property
    def main(self) -> MetricValue:
        """The metric that decides the rank."""
        return self.metrics[self.protocol.main_metric]

    @property
    def metric_names(self) -> tuple[str, ...]:
        """All metrics, the main one first."""
        main = self.protocol.main_metric
        return (main, *(name for name in self.metrics if name != main))

    @property
    def marks(self) -> tuple[str, ...]:
        """What every table must say beside these numbers; nothing where the predictions were perfect."""
        part = () if self.shard is None else (f"only shard {self.shard} of the videos",)
        count = len(self.unscored_videos)
        videos = "video" if count == 1 else "videos"
        unscored = (f"{count:,} {videos} left out, of which nothing counts",) if count else ()
        return part + marks(self.tolerance, self.adjusted) + unscored

    def with_tables(self, frames: pa.Table, expressions: pa.Table, *, reused: bool) -> Scores:
        """The same scores with their tables, which scores.json does not hold."""
        return replace(self, frames=frames, expressions=expressions, reused=reused)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types; a number that could not be computed is null."""
        left_out = ("frames", "expressions", "reused")
        names = [column.name for column in fields(self) if column.name not in left_out]
        content = {name: getattr(self, name) for name in names}
        return (
            {"schema_version": SCHEMA_VERSION}
            | content
            | {
                "protocol": asdict(self.protocol),
                "metrics": {name: metric.as_json() for name, metric in self.metrics.items()},
                "settings": dict(self.settings),
                "by_annotator": {
                    annotator: {name: _plain(value) for name, value in values.items()}
                    for annotator, values in self.by_annotator.items()
                },
                "tolerance": asdict(self.tolerance),
                "adjusted": asdict(self.adjusted),
                "shard": None if self.shard is None else asdict(self.shard),
            }
        )

    @classmethod
    def read(cls, path: Path) -> Scores:
        """The scores in a scores.json.

        Raises:
            MissingPathError: it cannot be read.
            FormatError: it is not what `rvos evaluate` writes.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise MissingPathError(f"{path} cannot be read ({error.strerror}); score the run again") from None
        except ValueError as error:
            raise FormatError(f"{path} is not JSON ({error}); score the run again") from error
        return cls.from_json(content, path)

    @classmethod
    def from_json(cls, content: object, path: Path) -> Scores:
        """The scores that a scores.json holds, of this version or of one before.

        Args:
            content: as JSON has it.
            path: of the file, for errors.

        Raises:
            FormatError: it is not what `rvos evaluate` writes.
        """
        if not isinstance(content, dict):
            kind = type(content).__name__
            raise FormatError(f"{path} holds a {kind}, expected an object; score the run again")
        try:
            metrics = {str(name): _metric(name, metric) for name, metric in content["metrics"].items()}
            protocol = _protocol(content["protocol"], tuple(metrics))
            metrics[protocol.main_metric]  # without it there is nothing to rank by
            return cls(
                protocol=protocol,
                metrics=metrics,
                dataset=str(content["dataset"]),
                split=str(content["split"]),
                store=content.get("store"),
                store_fingerprint=str(content["store_fingerprint"]),
                predictions=content.get("predictions"),
                model=str(content["model"]),
                is_oracle=bool(content["is_oracle"]),
                traits=traits_of(content),
                settings=dict(content.get("settings") or {}),
                # Called swapped_sentences before schema version 2.
                mismatched_expressions=bool(
                    content.get("mismatched_expressions", content.get("swapped_sentences"))
                ),
                n_expressions=int(content["n_expressions"]),
                n_videos=int(content["n_videos"]),
                n_frames=int(content.get("n_frames", 0)),
                n_left_out=int(content.get("n_left_out", 0)),
                ignored_videos=tuple(map(str, content.get("ignored_videos") or ())),
                unscored_videos=tuple(map(str, content.get("unscored_videos") or ())),
                by_annotator={
                    str(annotator): {
                        str(name): math.nan if value is None else float(value)
                        for name, value in values.items()
                    }
                    for annotator, values in (content.get("by_annotator") or {}).items()
                },
                tolerance=tolerance_from_json(content.get("tolerance") or {}),
                adjusted=Adjusted.from_json(content.get("adjusted") or {}),
                seed=int(content.get("seed", 0)),
                shard=Shard.from_json(content.get("shard")),
                fingerprint=content.get("fingerprint"),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError(
                f"{path} is not what rvos evaluate writes ({type(error).__name__}: {error}); score the "
                "run again"
            ) from error

    def __repr__(self) -> str:
        metrics = ", ".join(f"{name} {self.metrics[name]}" for name in self.metric_names)
        return (
            f"<Scores of {self.model} on {self.dataset}/{self.split}, protocol {self.protocol.name}: "
            f"{metrics}; {self.n_expressions} {self.unit}s in {self.n_videos} videos>"
        )

    def _repr_html_(self) -> str:
        head = f"{self.model} on {self.dataset}/{self.split}, protocol {self.protocol.name}"
        lines = (
            f"<tr><th>{escape(name)}</th><td>{self.metrics[name].text(interval=False)}</td>"
            f"<td>{_interval_html(self.metrics[name])}</td></tr>"
            for name in self.metric_names
        )
        return (
            f"<table><caption>{escape(strip_control(head))}</caption>"
            f"<tr><th>metric</th><th>percent</th><th>95 % interval</th></tr>{''.join(lines)}</table>"
        )

    def to_pandas(self) -> pd.DataFrame:
        """A row per metric: value, low, high (fractions), n, unit, better."""
        import pandas as pd

        rows = {name: asdict(self.metrics[name]) for name in self.metric_names}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("metric")

    @property
    def annotator_metrics(self) -> tuple[str, ...]:
        """The metrics that stand beside each annotator in `by_annotator`, where it is shown."""
        names = tuple(name for name in ("J&F", "J", "F") if name in self.metrics)
        return names or (self.protocol.main_metric,)

    @property
    def unit(self) -> Literal["expression", "object"]:
        """What `n_expressions` counts."""
        return "object" if self.protocol.unit == "object" else "expression"


def percent(fraction: float) -> str:
    """A fraction in percent with one decimal, as everywhere in the house; a dash for what is not known.

    Example:
        >>> percent(0.6634), percent(-0.0001), percent(float("nan"))
        ('66.3', '0.0', '-')
    """
    # Adding 0 turns -0.0 into 0.0.
    return f"{round(100 * fraction, 1) + 0.0:.1f}" if math.isfinite(fraction) else "-"


def _interval_html(metric: MetricValue) -> str:
    return f"{percent(metric.low)} to {percent(metric.high)}" if math.isfinite(metric.low) else "-"


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _metric(name: str, content: Mapping[str, Any]) -> MetricValue:
    value, low, high = (
        math.nan if content[key] is None else float(content[key]) for key in ("value", "low", "high")
    )
    # Before schema version 2 the decays were the only metrics of which less is better.
    better = content.get("better", "lower" if str(name).endswith(" decay") else "higher")
    return MetricValue(
        value=value, low=low, high=high, n=int(content["n"]), unit=str(content["unit"]), better=better
    )


def _protocol(content: Mapping[str, Any], metrics: tuple[str, ...]) -> Protocol:
    """As it was when it was applied, whatever protocols are registered now."""
    known = {column.name for column in fields(Protocol)}
    given = {key: value for key, value in content.items() if key in known}
    defaults = {"title": str(content["name"]), "explanation": "", "metrics": metrics}
    given = defaults | given
    tuples = {key: tuple(given.get(key, ())) for key in ("metrics", "datasets")}
    return Protocol(**given | tuples)
