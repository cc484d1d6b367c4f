"""Which object query answers for which object: the Hungarian matching of whole trajectories.

A query is one object over all T frames, so every cost is averaged over the frames before the
assignment. Where upstream works the numbers are upstream's; where it stops or yields NaN (clips with
different numbers of objects or of visible frames, an object that is never visible) each clip is
treated as if it were alone in its batch, and a class cost without a visible frame is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional as F

from rvosbench.errors import TrainingError
from rvosbench.models.soc.losses import generalized_box_iou
from rvosbench.models.soc.outputs import LayerOutput
from rvosbench.models.soc.targets import PaddedTargets, SOCTarget, pad

CLASS_WEIGHT = 2.0
DICE_WEIGHT = 5.0
BOX_WEIGHT = 2.0
GIOU_WEIGHT = 2.0

Match = tuple[Tensor, Tensor]
"""Query indices and object indices of one clip, (M,) int64 on the CPU, queries ascending."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """The unweighted parts of the cost, each (B, Q, N); columns past a clip's objects mean nothing."""

    classes: Tensor
    dice: Tensor
    boxes: Tensor
    giou: Tensor

    def total(self) -> Tensor:
        """(B, Q, N)."""
        return (
            CLASS_WEIGHT * self.classes
            + DICE_WEIGHT * self.dice
            + BOX_WEIGHT * self.boxes
            + GIOU_WEIGHT * self.giou
        )


def match(layer: LayerOutput, targets: Sequence[SOCTarget]) -> list[Match]:
    """The cheapest assignment for every clip; see `match_layers`."""
    return match_layers([layer], pad(targets))[0]


@torch.no_grad()
def match_layers(layers: Sequence[LayerOutput], targets: PaddedTargets) -> list[list[Match]]:
    """The cheapest assignment for every layer and clip, with one transfer from the device.

    With more objects than queries, some objects stay without a query, never the referred one.

    Returns:
        layers x clips.

    Raises:
        TrainingError: a prediction is not finite.
    """
    totals: NDArray[np.float32] = (
        torch.stack([costs(layer, targets).total() for layer in layers]).float().cpu().numpy()
    )
    return [
        [
            _assign(total[clip, :, :objects], targets.referred[clip])
            for clip, objects in enumerate(targets.objects)
        ]
        for total in totals
    ]


def _assign(total: NDArray[np.float32], referred: int) -> Match:
    """The cheapest assignment of a (Q, N) cost matrix."""
    if not np.isfinite(total).all():
        raise TrainingError(
            "the model's predictions are not finite, so no query can be matched to an object; "
            "lower the learning rate or look for broken frames in the batch"
        )
    queries, objects = total.shape
    if objects > queries:
        total = total.copy()
        total[:, referred] -= 2 * queries * (np.abs(total).max() + 1)  # outweighs all other columns
    chosen, assigned = linear_sum_assignment(total)
    return torch.as_tensor(chosen), torch.as_tensor(assigned)


def costs(layer: LayerOutput, targets: PaddedTargets) -> Costs:
    """All parts of the cost of every query for every object of its clip."""
    return Costs(
        classes=class_cost(layer.classes.float(), targets),
        dice=dice_cost(layer.masks.float(), targets.masks),
        boxes=box_cost(layer.boxes.float(), targets.boxes),
        giou=giou_cost(layer.boxes.float(), targets.boxes),
    )


def class_cost(logits: Tensor, targets: PaddedTargets) -> Tensor:
    """The focal cost of the object's label, averaged over the frames that show the referred object.

    A clip that never shows it has a cost of 0 for every query, so boxes and masks decide. With one
    class and one frame the average is over that frame, visible or not, as upstream.

    Args:
        logits: (B, T, Q, classes).
        targets: `visible` (B, T), `labels` (B, N).

    Returns:
        (B, Q, N).
    """
    T, classes = logits.shape[1], logits.shape[3]
    probability = logits.sigmoid()
    # 1e-8 as upstream: the cost of a saturated query stays finite.
    negative = 0.75 * probability**2 * -(1 - probability + 1e-8).log()
    positive = 0.25 * (1 - probability) ** 2 * -(probability + 1e-8).log()
    cost = positive - negative  # (B, T, Q, classes)
    counted = torch.ones_like(targets.visible) if T == classes == 1 else targets.visible
    weight = counted.to(cost) / counted.sum(1, keepdim=True).clamp(min=1)  # (B, T)
    cost = torch.einsum("btqk,bt->bqk", cost, weight)
    labels = torch.zeros_like(targets.labels) if classes == 1 else targets.labels
    return cost.gather(2, labels[:, None, :].expand(-1, cost.shape[1], -1))


def dice_cost(logits: Tensor, truth: Tensor) -> Tensor:
    """Minus the dice coefficient at the resolution of the truth, averaged over all frames.

    Frames without the object count: there the smoothing of 1 rewards a query that stays silent.

    Args:
        logits: (B, T, Q, h, w).
        truth: (B, N, T, H, W) bool.

    Returns:
        (B, Q, N).
    """
    B, T = logits.shape[:2]
    predicted = F.interpolate(
        logits.flatten(0, 1), size=truth.shape[-2:], mode="bilinear", align_corners=False
    ).sigmoid_()
    predicted = predicted.view(B, T, logits.shape[2], -1)  # (B, T, Q, H*W)
    wanted = truth.flatten(3).transpose(1, 2).to(predicted)  # (B, T, N, H*W)
    shared = predicted @ wanted.transpose(2, 3)  # (B, T, Q, N)
    sizes = predicted.sum(-1)[..., None] + wanted.sum(-1)[:, :, None]
    dice: Tensor = (2 * shared + 1) / (sizes + 1)
    return -dice.mean(1)


def box_cost(boxes: Tensor, truth: Tensor) -> Tensor:
    """The L1 distance of boxes, averaged over all frames.

    Args:
        boxes: (B, T, Q, 4).
        truth: (B, N, T, 4).

    Returns:
        (B, Q, N).
    """
    wanted = truth.transpose(1, 2)[:, :, None]  # (B, T, 1, N, 4)
    return (boxes[:, :, :, None] - wanted).abs().sum(-1).mean(1)


def giou_cost(boxes: Tensor, truth: Tensor) -> Tensor:
    """Minus the generalised IoU of boxes, averaged over all frames; arguments as `box_cost`."""
    wanted = truth.transpose(1, 2)[:, :, None]  # (B, T, 1, N, 4)
    return -generalized_box_iou(boxes[:, :, :, None], wanted).mean(1)
