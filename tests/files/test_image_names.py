from __future__ import annotations

import pytest

from rvosbench.errors import DatasetError, ScoreError
from rvosbench.files.image_names import images_by_name


def test_images_are_found_in_any_case_of_their_suffix_and_others_passed_over():
    names = ["b.PNG", "a.jpg", "c.JPEG", "d.txt", "e", "f.png.part", "g.gif"]
    assert images_by_name(names, "x") == {"a": "a.jpg", "b": "b.PNG", "c": "c.JPEG"}
    assert list(images_by_name(["10.png", "2.png"], "x")) == ["10", "2"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("00000.jpg", "00000.png"),
        ("00000.PNG", "00000.png"),
        ("00000.jpeg", "00000.jpg"),
        ("00000.JPG", "00000.jpg"),
        ("Frame.png", "frame.png"),
    ],
)
def test_two_files_of_one_name_are_refused_whatever_their_order(first, second):
    for names in ([first, second], [second, first], ["a.png", first, "b.png", second]):
        with pytest.raises(
            DatasetError, match=f"frames holds '{first}' and '{second}', two images that differ"
        ):
            images_by_name(names, "frames")
    with pytest.raises(ScoreError):
        images_by_name([first, second], "answers", error=ScoreError)


def test_a_text_of_the_same_name_is_no_second_image():
    assert images_by_name(["00000.json", "00000.png", "00000"], "x") == {"00000": "00000.png"}
