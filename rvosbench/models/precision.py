"""In which numbers a model computes: float32, or bfloat16 where the hardware is faster with it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Literal, get_args

from rvosbench.errors import UnknownNameError

Precision = Literal["fp32", "bf16"]
"""Weights stay float32; under "bf16" matrix products and convolutions take bfloat16."""

PRECISIONS: tuple[Precision, ...] = get_args(Precision)


def computing_in(precision: str, device: str) -> AbstractContextManager[object]:
    """A context in which torch's automatic casting follows `precision`.

    Args:
        precision: one of `PRECISIONS`.
        device: "cpu", "cuda", "cuda:1" ...

    Raises:
        UnknownNameError: another word.
    """
    if precision == "fp32":
        return nullcontext()
    if precision != "bf16":
        raise UnknownNameError(
            f"the precision {precision!r} is not known; expected {' or '.join(PRECISIONS)}"
        )
    import torch

    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16)
