"""What happened at each step: log.jsonl, the caller's progress, and the check that losses are finite."""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import torch
from torch import Tensor

from rvosbench.errors import TrainingError
from rvosbench.files.atomic import write_text
from rvosbench.files.places import unwritable

_RECENT = 50  # steps that the reported loss is the mean of


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step, for progress bars."""

    number: int  # steps done, this one included
    total: int  # steps planned
    loss: float  # the sum of `losses`
    losses: Mapping[str, float]
    gradient_norm: float  # before clipping
    learning_rates: Mapping[str, float]
    seconds: float  # since the run began


@dataclass(frozen=True, slots=True)
class _Pending:
    step: int
    names: tuple[str, ...]
    values: Tensor  # the losses, their sum, the gradient norm
    rates: Mapping[str, float]
    seconds: float


class Log:
    """Collects steps on the device and reads them `every` so many steps.

    Lines of steps that are done again after a resumption are removed first.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        start: int,
        total: int,
        every: int,
        names: Callable[[int], Sequence[str]],
        on_step: Callable[[Step], None] | None,
    ) -> None:
        self.done = start
        self._path = path
        self._total = total
        self._every = every
        self._names = names
        self._on_step = on_step
        self._pending: list[_Pending] = []
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._file: IO[str] | None = None
        if path is not None:
            _keep_lines(path, start)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = path.open("a", encoding="utf-8", buffering=1)
            except OSError as error:
                raise unwritable(path, error) from error

    @property
    def recent_loss(self) -> float:
        """Mean loss of the last steps; 0.0 before the first."""
        return sum(self._recent) / len(self._recent) if self._recent else 0.0

    def add(
        self,
        step: int,
        losses: Mapping[str, Tensor],
        loss: Tensor,
        norm: Tensor,
        rates: Mapping[str, float],
        seconds: float,
    ) -> None:
        """Take note of a step, before its gradients are applied.

        Raises:
            TrainingError: a loss or gradient is not finite.
        """
        values = torch.stack([*(value.detach() for value in losses.values()), loss.detach(), norm])
        self._pending.append(_Pending(step, tuple(losses), values, rates, seconds))
        if len(self._pending) >= self._every:
            self.flush()

    def flush(self) -> None:
        """Read, check and report all steps that were noted.

        Raises:
            TrainingError: a loss or gradient is not finite.
        """
        pending, self._pending = self._pending, []
        for entry in pending:
            *parts, loss, norm = entry.values.tolist()
            losses = dict(zip(entry.names, parts, strict=True))
            if not (math.isfinite(loss) and math.isfinite(norm)):
                raise TrainingError(self._not_finite(entry.step, losses, norm))
            self._report(entry, losses, loss, norm)

    def _report(self, entry: _Pending, losses: Mapping[str, float], loss: float, norm: float) -> None:
        self.done = entry.step + 1
        self._recent.append(loss)
        if self._file is not None:
            line = {
                "step": self.done,
                "loss": loss,
                "losses": losses,
                "gradient_norm": norm,
                "learning_rates": entry.rates,
                "seconds": round(entry.seconds, 3),
            }
            self._file.write(json.dumps(line) + "\n")
        if self._on_step is not None:
            self._on_step(
                Step(
                    number=self.done,
                    total=self._total,
                    loss=loss,
                    losses=losses,
                    gradient_norm=norm,
                    learning_rates=entry.rates,
                    seconds=entry.seconds,
                )
            )

    def _not_finite(self, step: int, losses: Mapping[str, float], norm: float) -> str:
        bad = [f"{name} = {value}" for name, value in losses.items() if not math.isfinite(value)]
        what = ", ".join(bad) if bad else f"the gradient's norm = {norm}"
        samples = "; ".join(self._names(step))
        return (
            f"step {step + 1} has {what}, expected finite losses; its samples are {samples}; "
            "look at them, or lower the learning rates"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self.flush()
        finally:
            if self._file is not None:
                self._file.close()


def _keep_lines(path: Path, steps: int) -> None:
    """Cut a log after the line of step `steps`; a last line that was torn goes too."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        try:
            number = json.loads(line)["step"]
        except (ValueError, KeyError, TypeError):
            break
        if number > steps or not line.endswith("\n"):
            break
        kept.append(line)
    write_text(path, "".join(kept))
