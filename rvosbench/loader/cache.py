"""A cache with a budget in bytes: what was used longest ago goes first.

Arrays are kept in slots of large blocks, not where the allocator would put them. There each would pin a piece
of the heap that a much larger temporary array left behind, and a process of small frames would grow by many
times their size.
"""

from __future__ import annotations

import math
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# glibc maps what is larger than 32 MiB apart from its heap; pages that are never written cost nothing.
_BLOCK_BYTES = 36 * 1024 * 1024


class ByteCache:
    """Keeps values up to a number of bytes. One per process: a copy sent elsewhere starts empty."""

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self.used_bytes = 0
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._slots = _Slots()

    def get(self, key: Hashable) -> Any | None:
        """The value under `key`, or None. An array must be copied before anything else is put."""
        entry = self._values.get(key)
        if entry is None:
            return None
        self._values.move_to_end(key)
        value = entry[0]
        return value.view() if isinstance(value, _Kept) else value

    def put(self, key: Hashable, value: Any, size_bytes: int) -> None:
        """Keep a value that is not None; one larger than the budget is not kept."""
        if self._make_room(key, size_bytes):
            self._values[key] = (value, size_bytes)

    def put_array(self, key: Hashable, array: NDArray[Any]) -> None:
        """Keep a copy of an array; one larger than the budget is not kept."""
        size_bytes = _slot_bytes(array.nbytes)
        if self._make_room(key, size_bytes):
            kept = _Kept(self._slots.take(size_bytes), size_bytes, array.dtype, array.shape)
            kept.view()[...] = array
            self._values[key] = (kept, size_bytes)

    def get_or_make(self, key: Hashable, make: Callable[[], Any], size_bytes: Callable[[Any], int]) -> Any:
        """The value under `key`, made and kept when it is not there."""
        value = self.get(key)
        if value is None:
            value = make()
            self.put(key, value, size_bytes(value))
        return value

    def _make_room(self, key: Hashable, size_bytes: int) -> bool:
        """Drop the old value of `key`, and others until `size_bytes` more fit; counts them as used."""
        if size_bytes > self.budget_bytes:
            return False
        if key in self._values:
            self._drop(key)
        while self.used_bytes + size_bytes > self.budget_bytes:
            self._drop(next(iter(self._values)))
        self.used_bytes += size_bytes
        return True

    def _drop(self, key: Hashable) -> None:
        value, freed_bytes = self._values.pop(key)
        self.used_bytes -= freed_bytes
        if isinstance(value, _Kept):
            self._slots.give_back(value.slot, value.slot_bytes)

    def __len__(self) -> int:
        return len(self._values)

    def __reduce__(self) -> tuple[type[ByteCache], tuple[int]]:
        return ByteCache, (self.budget_bytes,)


_Slot = tuple[NDArray[np.uint8], int]
"""A block and where the slot starts in it."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """An array in a slot. The array object is made when asked for: even its shape lies on the heap."""

    slot: _Slot
    slot_bytes: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    def view(self) -> NDArray[Any]:
        block, start = self.slot
        size_bytes = math.prod(self.shape) * self.dtype.itemsize
        return block[start : start + size_bytes].view(self.dtype).reshape(self.shape)


class _Slots:
    """Pieces of large blocks, used again by arrays of about the same size."""

    def __init__(self) -> None:
        self._free: defaultdict[int, list[_Slot]] = defaultdict(list)
        self._fresh: dict[int, _Slot] = {}  # slot size -> from where on a block was never used

    def take(self, slot_bytes: int) -> _Slot:
        if self._free[slot_bytes]:
            return self._free[slot_bytes].pop()
        fresh = self._fresh.get(slot_bytes)
        if fresh is None or fresh[1] + slot_bytes > len(fresh[0]):
            fresh = (np.empty(max(_BLOCK_BYTES, slot_bytes), np.uint8), 0)
        self._fresh[slot_bytes] = (fresh[0], fresh[1] + slot_bytes)
        return fresh

    def give_back(self, slot: _Slot, slot_bytes: int) -> None:
        self._free[slot_bytes].append(slot)


def _slot_bytes(size_bytes: int) -> int:
    """The slot for an array: at most an eighth or 64 bytes larger, so that few sizes serve all."""
    step = max(64, 1 << max(0, size_bytes.bit_length() - 4))
    return -(-size_bytes // step) * step
