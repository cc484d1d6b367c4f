"""What models can run on: processor, memory, GPUs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from rvosbench.doctor.check import Check
from rvosbench.doctor.imports import Imported
from rvosbench.files.text import file_size
from rvosbench.runs.record import environment

_DRIVER = Path("/proc/driver/nvidia/version")


def look(torch: Imported | None, chosen: str | None) -> Iterator[Check]:
    """The processor, every GPU that torch can use, and the device that the workspace has chosen.

    Args:
        torch: what importing it came to.
        chosen: the workspace's device; None where there is no workspace.
    """
    hardware = environment()["hardware"]
    yield Check("cpu", "ok", f"{hardware['cores']} cores, {_memory()}, {hardware['processor']}")
    if torch is None or torch.error is not None:
        yield Check("gpu", "warn", "unknown, as torch cannot be imported")
        return
    gpus = torch.facts.get("gpus", [])
    for index, gpu in enumerate(gpus):
        yield Check("gpu", "ok", f"cuda:{index}, {file_size(gpu['bytes'])}, {gpu['name']}")
    if torch.facts.get("mps"):
        yield Check("gpu", "ok", "mps, this Mac's own")
    if not gpus and not torch.facts.get("mps"):
        yield _no_gpu(torch.facts.get("built_for"))
    if chosen is not None and not _is_there(chosen, len(gpus), bool(torch.facts.get("mps"))):
        yield Check("device", "fail", f"rvos.toml says {chosen!r}, which torch does not find; correct it")


def _no_gpu(built_for: str | None) -> Check:
    if not _DRIVER.exists():
        return Check("gpu", "ok", "none; models run on the cpu")
    reason = (
        f"built for CUDA {built_for}, it cannot use it; is the driver too old?"
        if built_for
        else "it was built for the cpu only; install a torch for your CUDA"
    )
    return Check("gpu", "warn", f"there is a GPU with a driver, but torch finds none: {reason}")


def _is_there(device: str, gpus: int, mps: bool) -> bool:
    kind, _, index = device.partition(":")
    if kind == "cuda":
        return int(index or 0) < gpus
    return mps if kind == "mps" else True  # other kinds only torch knows


def _memory() -> str:
    try:
        return f"{file_size(os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES'))} of memory"
    except (AttributeError, OSError, ValueError):  # Windows
        return "memory unknown"
