from __future__ import annotations

import shutil

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.datasets.ref_davis17 import RefDavis17
from rvosbench.errors import DatasetError, MissingPathError, UnknownNameError
from rvosbench.plugins.dataset import Release
from rvosbench.preparation.opening import open_release
from rvosbench.types import Object
from tests.datasets.tiny_releases import TWO_OBJECTS, davis, davis_converted, write_frame

EXPRESSIONS = [
    ("0", "a bike", (1,), "annot1-first"),
    ("1", "a bike that jumps", (1,), "annot1-full"),
    ("2", "the café racer", (1,), "annot2-first"),
    ("3", "bike", (1,), "annot2-full"),
    ("4", "a man", (2,), "annot1-first"),
    ("5", "a man, jumping", (2,), "annot1-full"),
    ("6", "the rider", (2,), "annot2-first"),
    ("7", "rider", (2,), "annot2-full"),
]


@pytest.fixture
def root(tmp_path):
    return davis(tmp_path / "release")


def described(video):
    return [(e.expression_id, e.text, e.object_ids, e.annotator) for e in video.expressions]


def test_raw_release_with_misspelt_names_latin1_and_four_annotators(root):
    release = RefDavis17(root)
    assert isinstance(release, Release)
    assert (release.splits(), release.videos("val")) == (("val",), ("motorbike",))
    assert described(release.read("val", "motorbike").video) == EXPRESSIONS
    assert release.problems == ()


def test_converted_tree_says_the_same(tmp_path):
    release = RefDavis17(davis_converted(tmp_path))
    assert (release.splits(), release.videos("val")) == (("val",), ("motorbike",))
    assert described(release.read("val", "motorbike").video) == EXPRESSIONS


def test_converted_expressions_that_are_not_in_fours_have_no_annotator(tmp_path):
    path = davis_converted(tmp_path) / "meta_expressions" / "valid" / "meta_expressions.json"
    path.write_text(path.read_text().replace('"obj_id": "1"', '"obj_id": "2"', 1))
    video = RefDavis17(tmp_path).read("val", "motorbike").video
    assert {e.annotator for e in video.expressions} == {None}


def test_void_pixels_are_an_object_that_no_expression_means(root):
    video = RefDavis17(root).read("val", "motorbike").video
    assert video.objects == (
        Object(object_id=1, category="motorcycle"),
        Object(object_id=2, category="person"),
        Object(object_id=255, category="void"),
    )
    assert [index for object_id, index in video.masks if object_id == 255] == [1]
    void = masks.decode(video.masks[255, 1])
    assert void[0].all()
    assert not void[1:].any()
    assert np.array_equal(masks.decode(video.masks[2, 1]), TWO_OBJECTS == 2)


def test_semi_supervised_masks_serve_when_the_unsupervised_are_not_there(root):
    annotations = root / "DAVIS" / "Annotations_unsupervised"
    annotations.rename(root / "DAVIS" / "Annotations")
    assert (2, 0) in RefDavis17(root).read("val", "motorbike").video.masks


def test_expressions_without_frames_are_reported_not_an_error(root):
    sets = root / "DAVIS" / "ImageSets" / "2017"
    (sets / "train.txt").write_text("absent\n")
    for path in (root / "davis_text_annotations").iterdir():
        path.write_bytes(path.read_bytes() + b'absent 1 "x"\nnowhere 1 "y"\n')
    release = RefDavis17(root)
    assert release.splits() == ("val",)
    assert "lacks 1 of the 1 sequences of train (absent)" in release.problems[0]
    assert (
        "1 of the 3 sequences with expressions are in no file of ImageSets/2017 (nowhere)"
        in release.problems[1]
    )


def test_a_sequence_without_expressions_is_reported(root):
    (root / "DAVIS" / "ImageSets" / "2017" / "val.txt").write_text("motorbike\nsilent\n")
    write_frame(root / "DAVIS" / "JPEGImages" / "480p" / "silent" / "00000.jpg")
    release = RefDavis17(root)
    assert release.videos("val") == ("motorbike",)
    assert "have no expression (silent)" in release.problems[0]


def test_an_object_that_one_annotator_left_out_keeps_the_ids_of_the_others(root):
    path = root / "davis_text_annotations" / "Davis17_annot1_full_video.txt"
    path.write_text('motor-bike 2 "a man, jumping"\nmotor-bike 2 "again"\n')
    release = RefDavis17(root)
    expected = [expression for expression in EXPRESSIONS if expression[0] != "1"]
    assert described(release.read("val", "motorbike").video) == expected
    assert "motorbike object 1 by annot1-full" in release.problems[0]
    assert "described twice (Davis17_annot1_full_video.txt line 2)" in release.problems[1]


@pytest.mark.parametrize(
    "line", ["motor-bike", "motor-bike 1", 'motor-bike one "x"', '../up 1 "x"', 'a 0 "x"']
)
def test_a_line_of_another_form_is_named(root, line):
    path = root / "davis_text_annotations" / "Davis17_annot2.txt"
    path.write_text(f'motor-bike 1 "fine"\n\n{line}\n')
    with pytest.raises(DatasetError, match=r"Davis17_annot2\.txt, line 3"):
        RefDavis17(root)


def test_quotes_within_an_expression_stay(root):
    path = root / "davis_text_annotations" / "Davis17_annot1.txt"
    path.write_text('motorbike 1 "the "big" one" \nmotorbike 2 a man without quotes\n')
    video = RefDavis17(root).read("val", "motorbike").video
    assert [video.expressions[k].text for k in (0, 4)] == ['the "big" one', "a man without quotes"]


def test_a_windows_ellipsis_does_not_end_a_line(root):
    path = root / "davis_text_annotations" / "Davis17_annot2.txt"
    path.write_bytes(b'motorbike 1 "well\x85 a bike"\r\nmotorbike 2 "b"\r\n')
    assert RefDavis17(root).read("val", "motorbike").video.expressions[2].text == "well\x85 a bike"


def test_a_missing_text_file_and_an_empty_release(root, tmp_path):
    (root / "davis_text_annotations" / "Davis17_annot2.txt").unlink()
    with pytest.raises(MissingPathError, match=r"Davis17_annot2\.txt"):
        RefDavis17(root)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="is this the right folder"):
        RefDavis17(tmp_path / "empty")


def test_no_frames_at_all_is_an_error(root):
    shutil.rmtree(root / "DAVIS" / "JPEGImages" / "480p" / "motorbike")
    with pytest.raises(DatasetError, match="holds no sequence"):
        RefDavis17(root)


def test_it_has_no_options(root):
    with pytest.raises(UnknownNameError, match="'davis' has no option 'trainval'; it has no options"):
        open_release("davis", root, {"trainval": "0.1"})


def test_a_frame_that_was_lost_is_missed_by_its_mask(root):
    images = root / "DAVIS" / "JPEGImages" / "480p" / "motorbike"
    lost = sorted(images.iterdir())[0]
    lost.unlink()
    with pytest.raises(
        MissingPathError, match=rf"{lost.stem}.jpg is missing \(1 of \d+ frames that have masks"
    ):
        RefDavis17(root).read("val", "motorbike")


def test_an_image_set_in_utf_16_is_an_error_of_its_split(root):
    (root / "DAVIS" / "ImageSets" / "2017" / "train.txt").write_text("bus\n", encoding="utf-16")
    release = RefDavis17(root)
    assert release.videos("val") == ("motorbike",)
    with pytest.raises(DatasetError, match="is text in UTF-16; expected UTF-8"):
        release.videos("train")


def test_a_gap_in_the_numbers_of_the_frames_is_said(root):
    davis_folder = root / "DAVIS"
    assert RefDavis17(root).read("val", "motorbike").problems == ()
    for kind, suffix in (("JPEGImages", "jpg"), ("Annotations_unsupervised", "png")):
        (davis_folder / kind / "480p" / "motorbike" / f"00000.{suffix}").unlink()
    (said,) = RefDavis17(root).read("val", "motorbike").problems
    assert "frames and no 00000; DAVIS numbers them without gaps" in said
