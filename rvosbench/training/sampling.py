"""Which samples make which step: a pure function of (seed, epoch, position), so that resuming is an integer.

Epochs follow one another without a gap: a batch may hold the end of one and the start of the next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rvosbench.errors import TrainingError


class Positions:
    """The endless stream of batches of one process, from a given step on.

    With `processes` beside each other, each gets its own part of every batch; together they see
    exactly what one process would.
    """

    def __init__(
        self,
        samples: int,
        batch_size: int,
        seed: int,
        *,
        start: int = 0,
        process: int = 0,
        processes: int = 1,
    ) -> None:
        """Describe the stream.

        Args:
            samples: how many there are.
            batch_size: clips per step over all processes.
            seed: not negative.
            start: the first step.
            process: the number of this process.
            processes: how many there are.

        Raises:
            TrainingError: the batch cannot be divided among the processes.
        """
        if batch_size % processes:
            raise TrainingError(
                f"a batch of {batch_size} clips cannot be divided among {processes} processes; "
                f"choose a --batch-size that is a multiple of {processes}"
            )
        self._samples = samples
        self._batch_size = batch_size
        self._seed = seed
        self._start = start
        self._part = slice(process * (batch_size // processes), (process + 1) * (batch_size // processes))
        self._orders: dict[int, NDArray[np.int64]] = {}

    def at(self, step: int) -> list[tuple[int, int]]:
        """This process's samples of a step, as (epoch, index)."""
        first = step * self._batch_size
        batch = range(first, first + self._batch_size)[self._part]
        return [self._position(number) for number in batch]

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        step = self._start
        while True:
            yield self.at(step)
            step += 1

    def _position(self, number: int) -> tuple[int, int]:
        epoch, index = divmod(number, self._samples)
        if epoch not in self._orders:
            # Samples draw from (seed, epoch, index) with an index below their number.
            rng = np.random.default_rng((self._seed, epoch, self._samples))
            # A step needs at most the orders of the epochs it touches.
            self._orders = {key: order for key, order in self._orders.items() if key == epoch - 1}
            self._orders[epoch] = rng.permutation(self._samples)
        return epoch, int(self._orders[epoch][index])


def step_seed(seed: int, step: int, process: int) -> int:
    """The seed of torch's generators for one step: dropout, too, depends on nothing that came before."""
    digest = hashlib.blake2b(f"{seed}/{step}/{process}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
