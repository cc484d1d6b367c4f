"""Every built-in metric as a record: from it follow value, interval and comparison.

`rvosbench.plugins.registry.METRICS` finds them by name, together with those that packages bring.
docs/metrics.md states the conventions; the arithmetic has its sources where it is written.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvosbench.metrics import statistics
from rvosbench.metrics.coco_figures import IOU_THRESHOLDS
from rvosbench.metrics.samples import sample_iou
from rvosbench.plugins.metric import Metric
from rvosbench.plugins.table import Table

_DAVIS = "Perazzi et al., CVPR 2016; davis2017-evaluation"
_A2D = "Gavrilyuk et al., CVPR 2018; evaluators of MTTR, SOC and ReferFormer"
_REFCOCO = "Yu et al., ECCV 2016; evaluators of SOC and ReferFormer"


def _both(table: Table) -> NDArray[np.float64]:
    # Two columns, because DAVIS takes the mean of two means; the mean of (J + F) / 2 differs in the last bit.
    return np.stack([table.expressions.j, table.expressions.f], axis=1)


J_AND_F = Metric(
    name="J&F",
    title="Mean of J and F",
    better="higher",
    over="expression",
    numerator=_both,
    source=_DAVIS,
)
J = Metric(
    name="J",
    title="Region similarity: IoU, mean over an expression's frames",
    better="higher",
    over="expression",
    numerator=lambda table: table.expressions.j,
    source=_DAVIS,
)
F = Metric(
    name="F",
    title="Boundary measure, mean over an expression's frames",
    better="higher",
    over="expression",
    numerator=lambda table: table.expressions.f,
    source=_DAVIS,
)
J_RECALL = Metric(
    name="J recall",
    title="Share of an expression's frames with J above 0.5",
    better="higher",
    over="expression",
    numerator=lambda table: table.per_expression(statistics.recall, table.frames.j),
    source=_DAVIS,
)
F_RECALL = Metric(
    name="F recall",
    title="Share of an expression's frames with F above 0.5",
    better="higher",
    over="expression",
    numerator=lambda table: table.per_expression(statistics.recall, table.frames.f),
    source=_DAVIS,
)
J_DECAY = Metric(
    name="J decay",
    title="J in the first quarter of an expression's frames minus the last",
    better="lower",
    over="expression",
    numerator=lambda table: table.per_expression(statistics.decay, table.frames.j),
    source=_DAVIS,
)
F_DECAY = Metric(
    name="F decay",
    title="F in the first quarter of an expression's frames minus the last",
    better="lower",
    over="expression",
    numerator=lambda table: table.per_expression(statistics.decay, table.frames.f),
    source=_DAVIS,
)


def _iou(table: Table) -> NDArray[np.float64]:
    return sample_iou(table.frames.intersection, table.frames.union)


OVERALL_IOU = Metric(
    name="oIoU",
    title="Overall IoU (cIoU): all intersections over all unions",
    better="higher",
    over="sample",
    numerator=lambda table: table.frames.intersection,
    denominator=lambda table: table.frames.union,
    source=_REFCOCO,
)
MEAN_IOU = Metric(
    name="mIoU",
    title="Mean IoU (gIoU) over samples",
    better="higher",
    over="sample",
    numerator=_iou,
    source=_REFCOCO,
)


def _precision_at(threshold: float) -> Metric:
    return Metric(
        name=f"P@{threshold}",
        title=f"Share of samples with IoU above {threshold}",
        better="higher",
        over="sample",
        numerator=lambda table: _iou(table) > threshold,
        source=_A2D,
    )


PRECISION_AT_05 = _precision_at(0.5)
PRECISION_AT_06 = _precision_at(0.6)
PRECISION_AT_07 = _precision_at(0.7)
PRECISION_AT_08 = _precision_at(0.8)
PRECISION_AT_09 = _precision_at(0.9)


def _box_iou(table: Table) -> NDArray[np.float64]:
    return sample_iou(table.frames.box_intersection, table.frames.box_union)


def _box_precision_at(threshold: float) -> Metric:
    return Metric(
        name=f"box P@{threshold}",
        title=f"Share of samples whose masks' bounding boxes have IoU above {threshold}",
        better="higher",
        over="sample",
        numerator=lambda table: _box_iou(table) > threshold,
        source="After ReferFormer and SOC (bbox P@K), who score the boxes that their models predict",
    )


BOX_PRECISION_AT_05 = _box_precision_at(0.5)
BOX_PRECISION_AT_06 = _box_precision_at(0.6)
BOX_PRECISION_AT_07 = _box_precision_at(0.7)
BOX_PRECISION_AT_08 = _box_precision_at(0.8)
BOX_PRECISION_AT_09 = _box_precision_at(0.9)


def _average_precision_at(threshold: float) -> Metric:
    # Two of the ten thresholds at which detections are matched.
    (column,) = np.flatnonzero(threshold == IOU_THRESHOLDS).tolist()
    return Metric(
        name=f"AP@{threshold}",
        title=f"Average precision at IoU {threshold}, all samples ranked together",
        better="higher",
        over="ranking",
        numerator=lambda table: table.matches.hit[:, [column]],
        source=f"{_A2D}; pycocotools",
    )


AVERAGE_PRECISION_AT_05 = _average_precision_at(0.5)
AVERAGE_PRECISION_AT_075 = _average_precision_at(0.75)

MEAN_AVERAGE_PRECISION = Metric(
    name="mAP",
    title="Mean average precision at IoU 0.5 to 0.95, all samples ranked together",
    better="higher",
    over="ranking",
    numerator=lambda table: table.matches.hit,
    source=f"{_A2D}; pycocotools",
)
