from __future__ import annotations

from rvosbench.files.text import printable


def test_what_would_steer_a_terminal_is_replaced():
    assert printable("a\x1b[2Jb\nc\u202ed é 狗") == "a�[2Jb�c�d é 狗"
    assert printable("a\nb", " ") == "a b"
