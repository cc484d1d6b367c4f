"""From the ground truth of a batch to what SOC's matcher and losses compare with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rvosbench.errors import ShapeError, TrainingError
from rvosbench.types import Batch, Target


@dataclass(frozen=True, kw_only=True, slots=True)
class SOCTarget:
    """Ground truth of one clip. N objects, T frames that were asked for."""

    masks: Tensor  # (N, T, H, W) bool on the padded canvas; all False where the object is absent
    boxes: Tensor  # (N, T, 4) centre x, centre y, width, height in [0, 1]; zeros where absent
    visible: Tensor  # (N, T) bool
    labels: Tensor  # (N,) int64
    referred: int  # the row that the expression means


def from_batch(batch: Batch, device: torch.device, *, classes: int) -> list[SOCTarget]:
    """The targets of a batch, on `device`, with boxes relative to each clip's own un-padded size.

    Args:
        batch: its targets lie on the CPU.
        device: where the result lives.
        classes: how many the model tells apart; one class ignores the labels.

    Raises:
        ShapeError: rows that do not fit together.
        TrainingError: a label that the model has no class for.
    """
    for target in batch.targets:
        if classes > 1 and not bool(((target.labels >= 0) & (target.labels < classes)).all()):
            raise TrainingError(
                f"a target has category {target.labels.tolist()}, this SOC knows 0 to {classes - 1}; "
                "choose a config with as many classes as the data has categories, or with one"
            )
    return [
        from_target(target, size, device) for target, size in zip(batch.targets, batch.sizes, strict=True)
    ]


def from_target(target: Target, size: tuple[int, int], device: torch.device) -> SOCTarget:
    """One clip's target.

    Args:
        target: masks (N, T, H, W) bool, padded at the bottom and right.
        size: (height, width) px without padding; boxes are fractions of it.
        device: where the result lives.

    Raises:
        ShapeError: rows that do not fit together, or a referred row that is not there.
    """
    rows = target.masks.shape[0]
    if target.masks.ndim != 4 or target.visible.shape != target.masks.shape[:2]:
        raise ShapeError(
            f"target masks are {tuple(target.masks.shape)} and visible {tuple(target.visible.shape)}; "
            "expected (objects, frames, height, width) and (objects, frames)"
        )
    if target.labels.shape != (rows,) or not 0 <= target.referred < rows:
        raise ShapeError(
            f"a target with {rows} objects has {tuple(target.labels.shape)} labels and means row "
            f"{target.referred}; expected one label per object and a row below {rows}"
        )
    masks = target.masks.to(device)
    return SOCTarget(
        masks=masks,
        boxes=boxes_of(masks, size),
        visible=target.visible.to(device),
        labels=target.labels.to(device),
        referred=target.referred,
    )


def boxes_of(masks: Tensor, size: tuple[int, int]) -> Tensor:
    """Boxes around masks.

    The far edge is the last foreground pixel itself, without the + 1 that would make the box enclose
    it: a mask of one pixel has a box of width 0. As upstream; published weights were trained so.

    Args:
        masks: (..., H, W) bool.
        size: (height, width) px that the boxes are fractions of.

    Returns:
        (..., 4) float32: centre x, centre y, width, height; zeros for an empty mask.
    """
    height, width = size
    left, right = _extent(masks.any(-2))
    top, bottom = _extent(masks.any(-1))
    boxes = torch.stack(
        [
            (left + right) / 2 / width,
            (top + bottom) / 2 / height,
            (right - left) / width,
            (bottom - top) / height,
        ],
        dim=-1,
    )
    return boxes * masks.flatten(-2).any(-1, keepdim=True)


def _extent(occupied: Tensor) -> tuple[Tensor, Tensor]:
    """First and last True position along the last axis of (..., n) bool, as float32."""
    flags = occupied.to(torch.uint8)  # argmax knows no bool
    last = occupied.shape[-1] - 1
    return flags.argmax(-1).float(), last - flags.flip(-1).argmax(-1).float()


@dataclass(frozen=True, kw_only=True, slots=True)
class PaddedTargets:
    """The targets of B clips as one set of tensors. N is the largest number of objects in a clip."""

    masks: Tensor  # (B, N, T, H, W) bool; rows of padding are empty
    boxes: Tensor  # (B, N, T, 4)
    visible: Tensor  # (B, T) bool: the referred object can be seen
    labels: Tensor  # (B, N) int64
    referred: tuple[int, ...]  # B
    objects: tuple[int, ...]  # B numbers of real rows


def pad(targets: Sequence[SOCTarget]) -> PaddedTargets:
    """Stack clips with different numbers of objects."""
    objects = tuple(len(target.labels) for target in targets)
    most = max(objects)

    def stack(values: list[Tensor]) -> Tensor:
        if min(objects) == most:
            return torch.stack(values)
        stacked = values[0].new_zeros(len(values), most, *values[0].shape[1:])
        for row, value in zip(stacked, values, strict=True):
            row[: len(value)] = value
        return stacked

    return PaddedTargets(
        masks=stack([target.masks for target in targets]),
        boxes=stack([target.boxes for target in targets]),
        visible=torch.stack([target.visible[target.referred] for target in targets]),
        labels=stack([target.labels for target in targets]),
        referred=tuple(target.referred for target in targets),
        objects=objects,
    )
