"""Work on a few rows at a time: the same numbers in less memory, and on a CPU in less time."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

FLOATS_AT_ONCE = 2**21
"""Numbers in the widest tensor of a part: what stays in a CPU's cache. A larger tensor also costs a page
fault per 4 KB each time that it is made."""

CPU_FRAMES = 1
"""Frames of a part at least, whatever their size; of small frames as many as fill `FLOATS_AT_ONCE`."""

GPU_FRAMES = 36
"""Frames times expressions of a part: enough to keep a GPU busy."""


def pays(tensor: Tensor) -> bool:
    """Whether small parts are faster: gradients need what parts forget, and a GPU wants large ones."""
    return tensor.is_cpu and not torch.is_grad_enabled()


def frames_at_once(features: Tensor, expressions: int) -> int:
    """How many frames to answer for at a time; all of them where gradients are wanted.

    Args:
        features: (clips, T, ...).
        expressions: asked about each frame.
    """
    if torch.is_grad_enabled():
        return features.shape[1]
    if features.is_cpu:
        return _cpu_frames(expressions * features.shape[2:].numel())
    return max(1, GPU_FRAMES // expressions)


def by_frames(function: Callable[..., Tensor], *inputs: Tensor, widest: int | None = None) -> Tensor:
    """`by_parts` for inputs whose rows are frames.

    Args:
        function: as there.
        inputs: as there.
        widest: numbers per frame in the widest tensor that `function` makes; those of the first input by
            default.
    """
    return by_parts(
        function, *inputs, at_once=_cpu_frames(inputs[0].shape[1:].numel() if widest is None else widest)
    )


def _cpu_frames(floats: int) -> int:
    """Frames per chunk; batching small frames amortises call overhead."""
    return max(CPU_FRAMES, FLOATS_AT_ONCE // floats)


def by_parts(function: Callable[..., Tensor], *inputs: Tensor, at_once: int) -> Tensor:
    """A function of rows, applied to a few rows at a time where that pays.

    Args:
        function: gives as many rows as it takes, each from the same row of every input.
        inputs: (N, ...) each.
        at_once: rows of a part.
    """
    if len(inputs[0]) <= at_once or not pays(inputs[0]):
        return function(*inputs)
    first = function(*(rows[:at_once] for rows in inputs))
    # Parts go where they belong at once: to join them at the end would need twice the memory.
    whole = torch.empty(
        (len(inputs[0]), *first.shape[1:]),
        dtype=first.dtype,
        device=first.device,
        memory_format=_memory_format(first),
    )
    whole[:at_once] = first
    for start in range(at_once, len(whole), at_once):
        stop = start + at_once
        whole[start:stop] = function(*(rows[start:stop] for rows in inputs))
    return whole


def _memory_format(tensor: Tensor) -> torch.memory_format:
    """A convolution may leave the channels of a pixel together, which spares a copy later."""
    together = tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if together else torch.contiguous_format
