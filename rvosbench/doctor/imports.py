"""What becomes of importing libraries, however it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from rvosbench.doctor.probe import BEGIN, END

_LONGEST_S = 120.0


@dataclass(frozen=True, slots=True)
class Imported:
    """A library that was imported in another process."""

    error: str | None  # why it cannot be; None: it can
    facts: Mapping[str, Any] = field(default_factory=dict)  # what `probe` found out about it


def import_all(*groups: Sequence[str], longest_s: float = _LONGEST_S) -> dict[str, Imported]:
    """Import modules in processes of their own, one for each group, side by side.

    Args:
        groups: names of modules; those of a group are imported in this order in one process.
        longest_s: how long a process may take.
    """
    with ThreadPoolExecutor(max(len(groups), 1)) as pool:
        parts = list(pool.map(lambda group: _import_group(list(group), longest_s), groups))
    return {name: result for part in parts for name, result in part.items()}


def _import_group(names: list[str], longest_s: float) -> dict[str, Imported]:
    """Results for all names; a library that ends the process costs the others a second one."""
    results: dict[str, Imported] = {}
    while left := [name for name in names if name not in results]:
        output, end = _run(left, longest_s)
        begun = left[0]
        for line in output.splitlines():
            if line.startswith(BEGIN):
                begun = line.removeprefix(BEGIN)
            elif line.startswith(END):
                said = json.loads(line.removeprefix(END))
                results[said["module"]] = Imported(said.get("error"), said.get("facts", {}))
        if begun not in results or end is not None:
            results.setdefault(begun, Imported(f"importing it {end or 'ends the process'}"))
    return results


def _run(names: list[str], longest_s: float) -> tuple[str, str | None]:
    """What the process wrote, and how it ended if not as it should."""
    # -P: a folder named torch in the current folder is not torch.
    command = [sys.executable, "-P", "-m", "rvosbench.doctor.probe", *names]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=longest_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        return (error.stdout or b"").decode("utf-8", "replace"), f"takes more than {longest_s:.0f} s"
    output = done.stdout.decode("utf-8", "replace")
    if done.returncode < 0:
        return output, f"ends the process ({signal.Signals(-done.returncode).name})"
    return output, None if done.returncode == 0 else f"ends the process (exit code {done.returncode})"
