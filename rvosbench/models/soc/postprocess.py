"""From SOC's mask logits to masks of the clip's own size.

The published numbers were made by three programs that resize in two ways, so both are here:
`resize_once` (Ref-YouTube-VOS and Ref-DAVIS inference) and `resize_twice` (evaluation while training,
and A2D-Sentences). They differ by a pixel along the edges.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from rvosbench.models.soc.outputs import LayerOutput
from rvosbench.types import Segmentation

FRAMES_AT_ONCE = 16
"""Frames resized at a time: logits of full size exist only for these."""


def query_scores(classes: Tensor) -> Tensor:
    """How well every query fits the expression over the whole clip.

    Args:
        classes: (T, Q, classes) logits.

    Returns:
        (Q,) probability of the best class, averaged over the frames.
    """
    return classes.float().sigmoid().mean(0).amax(-1)


def segmentations(layer: LayerOutput, size: tuple[int, int], candidates: int) -> list[Segmentation]:
    """The best queries of every expression, for a clip that went in without padding.

    Args:
        layer: the answer for B expressions about one clip.
        size: (height, width) px of the result.
        candidates: how many queries per expression, at most.

    Returns:
        B answers, queries from best to worst.
    """
    answers = []
    for masks, classes in zip(layer.masks, layer.classes, strict=True):
        scores, order = query_scores(classes).sort(descending=True, stable=True)
        best = masks[:, order[:candidates]].transpose(0, 1)  # (N, T, h, w)
        answers.append(Segmentation(masks=resize_once(best, size), scores=scores[:candidates].cpu().numpy()))
    return answers


def resize_once(logits: Tensor, size: tuple[int, int]) -> NDArray[np.bool_]:
    """One bilinear step from the logits to the final size, then a probability above one half.

    Args:
        logits: (N, T, h, w) of an input without padding.
        size: (height, width) px.

    Returns:
        (N, T, height, width).
    """
    N, T = logits.shape[:2]
    masks = np.empty((N, T, *size), np.bool_)
    for candidate in range(N):
        for start in range(0, T, FRAMES_AT_ONCE):
            part = slice(start, start + FRAMES_AT_ONCE)
            resized = _bilinear(logits[candidate, part, None].float(), size)[:, 0]
            masks[candidate, part] = (resized > 0).cpu().numpy()
    return masks


def resize_twice(
    logits: Tensor, padded: tuple[int, int], unpadded: tuple[int, int], size: tuple[int, int]
) -> NDArray[np.bool_]:
    """Bilinear to the padded input, threshold, crop the padding away, then nearest to the final size.

    Args:
        logits: (N, T, h, w).
        padded: (height, width) px of the input with its padding.
        unpadded: (height, width) px of the input without.
        size: (height, width) px of the result.

    Returns:
        (N, T, height, width).
    """
    masks = _bilinear(logits.float(), padded) > 0
    cropped = masks[..., : unpadded[0], : unpadded[1]].float()
    resized: NDArray[np.bool_] = F.interpolate(cropped, size=size, mode="nearest").bool().cpu().numpy()
    return resized


def a2d_sentences(
    layer: LayerOutput, padded: tuple[int, int], unpadded: tuple[int, int], size: tuple[int, int]
) -> Segmentation:
    """Every query of one clip's only frame, as the A2D-Sentences evaluation ranks them.

    Args:
        layer: the answer for one clip, B = T = 1.
        padded: (height, width) px of the input with its padding.
        unpadded: (height, width) px of the input without.
        size: (height, width) px of the result.

    Returns:
        Q candidates in the order of the queries, not of their scores; a score is the probability of
        the first class.
    """
    return Segmentation(
        masks=resize_twice(layer.masks[0].transpose(0, 1), padded, unpadded, size),
        scores=layer.classes[0, 0, :, 0].float().sigmoid().cpu().numpy(),
    )


def merge_objects(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """One label image per frame out of several objects' masks, as Ref-DAVIS17 asks.

    An object competes where its probability is at least one half; the most probable one wins.

    Args:
        probabilities: (N, T, H, W), at most 255 objects.

    Returns:
        (T, H, W): 0 for background, else the object's row + 1.
    """
    competing = np.where(probabilities < 0.5, np.float32(0), probabilities)
    labels = competing.argmax(0) + 1
    return np.where(competing.max(0) > 0, labels, 0).astype(np.uint8)


def _bilinear(logits: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(logits, size=size, mode="bilinear", align_corners=False)
