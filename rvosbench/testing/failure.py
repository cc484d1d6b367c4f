"""What a check raises, so that a plugin's pytest shows one line that says what was expected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rvosbench.files.text import one_line


class CheckFailed(AssertionError):  # noqa: N818 (as pytest's Failed and unittest's)
    """A plugin does not keep to the contract; the message is one line."""


@contextmanager
def claim(subject: str, text: str) -> Iterator[None]:
    """Turn whatever the body raises into a `CheckFailed` about a claim.

    Args:
        subject: what is checked, such as "the model 'toynet'".
        text: what should hold, such as "answers a clip of one frame".

    Example:
        >>> with claim("the model 'toynet'", "answers a clip"):
        ...     raise ValueError("kernel larger than input")
        Traceback (most recent call last):
        rvosbench.testing.failure.CheckFailed: the model 'toynet' fails the check 'answers a clip': \
ValueError: kernel larger than input
    """
    try:
        yield
    except CheckFailed as error:
        raise CheckFailed(f"{subject} fails the check '{text}': {one_line(error)}") from error
    except Exception as error:
        detail = f"{type(error).__name__}: {one_line(error)}"
        raise CheckFailed(f"{subject} fails the check '{text}': {detail}") from error


def expect(holds: object, found: str) -> None:
    """Fail a check, saying what was found.

    Raises:
        CheckFailed: `holds` is false.
    """
    if not holds:
        raise CheckFailed(found)
