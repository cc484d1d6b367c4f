"""Where training runs: one accelerator, with torch's global settings put back afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from rvosbench.errors import TrainingError

if TYPE_CHECKING:
    from accelerate import Accelerator


@contextmanager
def on_device(device: str, threads: int | None) -> Iterator[Accelerator]:
    """An accelerator on the device; torch's threads and generators are put back afterwards.

    Args:
        device: "cpu", "cuda" or "cuda:N".
        threads: of torch; None leaves them alone.

    Raises:
        TrainingError: no such device.
    """
    from accelerate import Accelerator

    try:
        wanted = torch.device(device)
    except RuntimeError:
        raise TrainingError(f"the device {device!r} is not known; expected cpu, cuda or cuda:N") from None
    if wanted.type == "cuda":
        if not torch.cuda.is_available() or (wanted.index or 0) >= torch.cuda.device_count():
            raise TrainingError(
                f"the device '{device}' is not there ({torch.cuda.device_count()} CUDA devices found); "
                "train with --device cpu, or install a torch build for your GPU"
            )
        if wanted.index is not None:
            torch.cuda.set_device(wanted)
    before = torch.get_num_threads()
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if wanted.type == "cuda" else []):
        try:
            if threads is not None:
                torch.set_num_threads(threads)
            yield Accelerator(cpu=wanted.type == "cpu", mixed_precision="no")
        finally:
            torch.set_num_threads(before)
