"""SOC's training loss: match every decoder layer to the ground truth, then add up six parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor, distributed
from torch.nn import functional as F

from rvosbench.models.soc import losses
from rvosbench.models.soc.matcher import Match, match_layers
from rvosbench.models.soc.outputs import LayerOutput, SOCOutput
from rvosbench.models.soc.targets import PaddedTargets, SOCTarget, pad

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"contrastive": 1.0, "dice": 5.0, "focal": 2.0, "class": 2.0, "box": 2.0, "giou": 2.0}
)
"""The published weights. Upstream's names: con, dice, sigmoid_focal, cls, bbox, giou."""


def criterion(
    output: SOCOutput, targets: Sequence[SOCTarget], weights: Mapping[str, float] = WEIGHTS
) -> dict[str, Tensor]:
    """The weighted losses; training minimises the sum of the values.

    Args:
        output: of a forward pass in training mode.
        targets: B clips, masks of one padded size.
        weights: part of the loss -> factor.

    Returns:
        Part -> scalar, for the last layer; the earlier layers' are named `dice_0`, `dice_1`, ...
    """
    return {
        name: value * weights[name.split("_")[0]]
        for name, value in unweighted_losses(output, targets).items()
    }


def unweighted_losses(output: SOCOutput, targets: Sequence[SOCTarget]) -> dict[str, Tensor]:
    """What `criterion` weights; the names are the same."""
    padded = pad(targets)
    matches = match_layers(output.layers, padded)
    parts = layer_losses(output, padded, matches)
    last = len(output.layers) - 1
    return {
        name if layer == last else f"{name}_{layer}": value
        for layer in (last, *range(last))
        for name, value in ((name, values[layer]) for name, values in parts.items())
    }


def layer_losses(
    output: SOCOutput, targets: PaddedTargets, matches: Sequence[Sequence[Match]]
) -> dict[str, Tensor]:
    """Every part of the loss for all K layers at once, (K,) each.

    Everything but the contrastive part is a sum over clips divided by the number of masks in the
    batch (objects x frames, visible or not, averaged over processes); so upstream.
    """
    pairs = _Pairs.of(matches, targets)
    divisor = _mask_count(targets)
    masks, boxes = _matched(output.layers, pairs)
    wanted_masks = targets.masks[pairs.clips, pairs.objects]  # (K, M, T, H, W)
    wanted_boxes = targets.boxes[pairs.clips, pairs.objects]  # (K, M, T, 4)
    logits = _resize(masks, wanted_masks.shape[-2:]).flatten(3)  # (K, M, T, H*W)
    truth = wanted_masks.flatten(3).to(logits)
    return {
        "focal": losses.focal(logits, truth).mean(-1).sum((1, 2)) / divisor,
        "dice": losses.dice(logits, truth).sum((1, 2)) / divisor,
        "contrastive": losses.contrastive(
            torch.stack([layer.clusters for layer in output.layers]).float(),
            output.sentences.float(),
            pairs.referred,
        ).mean(1),
        "class": _class_loss(output.layers, targets, pairs.referred) / divisor,
        "box": (boxes - wanted_boxes).abs().sum((1, 2, 3)) / divisor,
        "giou": (1 - losses.generalized_box_iou(boxes, wanted_boxes)).sum((1, 2)) / divisor,
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pairs:
    """All matches as indices: M pairs per layer."""

    clips: Tensor  # (K, M) int64
    queries: Tensor  # (K, M)
    objects: Tensor  # (K, M)
    referred: Tensor  # (K, B) the query of each clip's referred object

    @classmethod
    def of(cls, matches: Sequence[Sequence[Match]], targets: PaddedTargets) -> _Pairs:
        clips = [torch.full_like(queries, clip) for clip, (queries, _) in enumerate(matches[0])]
        indices = torch.stack(
            [
                torch.stack([torch.cat(clips) for _ in matches]),
                torch.stack([torch.cat([queries for queries, _ in layer]) for layer in matches]),
                torch.stack([torch.cat([objects for _, objects in layer]) for layer in matches]),
            ]
        )
        referred = torch.stack(
            [
                torch.cat([q[o == r] for (q, o), r in zip(layer, targets.referred, strict=True)])
                for layer in matches
            ]
        )
        device = targets.masks.device
        clip, query, object_ = indices.to(device)
        return cls(clips=clip, queries=query, objects=object_, referred=referred.to(device))


def _mask_count(targets: PaddedTargets) -> float:
    """Masks of the batch, averaged over the processes of a distributed run; at least 1."""
    count = float(sum(targets.objects) * targets.masks.shape[2])
    if distributed.is_available() and distributed.is_initialized():
        total = torch.tensor(count, device=targets.masks.device)
        distributed.all_reduce(total)
        count = total.item() / distributed.get_world_size()
    return max(count, 1.0)


def _matched(layers: Sequence[LayerOutput], pairs: _Pairs) -> tuple[Tensor, Tensor]:
    """The matched queries' mask logits (K, M, T, h, w) and boxes (K, M, T, 4)."""
    rows = list(zip(layers, pairs.clips, pairs.queries, strict=True))
    masks = torch.stack([layer.masks[clips, :, queries] for layer, clips, queries in rows])
    boxes = torch.stack([layer.boxes[clips, :, queries] for layer, clips, queries in rows])
    return masks.float(), boxes.float()


def _resize(masks: Tensor, size: tuple[int, ...]) -> Tensor:
    """(K, M, T, h, w) -> (K, M, T, H, W), bilinear."""
    resized = F.interpolate(masks.flatten(0, 1), size=size, mode="bilinear", align_corners=False)
    return resized.view(*masks.shape[:3], *size)


def _class_loss(layers: Sequence[LayerOutput], targets: PaddedTargets, referred: Tensor) -> Tensor:
    """The summed focal loss of all queries, (K,).

    Positive are only the referred object's query, in frames that show the object, at its label.
    """
    logits = torch.stack([layer.classes for layer in layers]).float()  # (K, B, T, Q, classes)
    K, B, _, _, classes = logits.shape
    clips = torch.arange(B, device=logits.device)
    rows = targets.labels.new_tensor(targets.referred)
    labels = torch.zeros_like(rows) if classes == 1 else targets.labels[clips, rows]  # (B,)
    truth = torch.zeros_like(logits)
    layer = torch.arange(K, device=logits.device)[:, None]
    truth[layer, clips, :, referred, labels] = targets.visible.to(truth).expand(K, -1, -1)
    return losses.focal(logits, truth).sum((1, 2, 3, 4))
