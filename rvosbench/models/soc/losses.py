"""The parts of SOC's training loss, each per item, before any sum or weight."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def focal(logits: Tensor, truth: Tensor, *, alpha: float = 0.25, gamma: float = 2.0) -> Tensor:
    """The sigmoid focal loss of every element.

    Source: Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, equation 5.

    Args:
        logits: (...) float.
        truth: (...) float, 0 or 1.
        alpha: the weight of positives; negatives have 1 - alpha.
        gamma: how strongly easy elements are discounted.

    Returns:
        (...) like `logits`.
    """
    probability = logits.sigmoid()
    entropy = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    missed = probability + truth - 2 * probability * truth  # 1 - p_t
    return entropy * missed**gamma * (1 - alpha + (2 * alpha - 1) * truth)


def dice(logits: Tensor, truth: Tensor) -> Tensor:
    """One minus the dice coefficient, smoothed by 1 in numerator and denominator.

    Args:
        logits: (..., P) float, P pixels.
        truth: (..., P) float, 0 or 1.

    Returns:
        (...) in [0, 1]; an empty truth costs nothing only when the prediction is empty too.
    """
    probability = logits.sigmoid()
    shared = (probability * truth).sum(-1)
    return 1 - (2 * shared + 1) / (probability.sum(-1) + truth.sum(-1) + 1)


def generalized_box_iou(boxes: Tensor, truth: Tensor) -> Tensor:
    """Generalised IoU of pairs of boxes, element by element (broadcasting).

    Source: Rezatofighi et al., CVPR 2019. The 1e-6 are upstream's: with them two empty boxes in
    one place have 1 - 1 instead of 0 / 0.

    Args:
        boxes: (..., 4) centre x, centre y, width, height.
        truth: (..., 4) likewise.

    Returns:
        (...) in about [-1, 1].
    """
    low, high = _corners(boxes)
    truth_low, truth_high = _corners(truth)
    shared = _area(torch.maximum(low, truth_low), torch.minimum(high, truth_high))
    union = _area(low, high) + _area(truth_low, truth_high) - shared
    enclosing = _area(torch.minimum(low, truth_low), torch.maximum(high, truth_high))
    return (shared + 1e-6) / (union + 1e-6) - ((enclosing - union) + 1e-6) / (enclosing + 1e-6)


def _corners(boxes: Tensor) -> tuple[Tensor, Tensor]:
    centre, size = boxes[..., :2], boxes[..., 2:]
    return centre - size / 2, centre + size / 2


def _area(low: Tensor, high: Tensor) -> Tensor:
    return (high - low).clamp(min=0).prod(-1)


def contrastive(clusters: Tensor, sentences: Tensor, queries: Tensor) -> Tensor:
    """Cross-entropy of choosing the query that is matched to the referred object.

    The similarity is divided by the number of channels C, not by its root, as upstream.

    Args:
        clusters: (..., B, Q, C).
        sentences: (B, C).
        queries: (..., B) int64, the referred object's query.

    Returns:
        (..., B).
    """
    similarity = (clusters * sentences[:, None]).sum(-1) / clusters.shape[-1]  # (..., B, Q)
    return -similarity.log_softmax(-1).gather(-1, queries[..., None])[..., 0]
