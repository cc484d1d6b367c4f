"""Text on its way to a terminal, a picture or a page."""

from __future__ import annotations


def strip_control(text: str, instead: str = "�") -> str:
    """`text` without line breaks and control characters, which would steer a terminal.

    Args:
        text: any.
        instead: what stands for each of them.
    """
    return "".join(character if character.isprintable() else instead for character in text)


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
