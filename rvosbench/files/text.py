"""Text on its way to a terminal, a picture or a page."""

from __future__ import annotations

import reprlib
import unicodedata
from collections.abc import Iterable

_MOST_CHARACTERS = 2000  # of a message: a megabyte of a foreign file is no help to anybody


def strip_control(text: str, instead: str = "�") -> str:
    """`text` without line breaks and control characters, which would steer a terminal.

    Args:
        text: any.
        instead: what stands for each of them.
    """
    return "".join(character if character.isprintable() else instead for character in text)


def one_line(value: object, most: int = _MOST_CHARACTERS) -> str:
    """A text or an error on one line, without control characters; one that is too long lacks its middle.

    Args:
        value: any; of an error without a text, the name of its type.
        most: characters to keep; what to do about it stands at the end of our messages, so that stays.

    Example:
        >>> one_line("a    b"), one_line("123456789", most=6), one_line(KeyError())
        ('a b', '123…89', 'KeyError')
    """
    text = str(value)
    if len(text) > 4 * most:  # before anything is done about every character
        text = f"{text[: 2 * most]} {text[-2 * most :]}"
    text = strip_control(" ".join(text.split()))
    if not text and isinstance(value, BaseException):
        return type(value).__name__
    if len(text) <= most:
        return text
    tail = most // 3
    return f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"


def shown(value: object, most: int = 60) -> str:
    """A foreign value for a message: its repr in ASCII, cut.

    However large the value is: a few bytes of a pickle can describe a list that prints as gigabytes.

    Example:
        >>> shown("a" * 9, most=8), shown({"a": 1})
        ("'aaaa...", "{'a': 1}")
    """
    text = ascii(value[:most]) if isinstance(value, str) else _BRIEF.repr(value)
    text = text.encode("ascii", "backslashreplace").decode()
    return text if len(text) <= most else f"{text[: most - 3]}..."


class _Brief(reprlib.Repr):
    """A repr that looks at the beginning of a value only."""

    def repr_int(self, number: int, level: int) -> str:
        """Python refuses to print numbers of more than 4300 digits."""
        bits = number.bit_length()
        return repr(number) if bits < 200 else f"a number of {bits} bits"


_BRIEF = _Brief()


_UNSEEN = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and signs that are drawn as nothing


def is_blank(text: str) -> bool:
    r"""Whether nothing of a text can be seen: empty, spaces, or characters of no width.

    Example:
        >>> is_blank(" \u200b\ufeff"), is_blank("."), is_blank("")
        (True, False, True)
    """
    return all(
        character in _UNSEEN or unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Zs", "Mn")
        for character in text
    )


def some(names: Iterable[str], most: int = 3, *, in_order: bool = True) -> str:
    """The first few of many names, for a message.

    Args:
        names: any number.
        most: how many to name.
        in_order: of the alphabet; else as they come.

    Example:
        >>> some("edcba"), some("ab")
        ('a, b, c and 2 more', 'a, b')
    """
    every = sorted(names) if in_order else list(names)
    more = len(every) - most
    return ", ".join(every[:most]) + (f" and {more:,} more" if more > 0 else "")


def file_size(count: int) -> str:
    """Bytes as B, kB, MB, GB or TB.

    Example:
        >>> file_size(1_234_567)
        '1.23 MB'
    """
    value, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 99.5 else f"{value:.3g} {unit}"


def counted(number: int, noun: str) -> str:
    """A number with its noun, which takes an s unless it is one.

    Example:
        >>> counted(1, "video"), counted(1204, "video")
        ('1 video', '1,204 videos')
    """
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def beginning(value: object, most: int = 60) -> str:
    """A fact for a message; of a long one, such as a checksum, its beginning.

    Example:
        >>> beginning(None), beginning("0123456789abcdef", most=15)
        ('none', '0123456789ab ...')
    """
    text = "none" if value is None else str(value)
    return text if len(text) <= most else f"{text[:12]} ..."
