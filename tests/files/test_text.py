from __future__ import annotations

from rvosbench.files.text import strip_control


def test_what_would_steer_a_terminal_is_replaced():
    assert strip_control("a\x1b[2Jb\nc\u202ed é 狗") == "a�[2Jb�c�d é 狗"
    assert strip_control("a\nb", " ") == "a b"
