"""What is opened for the length of a `with`: readers that close, and writers that finish or give up."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Closing(ABC):
    """Is closed at the end of the body, however that ends."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what is open; a second time does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class WholeOrNothing(ABC):
    """Finishes what it writes when the body ends well, and removes it when the body or the finish fails."""

    @abstractmethod
    def finish(self) -> object:
        """Complete what was written and give it its final name.

        Raises:
            OutputError: the name cannot be taken, or the disk is full.
        """

    @abstractmethod
    def abandon(self) -> None:
        """Remove everything that was written."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.abandon()
            return
        try:
            self.finish()
        except BaseException:
            self.abandon()
            raise
