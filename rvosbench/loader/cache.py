"""A cache with a budget in bytes: what was used longest ago goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any


class ByteCache:
    """Keeps values up to a number of bytes. One per process: a copy sent elsewhere starts empty."""

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self.used_bytes = 0
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def get(self, key: Hashable) -> Any | None:
        """The value under `key`, or None."""
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: Any, size_bytes: int) -> None:
        """Keep a value that is not None; one larger than the budget is not kept."""
        if size_bytes > self.budget_bytes:
            return
        _, old_bytes = self._values.pop(key, (None, 0))
        self.used_bytes += size_bytes - old_bytes
        self._values[key] = (value, size_bytes)
        while self.used_bytes > self.budget_bytes:
            _, (_, freed_bytes) = self._values.popitem(last=False)
            self.used_bytes -= freed_bytes

    def get_or_make(self, key: Hashable, make: Callable[[], Any], size_bytes: Callable[[Any], int]) -> Any:
        """The value under `key`, made and kept when it is not there."""
        value = self.get(key)
        if value is None:
            value = make()
            self.put(key, value, size_bytes(value))
        return value

    def __len__(self) -> int:
        return len(self._values)

    def __reduce__(self) -> tuple[type[ByteCache], tuple[int]]:
        return ByteCache, (self.budget_bytes,)
