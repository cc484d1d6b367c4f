"""The time that a run has spent, over all its resumptions."""

from __future__ import annotations

import time


class Stopwatch:
    """Runs from construction on."""

    def __init__(self, spent_s: float, budget_s: float | None) -> None:
        self._start_s = time.perf_counter() - spent_s
        self._budget_s = budget_s

    @property
    def seconds(self) -> float:
        """Time spent."""
        return time.perf_counter() - self._start_s

    @property
    def share(self) -> float:
        """Share of the budget that is used up; 0 without one."""
        return self.seconds / self._budget_s if self._budget_s is not None else 0.0
