"""Tables -> numbers: the value and the interval of a metric, from its record alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rvosbench.analysis.bootstrap import interval
from rvosbench.analysis.ranking import average_precision_interval
from rvosbench.evaluation.terms import Terms, hits, terms
from rvosbench.metrics.coco_figures import mean_average_precision
from rvosbench.plugins.metric import Metric
from rvosbench.plugins.protocol import Protocol
from rvosbench.plugins.table import Table
from rvosbench.runs.scores import MetricValue


def metric_value(
    metric: Metric, table: Table, rules: Protocol, *, annotators: Sequence[str | None], seed: int
) -> MetricValue:
    """The value of a metric with its interval over videos.

    Args:
        metric: the record.
        table: everything that was scored.
        rules: the protocol, which says what an answer is about.
        annotators: (E,) whose expressions each answer merges; None where the protocol does not tell.
        seed: of the bootstrap.

    Raises:
        PluginError: the metric fails, or gives something else than numbers, one per item.
    """
    if metric.over == "ranking":
        return _ranked(metric, table, seed)
    items = terms(metric, table)
    owners = np.array([annotator or "" for annotator in annotators], np.object_)
    if metric.over != "expression":
        owners = np.repeat(owners, table.expressions.n_frames)
    groups = [np.flatnonzero(owners == owner) for owner in dict.fromkeys(owners.tolist())]
    low, high = interval(items.per_item, items.videos.tolist(), seed, weights=items.lower)
    return MetricValue(
        value=figure(items, groups),
        low=low,
        high=high,
        n=len(items.upper) // len(groups),
        unit=_unit(metric, rules),
        better=metric.better,
    )


def figure(items: Terms, groups: Sequence[NDArray[np.intp]] | None = None) -> float:
    """The number itself: a ratio of two sums, or a mean.

    Args:
        items: of one metric.
        groups: positions of the items of each annotator; of a mean, the mean of the annotators' means.
    """
    if items.lower is not None:
        total = items.lower.sum().item()
        return items.total / total if total else 0.0
    groups = groups or [np.arange(len(items.upper))]
    columns = [np.ascontiguousarray(column, np.float64) for column in items.upper.T]
    means = [np.mean([np.mean(column[group]) for column in columns]) for group in groups]
    return float(np.mean(means))


def _ranked(metric: Metric, table: Table, seed: int) -> MetricValue:
    matches = replace(table.matches, hit=hits(metric, table))
    value = mean_average_precision(matches)
    videos = table.frames.video_id.tolist()
    low, high = average_precision_interval(matches.sample, matches.hit, videos, seed)
    known = math.nan if value < 0 else value  # COCO's -1: there is no sample
    return MetricValue(
        value=known, low=low, high=high, n=len(videos), unit="frame sample", better=metric.better
    )


def _unit(metric: Metric, rules: Protocol) -> str:
    """What `MetricValue.n` counts."""
    if metric.over == "expression":
        return "object" if rules.unit == "object" else "expression"
    return "frame" if metric.over == "frame" else "frame sample"
