"""`--shard i/n`: a contiguous range of the sorted videos, so that n machines each do a part."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from rvosbench.errors import InvalidDataError

Item = TypeVar("Item")

_WRITTEN = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})")


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `index` of `of`, counted from 1.

    Example:
        >>> [Shard(i, 3).of_all(["a", "b", "c", "d"]) for i in (1, 2, 3)]
        [['a'], ['b'], ['c', 'd']]
        >>> str(Shard.read("2/4"))
        '2/4'
    """

    index: int
    of: int

    def __post_init__(self) -> None:
        """Refuse what is no part.

        Raises:
            InvalidDataError: there is no such part.
        """
        if not 1 <= self.index <= self.of:
            raise InvalidDataError(
                f"shard {self.index}/{self.of} was asked for; expected i/n with i from 1 to n, such as 1/4"
            )

    @classmethod
    def read(cls, given: str | tuple[int, int] | Shard) -> Shard:
        """From "i/n", as on the command line, or from (i, n).

        Raises:
            InvalidDataError: it is neither, or there is no such part.
        """
        if isinstance(given, Shard):
            return given
        if isinstance(given, str):
            written = _WRITTEN.fullmatch(given.strip())
            if written is not None:
                return cls(int(written[1]), int(written[2]))
        elif len(given) == 2 and all(type(number) is int for number in given):
            return cls(*given)
        raise InvalidDataError(f"the shard {given!r} is none; expected i/n with i from 1 to n, such as 1/4")

    @classmethod
    def from_json(cls, content: Mapping[str, Any] | None) -> Shard | None:
        """From what run.json or scores.json holds; None for the whole."""
        return None if content is None else cls(int(content["index"]), int(content["of"]))

    def of_all(self, items: Sequence[Item]) -> Sequence[Item]:
        """Its items: all parts one after the other are all items, and no two differ by more than one.

        Of fewer items than parts, some parts have none.
        """
        return items[len(items) * (self.index - 1) // self.of : len(items) * self.index // self.of]

    def __str__(self) -> str:
        return f"{self.index}/{self.of}"


def runs_of(items: Sequence[Item], longest: int, at_least: int) -> list[Sequence[Item]]:
    """Contiguous ranges of at most `longest` items; at least so many ranges, where there are enough items.

    Example:
        >>> runs_of("abcdefg", longest=3, at_least=2)
        ['ab', 'cd', 'efg']
    """
    count = min(len(items), max(at_least, -(-len(items) // longest)))
    return [Shard(index + 1, count).of_all(items) for index in range(count)]
