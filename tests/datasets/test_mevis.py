from __future__ import annotations

import json
import pickle
import shutil

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.datasets.mevis import CARD, CARD_V2, Mevis
from rvosbench.datasets.specs.mevis import MevisOptions
from rvosbench.errors import DatasetError, MissingPathError, OptionError, RvosbenchError, UnknownNameError
from rvosbench.plugins.dataset import Release
from rvosbench.preparation import prepare
from rvosbench.preparation.opening import open_release
from rvosbench.store import Store
from tests.datasets.tiny_releases import (
    MEVIS_FRAMES,
    TWO_OBJECTS,
    compressed,
    mevis,
    mevis_sentence,
    write_json,
)


@pytest.fixture
def root(tmp_path):
    return mevis(tmp_path / "release")


def change(path, edit):
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


def test_it_is_a_release(root):
    release = Mevis(root, MevisOptions())
    assert isinstance(release, Release)
    assert {split: release.videos(split) for split in release.splits()} == {
        "train": ("aaa", "bbb"),
        "valid_u": ("ccc",),
        "valid": ("ddd",),
    }
    assert release.problems == ()


def test_masks_equal_the_source_and_null_means_absent(root):
    video = Mevis(root, MevisOptions()).read("train", "aaa").video
    assert [frame.path for frame in video.frames] == [f"train/JPEGImages/aaa/0000{i}.jpg" for i in range(3)]
    assert all(frame.annotated for frame in video.frames)
    assert set(video.masks) == {(40, 0), (40, 2), (41, 0), (41, 1), (41, 2)}
    for (object_id, index), rle in video.masks.items():
        assert np.array_equal(masks.decode(rle), MEVIS_FRAMES[index] == object_id - 39)


def test_an_expression_means_one_object_several_or_none(root):
    video = Mevis(root, MevisOptions()).read("train", "aaa").video
    assert [(e.text, e.object_ids) for e in video.expressions] == [
        ("the small box", (40,)),
        ("the wide box", (41,)),
        ("both boxes", (40, 41)),
        ("a dog", ()),
    ]
    assert [obj.object_id for obj in video.objects] == [40, 41]


def test_the_union_of_the_objects_is_what_a_store_scores_against(root, tmp_path):
    store = Store.open(prepare("mevis", root, tmp_path / "store").store)
    video = store.video("train", "aaa")
    assert video == Mevis(root, MevisOptions()).read("train", "aaa").video
    several, none = (next(e for e in video.expressions if e.expression_id == n) for n in "23")
    parts = [video.masks[object_id, 0] for object_id in several.object_ids]
    assert np.array_equal(masks.decode(masks.union(parts, video.height, video.width)), TWO_OBJECTS > 0)
    assert none.object_ids == ()
    assert all(e.object_ids is None for e in store.expressions("valid"))


def test_hidden_ground_truth_is_unknown_not_empty(root):
    video = Mevis(root, MevisOptions()).read("valid", "ddd").video
    assert video.expressions[0].object_ids is None
    assert not any(frame.annotated for frame in video.frames)
    assert video.masks == {}


def test_a_video_about_which_nothing_is_true_is_annotated(root):
    no_target = {"0": mevis_sentence("a dog")}
    change(
        root / "train" / "meta_expressions.json", lambda c: c["videos"]["bbb"].update(expressions=no_target)
    )
    release = Mevis(root, MevisOptions())
    video = release.read("train", "bbb").video
    assert all(frame.annotated for frame in video.frames)
    assert video.masks == {}
    assert release.problems == release.split_problems("valid_u") == ()
    assert "has 1 objects that no expression" in release.split_problems("train")[0]


def test_expressions_that_do_not_say_what_they_mean_among_others_that_do_are_reported(root):
    path = root / "train" / "meta_expressions.json"
    change(path, lambda c: c["videos"]["aaa"]["expressions"]["1"].pop("anno_id"))
    release = Mevis(root, MevisOptions())
    assert release.read("train", "aaa").video.expressions[1].object_ids is None
    assert release.problems[0] == (
        f'{path}: 1 of 5 expressions have no "anno_id"; what they mean is taken to be hidden'
    )


def test_unsorted_frames_are_sorted_before_the_masks_are_counted(root):
    change(root / "train" / "meta_expressions.json", lambda c: c["videos"]["aaa"]["frames"].reverse())
    release = Mevis(root, MevisOptions())
    video = release.read("train", "aaa").video
    assert [frame.name for frame in video.frames] == ["00000", "00001", "00002"]
    assert (40, 1) not in video.masks
    assert "out of order (aaa)" in release.problems[0]


def test_the_second_version_has_its_own_text_and_card(tmp_path):
    root = mevis(tmp_path / "release", text="meta_expressions_v2.json")
    release = Mevis(root, MevisOptions())
    assert release.card == CARD_V2
    assert release.card.title == "MeViSv2"
    assert release.read("train", "aaa").video.expressions[3].object_ids == ()
    assert release.problems == ()


def test_with_both_texts_the_second_is_read_and_version_chooses(root):
    content = json.loads((root / "valid_u" / "meta_expressions.json").read_text())
    content["videos"]["ccc"]["expressions"]["1"] = mevis_sentence("a dog")
    write_json(root / "valid_u" / "meta_expressions_v2.json", content)
    both, first, second = (Mevis(root, MevisOptions(mevis_version=v)) for v in (None, "1", "2"))
    assert "the second is read" in both.problems[0]
    assert first.problems == second.problems == ()
    assert [len(r.read("valid_u", "ccc").video.expressions) for r in (both, first, second)] == [2, 1, 2]
    assert (first.card, second.card) == (CARD, CARD_V2)
    assert first.splits() == ("train", "valid_u", "valid")
    with pytest.raises(OptionError, match="'mevis-version' of the dataset 'mevis' is '3', expected 1 or 2"):
        open_release("mevis", root, {"mevis-version": "3"})
    with pytest.raises(UnknownNameError, match="did you mean 'mevis-version'"):
        open_release("mevis", root, {"versions": "1"})


def test_an_archive_that_is_not_extracted_is_said(root):
    for split in ("train", "valid_u", "valid"):
        shutil.rmtree(root / split / "JPEGImages")
    (root / "train" / "JPEGImages.tar").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"extract JPEGImages\.tar"):
        Mevis(root, MevisOptions())


def test_what_is_missing_is_named(root, tmp_path):
    with pytest.raises(MissingPathError, match="is not there"):
        Mevis(tmp_path / "absent", MevisOptions())
    with pytest.raises(DatasetError, match=r"expected train/meta_expressions\.json"):
        Mevis(tmp_path, MevisOptions())
    with pytest.raises(UnknownNameError, match="did you mean 'valid_u'"):
        Mevis(root, MevisOptions()).videos("validu")
    with pytest.raises(UnknownNameError):
        Mevis(root, MevisOptions()).read("train", "../../etc")
    shutil.rmtree(root / "train" / "JPEGImages" / "bbb")
    release = Mevis(root, MevisOptions())
    assert release.videos("train") == ("aaa",)
    assert "lacks 1 of the 2 videos of train (bbb)" in release.problems[0]
    (root / "train" / "JPEGImages" / "aaa" / "00001.jpg").unlink()
    with pytest.raises(MissingPathError, match=r"aaa/00001\.jpg"):
        release.read("train", "aaa")
    (root / "valid_u" / "mask_dict.json").unlink()
    with pytest.raises(MissingPathError, match=r"valid_u/mask_dict\.json is missing"):
        Mevis(root, MevisOptions()).videos("valid_u")


def test_a_missing_mask_dict_does_not_stand_in_the_way_of_other_splits(root, tmp_path):
    (root / "train" / "mask_dict.json").unlink()
    assert prepare("mevis", root, tmp_path / "store", splits=["valid_u"]).counts["valid_u"]["masks"] == 3


def test_the_fingerprint_covers_text_and_masks(root):
    found = {Mevis(root, MevisOptions()).fingerprint()}
    change(root / "train" / "mask_dict.json", lambda c: c.update({"42": [None] * 3}))
    found.add(Mevis(root, MevisOptions()).fingerprint())
    change(root / "valid" / "meta_expressions.json", lambda c: c["videos"]["ddd"].update(vid_id=5))
    found.add(Mevis(root, MevisOptions()).fingerprint())
    assert len(found) == 3


def test_a_release_travels_to_another_process(root):
    release = Mevis(root, MevisOptions())
    release.videos("train")
    assert (
        pickle.loads(pickle.dumps(release)).read("train", "aaa").video == release.read("train", "aaa").video
    )


BAD_MASKS = {
    "another size": [compressed(np.ones((24, 31), np.bool_))] * 3,
    "too few": [None, None],
    "too many": [None] * 4,
    "no object": [None, 7, None],
    "text": [None, "x", None],
    "no size": [None, {"counts": "x"}, None],
    "no counts": [None, {"size": [24, 32]}, None],
    "cut off": [None, {"size": [24, 32], "counts": compressed(TWO_OBJECTS == 1)["counts"][:-1]}, None],
    "beyond the frame": [None, {"size": [24, 32], "counts": "0" * 500}, None],
    "not ASCII": [None, {"size": [24, 32], "counts": "é"}, None],
    "plain and short": [None, {"size": [24, 32], "counts": [1, 2]}, None],
    "negative": [None, {"size": [24, 32], "counts": [-1, 769]}, None],
    "half a surrogate": [None, {"size": [24, 32], "counts": "\ud800"}, None],
}


@pytest.mark.parametrize("kind", BAD_MASKS)
def test_bad_masks_name_the_file_and_the_object_and_leave_no_store(root, tmp_path, kind):
    change(root / "train" / "mask_dict.json", lambda c: c.update({"41": BAD_MASKS[kind]}))
    with pytest.raises(DatasetError, match=r"train/mask_dict\.json, object 41") as caught:
        prepare("mevis", root, tmp_path / "out" / "store")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


BAD_IDS = ("../x", "/etc", "a\0b", "CON", "x" * 300, "vidéo", "аaa", "a/b", "..")  # noqa: RUF001


@pytest.mark.parametrize("bad", BAD_IDS)
def test_ids_that_are_no_file_names_are_refused(root, tmp_path, bad):
    text = root / "train" / "meta_expressions.json"
    original = text.read_text()
    edits = [
        lambda c: c["videos"].update({bad: c["videos"]["aaa"]}),
        lambda c: c["videos"]["aaa"].update(frames=[bad, "00001", "00002"]),
        lambda c: c["videos"]["aaa"]["expressions"].update({bad: mevis_sentence("x", 40)}),
    ]
    for edit in edits:
        text.write_text(original)
        change(text, edit)
        with pytest.raises(DatasetError, match="not a safe file name"):
            prepare("mevis", root, tmp_path / "out" / "store")
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["train/meta_expressions.json", "train/mask_dict.json"])
@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"videos": 7}', b"\xff\xfe", b'{"videos": {"a": []}}']
)
def test_another_shape_leaves_no_store(root, tmp_path, name, content):
    (root / name).write_bytes(content)
    with pytest.raises(RvosbenchError, match=name):
        prepare("mevis", root, tmp_path / "out" / "store", splits=["train"])
    assert not (tmp_path / "out").exists()
