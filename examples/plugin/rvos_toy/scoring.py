"""A metric, and a protocol that uses it."""

from rvosbench.plugins.metric import Metric
from rvosbench.plugins.protocol import Protocol

PRECISION = Metric(
    name="precision",
    title="Share of the predicted pixels that are right",
    better="higher",
    over="frame",
    numerator=lambda table: table.frames.intersection,
    denominator=lambda table: table.frames.predicted_area,
    source="the example plugin",
)
TOY = Protocol(
    name="toy",
    title="Toy videos",
    explanation="J&F of each expression, and how many of its pixels are right.",
    unit="expression",
    metrics=("J&F", "J", "F", "precision"),
    main_metric="J&F",
)
