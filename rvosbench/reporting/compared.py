"""Runs against a first one: what a comparison has found, as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rvosbench.analysis.bootstrap import Comparison
from rvosbench.reporting.standings import Scored

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 2
LEVEL = 0.05
"""A p value below it is called significant."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One metric of a run and of the first."""

    metric: str
    better: Literal["higher", "lower"]  # which values of the metric are
    first: float  # a fraction
    value: float  # of the other run
    comparison: Comparison  # other minus first, whatever is better
    p_holm: float  # adjusted over the runs that are compared, for this metric

    @property
    def gain(self) -> float:
        """How much better the other run is: the difference, with its sign turned where lower is better."""
        return self.comparison.difference if self.better == "higher" else -self.comparison.difference


@dataclass(frozen=True, kw_only=True, slots=True)
class Contrast:
    """A run against the first."""

    row: Scored
    differences: tuple[Difference, ...]


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Compared:
    """Several runs against one."""

    first: Scored
    others: tuple[Contrast, ...]
    left_out: Mapping[str, str]  # metric -> why it cannot be compared
    seed: int

    def __repr__(self) -> str:
        from rvosbench.reporting.contrasts import p_of, signed

        lines = [
            f"{contrast.row.name} minus {self.first.name}: "
            + ", ".join(
                f"{entry.metric} {signed(entry.comparison)} (p {p_of(entry)})"
                for entry in contrast.differences
            )
            for contrast in self.others
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from rvosbench.reporting.contrasts import as_html

        return "".join(as_html(self, contrast) for contrast in self.others)

    def as_json(self) -> dict[str, Any]:
        """Plain data, see `as_json`."""
        return as_json(self)

    def to_pandas(self) -> pd.DataFrame:
        """A row per run and metric; figures are fractions."""
        import pandas as pd

        return pd.DataFrame(
            [
                {"run": contrast.row.name, "metric": entry.metric, "first": entry.first, "value": entry.value}
                | {
                    "difference": entry.comparison.difference,
                    "low": entry.comparison.low,
                    "high": entry.comparison.high,
                    "p": entry.comparison.p,
                    "p_is_a_bound": entry.comparison.p_is_a_bound,
                    "p_holm": entry.p_holm,
                    "better": entry.better,
                }
                for contrast in self.others
                for entry in contrast.differences
            ]
        )


def as_json(compared: Compared) -> dict[str, Any]:
    """Plain data; a number that could not be computed is null."""
    first = compared.first.scores
    return {
        "schema_version": SCHEMA_VERSION,
        "dataset": first.dataset,
        "split": first.split,
        "store_fingerprint": first.store_fingerprint,
        "protocol": first.protocol.name,
        "n_expressions": first.n_expressions,
        "n_videos": first.n_videos,
        "seed": compared.seed,
        "not_compared": dict(compared.left_out),
        "first": _named(compared.first),
        "others": [
            _named(contrast.row)
            | {
                "metrics": {
                    entry.metric: {
                        "first": _number(entry.first),
                        "value": _number(entry.value),
                        "difference": _number(entry.comparison.difference),
                        "low": _number(entry.comparison.low),
                        "high": _number(entry.comparison.high),
                        "p": entry.comparison.p,
                        "p_is_a_bound": entry.comparison.p_is_a_bound,
                        "p_holm": entry.p_holm,
                        "better": entry.better,
                    }
                    for entry in contrast.differences
                }
            }
            for contrast in compared.others
        ],
    }


def _named(row: Scored) -> dict[str, Any]:
    return {
        "run": str(row.run.path),
        "name": row.name,
        "model": row.scores.model,
        "is_oracle": row.scores.is_oracle,
        "mismatched_expressions": row.scores.mismatched_expressions,
        "marks": list(row.scores.marks),
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
