"""Tables -> numbers: the value and the interval of a metric, from its record alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rvosbench.analysis.bootstrap import Figure, intervals
from rvosbench.analysis.ranking import average_precision_intervals
from rvosbench.evaluation.terms import Terms, hits, terms
from rvosbench.metrics.coco_figures import mean_average_precision
from rvosbench.plugins.metric import Metric
from rvosbench.plugins.protocol import Protocol
from rvosbench.plugins.table import Table
from rvosbench.runs.scores import MetricValue


def metric_values(
    metrics: Mapping[str, Metric],
    table: Table,
    rules: Protocol,
    *,
    annotators: Sequence[str | None],
    seed: int,
) -> dict[str, MetricValue]:
    """The values of metrics with their intervals over videos; all metrics see the same draws.

    Args:
        metrics: the records by name.
        table: everything that was scored.
        rules: the protocol, which says what an answer is about.
        annotators: (E,) whose expressions each answer merges; None where the protocol does not tell.
        seed: of the bootstrap.

    Raises:
        PluginError: a metric fails, or gives something else than numbers, one per item.
    """
    means = {name: terms(metric, table) for name, metric in metrics.items() if metric.over != "ranking"}
    ends = intervals([Figure(items.per_item, items.videos, items.lower) for items in means.values()], seed)
    of_mean = dict(zip(means, ends, strict=True))
    of_ranking = _ranked(
        {n: metric for n, metric in metrics.items() if metric.over == "ranking"}, table, seed
    )
    values = {}
    for name, metric in metrics.items():
        if metric.over == "ranking":
            values[name] = of_ranking[name]
            continue
        groups = _groups(annotators, None if metric.over == "expression" else table)
        low, high = of_mean[name]
        values[name] = MetricValue(
            value=figure(means[name], groups),
            low=low,
            high=high,
            n=len(means[name].upper) // len(groups),
            unit=_unit(metric, rules),
            better=metric.better,
        )
    return values


def _groups(annotators: Sequence[str | None], frames_of: Table | None) -> list[NDArray[np.intp]]:
    """The items of each annotator: expressions, or the frames of a table; without annotators all of them."""
    owners = np.array([annotator or "" for annotator in annotators], np.object_)
    if frames_of is not None:
        owners = np.repeat(owners, frames_of.expressions.n_frames)
    return [np.flatnonzero(owners == owner) for owner in dict.fromkeys(owners.tolist())]


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


def _ranked(metrics: Mapping[str, Metric], table: Table, seed: int) -> dict[str, MetricValue]:
    if not metrics:
        return {}
    matches = table.matches
    matching = {name: hits(metric, table) for name, metric in metrics.items()}
    videos = table.frames.video_id.tolist()
    ends = average_precision_intervals(matches.sample, list(matching.values()), videos, seed)
    values = {}
    for (name, hit), (low, high) in zip(matching.items(), ends, strict=True):
        value = mean_average_precision(replace(matches, hit=hit))
        values[name] = MetricValue(
            value=math.nan if value < 0 else value,  # COCO's -1: there is no sample
            low=low,
            high=high,
            n=len(videos),
            unit="frame sample",
            better=metrics[name].better,
        )
    return values


def _unit(metric: Metric, rules: Protocol) -> str:
    """What `MetricValue.n` counts."""
    if metric.over == "expression":
        return "object" if rules.unit == "object" else "expression"
    return "frame" if metric.over == "frame" else "frame sample"
