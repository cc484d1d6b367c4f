from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.datasets.jhmdb_sentences import SAMPLES, JhmdbSentences
from rvosbench.datasets.specs.jhmdb import JhmdbOptions
from rvosbench.errors import DatasetError, MissingPathError, RvosbenchError, UnknownNameError
from rvosbench.plugins.dataset import Release
from rvosbench.preparation import prepare
from rvosbench.preparation.opening import open_release
from rvosbench.store import Store
from rvosbench.store.schema import MANIFEST
from rvosbench.types import Object
from tests.datasets.tiny_releases import (
    JHMDB_ODD,
    MEVIS_FRAMES,
    TWO_OBJECTS,
    jhmdb,
    sample,
    write_json,
    write_mat,
)

BOB = "bob_walk_0"


@pytest.fixture
def root(tmp_path):
    return jhmdb(tmp_path / "release")


def all_samples(frame=2):
    return [sample(JHMDB_ODD, 1), sample(JHMDB_ODD, frame), sample(BOB, 3, action="walk")]


def test_it_is_a_release(root):
    release = JhmdbSentences(root, JhmdbOptions())
    assert isinstance(release, Release)
    assert release.splits() == ("test",)
    assert release.videos("test") == (JHMDB_ODD, BOB)


def test_frames_after_the_last_mask_are_left_out(root):
    video = JhmdbSentences(root, JhmdbOptions()).read("test", JHMDB_ODD).video
    assert [frame.name for frame in video.frames] == ["00001", "00002", "00003"]
    assert video.frames[2].path == f"Rename_Images/pullup/{JHMDB_ODD}/00003.png"


def test_masks_equal_the_source_and_the_actor_is_object_1(root):
    video = JhmdbSentences(root, JhmdbOptions()).read("test", JHMDB_ODD).video
    assert video.objects == (Object(object_id=1, category="pullup"),)
    assert [(e.text, e.object_ids) for e in video.expressions] == [("a man  Pulling up", (1,))]
    assert set(video.masks) == {(1, 0), (1, 1), (1, 2)}
    for (_, index), rle in video.masks.items():
        assert np.array_equal(masks.decode(rle), MEVIS_FRAMES[index] == 2)


@pytest.mark.parametrize("compressed", [False, True])
def test_doubles_single_frames_and_frames_without_the_actor(root, compressed):
    one = (TWO_OBJECTS == 2).astype(np.float64)
    write_mat(root, f"walk/{BOB}", {"part_mask": one}, do_compression=compressed)
    video = JhmdbSentences(root, JhmdbOptions()).read("test", BOB).video
    assert len(video.frames) == 1
    assert np.array_equal(masks.decode(video.masks[1, 0]), one == 1)
    write_mat(root, f"walk/{BOB}", {"part_mask": np.stack([one, 0 * one], axis=2)})
    video = JhmdbSentences(root, JhmdbOptions()).read("test", BOB).video
    assert [frame.annotated for frame in video.frames] == [True, True]
    assert set(video.masks) == {(1, 0)}


def test_without_a_list_every_frame_is_annotated_and_that_is_said(root):
    release = JhmdbSentences(root, JhmdbOptions())
    assert all(frame.annotated for frame in release.read("test", BOB).video.frames)
    assert release.card.title == "JHMDB-Sentences (all frames)"
    assert f"there is no {SAMPLES}" in release.problems[0]


@pytest.mark.parametrize("elsewhere", [False, True])
def test_with_a_list_its_frames_are_annotated_and_its_origin_recorded(root, tmp_path, elsewhere):
    place = tmp_path / "mine.json" if elsewhere else root / SAMPLES
    write_json(place, all_samples())
    options = {"samples": str(place)} if elsewhere else {}
    release = open_release("jhmdb", root, options)
    assert release.problems == ()
    video = release.read("test", JHMDB_ODD).video
    assert [frame.annotated for frame in video.frames] == [True, True, False]
    assert set(video.masks) == {(1, 0), (1, 1)}
    assert set(release.read("test", BOB).video.masks) == {(1, 2)}
    store = prepare("jhmdb", root, tmp_path / "store", options=options).store
    assert Store.open(store).video("test", JHMDB_ODD) == video
    manifest = json.loads((store / MANIFEST).read_text())
    assert manifest["card"]["title"].startswith("JHMDB-Sentences (frames of an unknown author, sha256 ")
    assert manifest["card"]["name"] == "jhmdb"


def test_other_frames_are_another_fingerprint(root):
    found = {JhmdbSentences(root, JhmdbOptions()).fingerprint()}
    for frame in (2, 3):
        write_json(root / SAMPLES, all_samples(frame))
        found.add(JhmdbSentences(root, JhmdbOptions()).fingerprint())
    (root / "jhmdb_annotation.txt").write_text(f"video_id,query\n{BOB},bob\n")
    found.add(JhmdbSentences(root, JhmdbOptions()).fingerprint())
    assert len(found) == 4


def test_a_list_that_does_not_fit_is_refused_or_reported(root):
    write_json(root / SAMPLES, [sample("somebody_else", 1)])
    with pytest.raises(DatasetError, match="names none of the 2 videos"):
        JhmdbSentences(root, JhmdbOptions())
    write_json(root / SAMPLES, [sample(BOB, 4)])
    release = JhmdbSentences(root, JhmdbOptions())
    assert "lacks 1 of 2 videos" in release.problems[0]
    assert not any(frame.annotated for frame in release.read("test", JHMDB_ODD).video.frames)
    with pytest.raises(DatasetError, match="masks of 3 frames, the list of samples wants frame 4"):
        release.read("test", BOB)
    with pytest.raises(MissingPathError, match=r"none\.json"):
        JhmdbSentences(root, JhmdbOptions(samples=root / "none.json"))
    with pytest.raises(UnknownNameError, match="did you mean 'samples'"):
        open_release("jhmdb", root, {"sample": "x"})


def test_what_is_missing_is_reported_or_named(root, tmp_path):
    with pytest.raises(MissingPathError, match="is not there"):
        JhmdbSentences(tmp_path / "absent", JhmdbOptions())
    with pytest.raises(MissingPathError, match=r"jhmdb_annotation\.txt"):
        JhmdbSentences(tmp_path, JhmdbOptions())
    with pytest.raises(UnknownNameError, match="did you mean 'test'"):
        JhmdbSentences(root, JhmdbOptions()).videos("tests")
    with pytest.raises(UnknownNameError):
        JhmdbSentences(root, JhmdbOptions()).read("test", "../../etc")
    shutil.rmtree(root / "puppet_mask" / "walk")
    release = JhmdbSentences(root, JhmdbOptions())
    assert release.videos("test") == (JHMDB_ODD,)
    assert f"1 of 2 videos with expressions have no puppet_mask.mat ({BOB})" in release.problems[0]
    (root / "Rename_Images" / "pullup" / JHMDB_ODD / "00002.png").unlink()
    with pytest.raises(MissingPathError, match="00002"):
        release.read("test", JHMDB_ODD)
    shutil.rmtree(root / "Rename_Images" / "pullup")
    with pytest.raises(DatasetError, match=r"expected Rename_Images/<action>/<video>/"):
        JhmdbSentences(root, JhmdbOptions())


WIDE = np.ones((24, 31, 3), np.uint8)
BAD_MASKS = {
    "another size": {"part_mask": WIDE},
    "transposed": {"part_mask": np.ones((32, 24, 3), np.uint8)},
    "one axis": {"part_mask": np.ones((24, 32, 3, 1, 2), np.uint8)},
    "text": {"part_mask": "x"},
    "another name": {"mask": np.ones((24, 32, 3), np.uint8)},
    "more than frames": {"part_mask": np.ones((24, 32, 5), np.uint8)},
}


@pytest.mark.parametrize("kind", BAD_MASKS)
def test_bad_masks_name_the_video_and_leave_no_store(root, tmp_path, kind):
    write_mat(root, f"pullup/{JHMDB_ODD}", BAD_MASKS[kind])
    with pytest.raises(RvosbenchError) as caught:
        prepare("jhmdb", root, tmp_path / "out" / "store")
    assert JHMDB_ODD in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kept", [0, 50, 128, 140, 300])
def test_a_mask_file_that_is_cut_off_leaves_no_store(root, tmp_path, kept):
    path = root / "puppet_mask" / "pullup" / JHMDB_ODD / "puppet_mask.mat"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DatasetError, match=r"puppet_mask\.mat"):
        prepare("jhmdb", root, tmp_path / "out" / "store")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "line",
    ["../x,a man", "/etc,a man", "CON,a man", "x" * 300 + ",a man", "vidéo,a man", "no comma", "a,b,c"],
)
def test_bad_lines_are_refused_with_file_and_line(root, line):
    with (root / "jhmdb_annotation.txt").open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    with pytest.raises(DatasetError, match=r"jhmdb_annotation\.txt, line 4"):
        JhmdbSentences(root, JhmdbOptions())


def test_a_video_described_twice_is_refused(root):
    with (root / "jhmdb_annotation.txt").open("a") as file:
        file.write(f"{BOB},again\n")
    with pytest.raises(DatasetError, match="line 4 describes bob_walk_0 again"):
        JhmdbSentences(root, JhmdbOptions())


def test_a_video_under_two_actions_is_refused(root):
    shutil.copytree(root / "Rename_Images" / "walk" / BOB, root / "Rename_Images" / "run" / BOB)
    with pytest.raises(DatasetError, match="bob_walk_0 in walk and in another folder"):
        JhmdbSentences(root, JhmdbOptions())


def test_an_action_folder_with_an_unsafe_name_is_refused(root):
    (root / "Rename_Images" / "walk").rename(root / "Rename_Images" / "wälk")
    with pytest.raises(DatasetError, match="the name of an action"):
        JhmdbSentences(root, JhmdbOptions())
