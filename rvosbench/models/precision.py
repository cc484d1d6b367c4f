"""In which numbers a model computes: float32, or bfloat16 where the hardware is faster with it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from rvosbench.errors import UnknownNameError
from rvosbench.plugins.recipe import PRECISIONS


def computing_in(precision: str, device: str) -> AbstractContextManager[object]:
    """A context in which torch's automatic casting follows `precision`.

    Args:
        precision: one of `rvosbench.plugins.recipe.PRECISIONS`.
        device: "cpu", "cuda", "cuda:1" ...

    Raises:
        UnknownNameError: another word.
    """
    check_precision(precision)
    if precision == "fp32":
        return nullcontext()
    import torch

    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16)


def check_precision(precision: str) -> None:
    """Refuse a word that names no precision.

    Raises:
        UnknownNameError: it is none of `rvosbench.plugins.recipe.PRECISIONS`.
    """
    if precision not in PRECISIONS:
        raise UnknownNameError(
            f"the precision {precision!r} is not known; expected {' or '.join(PRECISIONS)}"
        )
