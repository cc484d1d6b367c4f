from __future__ import annotations

import shutil

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.contracts import Release
from rvosbench.datasets.a2d_sentences import A2DSentences
from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.frames import open_frames
from rvosbench.types import Object
from tests.datasets.tiny_releases import A2D_IDS, TWO_OBJECTS, a2d, write_h5, write_mp4

TRAIN, TEST, MISSED, ABSENT = A2D_IDS


@pytest.fixture
def root(tmp_path):
    return a2d(tmp_path / "release")


def test_splits_come_from_videoset_and_what_is_missing_is_reported(root):
    release = A2DSentences(root, {})
    assert isinstance(release, Release)
    assert {split: release.videos(split) for split in release.splits()} == {
        "train": (TRAIN,),
        "test": (TEST,),
    }
    assert release.problems == [
        f"1 of 3 videos with sentences have no clip in clips320H ({ABSENT}); they are left out, "
        "is the download complete?"
    ]


def test_masks_frames_and_sentences_of_a_video(root):
    video = A2DSentences(root, {}).read("train", TRAIN)
    assert (video.height, video.width, video.fps, len(video.frames)) == (24, 32, 24.0, 6)
    assert video.source == f"Release/clips320H/{TRAIN}.mp4"
    assert [frame.name for frame in video.frames] == [f"0000{n}" for n in range(1, 7)]
    assert [frame.annotated for frame in video.frames] == [False, True, False, False, False, True]
    assert [frame.pts_s for frame in video.frames] == pytest.approx([n / 24 for n in range(6)], abs=1e-4)
    assert set(video.masks) == {(0, 1), (1, 1), (0, 5)}  # frame 00002 is index 1
    assert np.array_equal(masks.decode(video.masks[1, 1]), TWO_OBJECTS == 2)
    assert video.objects == (
        Object(object_id=0, category="adult-jumping"),
        Object(object_id=1, category="ball-flying"),
    )
    assert [(e.expression_id, e.text, e.object_ids) for e in video.expressions] == [
        ("0", "A man  is jumping ", (0,)),
        ("1", "ball", (1,)),
    ]  # without the row "1 (copy)"


def test_the_annotated_frame_is_the_decoded_one_of_that_number(root):
    video = A2DSentences(root, {}).read("train", TRAIN)
    with open_frames(video, root) as frames:
        pixels = frames.read([index for index, frame in enumerate(video.frames) if frame.annotated])
    assert [int(frame.mean().round(-1)) for frame in pixels] == [10, 50]  # frame i is grey 10 * i


def test_a_copy_with_a_header_other_folders_and_more_columns(root):
    (root / "Release" / "clips320H").rename(root / "Release" / "CLIPS320")
    csv = root / "Release" / "videoset.csv"
    csv.write_text("VID,Label,Start,End,Height,Width,FramesCut,AnnotatedFrames,Usage\n" + csv.read_text())
    text = root / "text_annotations"
    for path in list(text.iterdir()):
        path.rename(root / path.name)
    text.rmdir()
    sentences = root / "a2d_annotation.txt"
    sentences.write_text("".join(f"{line},short\n" for line in sentences.read_text().splitlines()))
    release = A2DSentences(root, {})
    assert release.splits() == ("train", "test")
    assert release.read("train", TRAIN).expressions[1].text == "ball"


def test_an_instance_that_has_a_sentence_but_never_a_mask_is_still_an_object(root):
    write_h5(
        root / "text_annotations" / "a2d_annotation_with_instances" / TEST / "00003.h5",
        [TWO_OBJECTS == 1],
        [0],
    )
    video = A2DSentences(root, {}).read("test", TEST)
    assert [thing.object_id for thing in video.objects] == [0, 3]
    assert set(video.masks) == {(0, 2)}


def test_the_category_is_that_of_most_frames(root):
    folder = root / "text_annotations" / "a2d_annotation_with_instances" / TEST
    for name, class_id in (("00001", 39), ("00002", 34), ("00003", 34)):
        write_h5(folder / f"{name}.h5", [TWO_OBJECTS == 1], [0], ids=[class_id])
    assert A2DSentences(root, {}).read("test", TEST).objects[0].category == "ball-flying"


def test_damage_found_while_reading_is_reported(root):
    folder = root / "text_annotations" / "a2d_annotation_with_instances" / TEST
    write_h5(folder / "00003.h5", [TWO_OBJECTS == 1, TWO_OBJECTS == 2], [0])
    write_mp4(root / "Release" / "clips320H" / f"{TEST}.mp4", frames=5)
    release = A2DSentences(root, {})
    release.read("test", TEST)
    assert f"{TEST}.mp4 has 5 frames, videoset.csv says 6" in release.problems
    assert any(
        problem.startswith(f"{TEST}/00003.h5 has 2 masks for 1 instances") for problem in release.problems
    )


def test_a_clip_that_ends_before_an_annotated_frame_is_an_error(root):
    write_mp4(root / "Release" / "clips320H" / f"{TRAIN}.mp4", frames=5)
    with pytest.raises(DatasetError, match=r"00006\.h5 annotates frame 6, -aaaaaaaaaa\.mp4 has 5 frames"):
        A2DSentences(root, {}).read("train", TRAIN)


def test_official_masks_without_instances_are_recognised(root):
    shutil.rmtree(root / "text_annotations" / "a2d_annotation_with_instances")
    with pytest.raises(MissingPathError, match="a2d_annotation_with_instances is missing"):
        A2DSentences(root, {})
    (root / "Release" / "Annotations" / "mat").mkdir(parents=True)
    with pytest.raises(DatasetError, match="do not say which instance"):
        A2DSentences(root, {})


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("text_annotations/a2d_annotation.txt", "../up,0,x", "not a safe file name"),
        ("text_annotations/a2d_annotation.txt", "aaa,zero,x", "the instance id is 'zero'"),
        ("text_annotations/a2d_annotation.txt", "aaa,0", "expected: video_id,instance_id,query"),
        ("Release/videoset.csv", "aaa,34", "has 2 columns, expected 9"),
        ("Release/videoset.csv", "/etc/x,34,a,b,24,32,6,3,0", "not a safe file name"),
        ("Release/videoset.csv", "aaa,34,a,b,24,32,6,3,2", "the usage is '2'"),
        ("Release/videoset.csv", "aaa,34,a,b,24,32,many,3,0", "the number of frames is 'many'"),
    ],
)
def test_a_line_of_another_form_is_named(root, name, line, message):
    with (root / name).open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(DatasetError, match=message):
        A2DSentences(root, {})


def test_a_stray_quote_does_not_swallow_the_lines_after_it(root):
    with (root / "text_annotations" / "a2d_annotation.txt").open("a") as file:
        file.write('bbbbbbbbbbb,1,"the man\nbbbbbbbbbbb,2,ball\n')
    with pytest.raises(DatasetError, match=r"a2d_annotation\.txt, line \d+: unexpected end of data"):
        A2DSentences(root, {})


@pytest.mark.parametrize("name", ["Release/videoset.csv", "text_annotations/a2d_annotation.txt"])
def test_a_missing_index_is_named(root, name):
    (root / name).unlink()
    with pytest.raises(MissingPathError, match=name):
        A2DSentences(root, {})


def test_no_clip_at_all_is_an_error(root):
    for path in (root / "Release" / "clips320H").iterdir():
        path.unlink()
    with pytest.raises(DatasetError, match="has no video with a clip"):
        A2DSentences(root, {})
