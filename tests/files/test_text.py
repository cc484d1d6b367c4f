from __future__ import annotations

import pytest

from rvosbench.files.text import one_line, shown, some, strip_control


def test_what_would_steer_a_terminal_is_replaced():
    assert strip_control("a\x1b[2Jb\nc\u202ed é 狗") == "a�[2Jb�c�d é 狗"
    assert strip_control("a\nb", " ") == "a b"


def test_a_message_is_one_line_that_keeps_what_to_do():
    huge = "x" * 10_000_000
    line = one_line(f"{huge}\n\x1b[31m is no video;\n\ttry another")
    assert len(line) == 2000
    assert line.startswith("xxx")
    assert line.endswith("x �[31m is no video; try another")
    assert one_line(f"it was\n{'long ' * 10_000} ago", most=30).count("…") == 1


def test_an_error_without_words_has_its_name():
    assert one_line(ValueError()) == "ValueError"
    assert one_line(ValueError(" ")) == "ValueError"
    assert one_line("") == ""


@pytest.mark.parametrize("length", range(3, 60))
def test_no_line_is_longer_than_asked(length):
    assert len(one_line("word " * 30, most=length)) <= length
    assert len(shown(["word"] * 30, most=length)) <= length


def test_many_names_are_the_first_few_and_a_count():
    assert some({"c", "a", "b", "d"}) == "a, b, c and 1 more"
    assert some(["c", "a"], in_order=False) == "c, a"
    assert some(map(str, range(5000)), 1) == "0 and 4,999 more"
    assert some([]) == ""
