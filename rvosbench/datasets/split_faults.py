"""Splits whose index cannot be read: an error for whoever asks for them, and no obstacle to the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rvosbench.datasets.reading import UnsafeNameError
from rvosbench.errors import DatasetError, MissingPathError


class SplitFaults:
    """What is wrong with which split."""

    def __init__(self) -> None:
        """Nothing is wrong yet."""
        self._errors: dict[str, DatasetError | MissingPathError] = {}

    @contextmanager
    def of(self, split: str) -> Iterator[None]:
        """Keep what the block raises about a file of the split.

        Raises:
            UnsafeNameError: the file names what lies elsewhere. That is no damage: nothing of it is read.
        """
        try:
            yield
        except UnsafeNameError:
            raise
        except (DatasetError, MissingPathError) as error:
            self._errors.setdefault(split, error)

    def __contains__(self, split: str) -> bool:
        return split in self._errors

    def __bool__(self) -> bool:
        return bool(self._errors)

    def check(self, split: str) -> None:
        """Refuse a split that could not be read.

        Raises:
            MissingPathError, DatasetError: what reading it raised.
        """
        if split in self._errors:
            raise self._errors[split]
