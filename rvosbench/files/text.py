"""Text that somebody else wrote, on its way to a terminal, a picture or a page."""

from __future__ import annotations


def strip_control(text: str, instead: str = "�") -> str:
    """`text` without line breaks and control characters, which would steer a terminal.

    Args:
        text: any.
        instead: what stands for each of them.
    """
    return "".join(character if character.isprintable() else instead for character in text)
