"""Results are found below folders of any name by the ids of the videos, or refused with what there is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rvosbench.errors import ScoreError
from rvosbench.submission.roots import find_root, of_split

VIDEOS = {"pair", "other", "valid"}


def names(*paths: str) -> list[tuple[str, ...]]:
    return [tuple(path.split("/")) for path in paths]


def root(*paths: str, unit="expression", known=VIDEOS) -> str:
    return "/".join(find_root(names(*paths), unit, known, "mine"))


@pytest.mark.parametrize(
    "top",
    ["", "results", "Annotations", "valid", "mymodel/valid", "Annotations/Annotations", "a/b/c/d", "pair"],
)
@pytest.mark.parametrize(
    ("unit", "inner"),
    [
        ("expression", "pair/0/00000.png"),
        ("object", "pair/00000.png"),
        ("annotator", "anno_0/pair/00000.png"),
        ("annotator", "pair/0/00000.png"),
    ],
)
def test_folders_around_the_results_are_entered(top, unit, inner):
    wrapped = f"{top}/{inner}" if top else inner
    assert root(wrapped, unit=unit) == top


def test_a_folder_around_the_results_may_be_called_like_a_video():
    assert root("valid/pair/0/1.png", "valid/other/0/1.png") == "valid"
    assert root("valid/pair/1.png", "valid/other/1.png", unit="object") == "valid"
    assert root("pair/pair/0/1.png") == "pair"
    assert root("valid/0/1.png", "pair/0/1.png") == ""


def test_the_objects_of_a_video_are_no_sequences():
    assert root("pair/1/00000.png", "pair/002/00000.png", unit="object") == ""
    assert root("x/pair/1/00000.png", unit="object") == "x"
    with pytest.raises(ScoreError, match=r"can be read in two ways, with the results in \., pair"):
        root("pair/1/00000.png", unit="object", known={"pair", "1"})


def test_several_results_are_listed():
    with pytest.raises(ScoreError, match=r"mine holds several results: a, b, c/d; name one of these folders"):
        root("a/pair/0/1.png", "b/pair/0/1.png", "c/d/other/0/1.png")


def test_results_of_other_splits_are_left_out():
    mine, theirs = names("valid_u/pair/0/1.png", "overview.png"), names("valid/other/0/1.png")
    assert of_split([*mine, *theirs], "expression", VIDEOS, {"pair"}) == (mine, [("valid",)])
    both = names("a/pair/0/1.png", "b/pair/0/1.png", "c/other/0/1.png")
    assert of_split(both, "expression", VIDEOS, {"pair"}) == (both, [])
    one = names("a/pair/0/1.png", "a/other/0/1.png")
    assert of_split(one, "expression", VIDEOS, {"pair"}) == (one, [])


def test_without_ids_the_form_of_the_names_decides():
    assert root("x/y/p/0/1.png", "x/y/q/0/1.png", known=()) == "x/y"
    assert root("valid/7/1.png", unit="object", known=()) == "valid"
    with pytest.raises(ScoreError, match=r"holds p/7/1\.png, expected <sequence>/<frame>\.png"):
        root("p/7/1.png", unit="object", known=())


@pytest.mark.parametrize(
    ("unit", "path"),
    [("expression", "pair/1.png"), ("expression", "1.png"), ("annotator", "pair/1.png"), ("object", "1.png")],
)
def test_names_without_the_form_of_the_layout_are_refused(unit, path):
    with pytest.raises(ScoreError, match=r"mine holds .*, expected <|mine holds .*, expected anno_0"):
        root(path, unit=unit)


def test_ids_that_no_video_has_fall_back_on_the_form():
    assert root("x/strange/0/1.png", "x/odd/0/1.png") == "x"


parts = st.sampled_from(["pair", "other", "valid", "1", "2", "007", "results", "anno_0"])


@settings(max_examples=400, deadline=None)
@given(
    wrapping=st.lists(parts, max_size=3),
    videos=st.sets(parts, min_size=1, max_size=3),
    inner=st.lists(parts, min_size=1, max_size=2, unique=True),
    unit=st.sampled_from(["expression", "object", "objects"]),
)
def test_the_results_are_found_where_they_are_or_refused(wrapping, videos, inner, unit):
    """However the folders are called: no other place is ever taken for the right one."""
    folders = [()] if unit == "object" else [(name,) for name in inner]
    if unit == "objects":
        folders = [(name,) for name in inner if name.isdecimal()] or [("1",)]
    paths = [(*wrapping, video, *folder, "00000.png") for video in sorted(videos) for folder in folders]
    try:
        found = find_root(paths, "expression" if unit == "expression" else "object", videos, "mine")
    except ScoreError as error:
        assert "two ways" in str(error)
    else:
        assert found == tuple(wrapping)
