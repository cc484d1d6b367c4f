from __future__ import annotations

import os
import shutil

import av
import numpy as np
import pytest

from rvosbench import masks
from rvosbench.datasets.a2d_sentences import A2DSentences
from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.media.frames import open_frames
from rvosbench.plugins.dataset import Release
from rvosbench.types import Object
from tests.datasets.tiny_releases import A2D_IDS, TWO_OBJECTS, a2d, write_h5, write_mp4

TRAIN, TEST, MISSED, ABSENT = A2D_IDS


@pytest.fixture
def root(tmp_path):
    return a2d(tmp_path / "release")


def test_splits_come_from_videoset_and_what_is_missing_is_reported(root):
    release = A2DSentences(root)
    assert isinstance(release, Release)
    assert {split: release.videos(split) for split in release.splits()} == {
        "train": (TRAIN,),
        "test": (TEST,),
    }
    assert release.problems == (
        f"1 of 3 videos with expressions have no clip in clips320H ({ABSENT}); they are left out, "
        "is the download complete?",
    )


def test_masks_frames_and_expressions_of_a_video(root):
    video = A2DSentences(root).read("train", TRAIN).video
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
    video = A2DSentences(root).read("train", TRAIN).video
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
    expressions = root / "a2d_annotation.txt"
    expressions.write_text("".join(f"{line},short\n" for line in expressions.read_text().splitlines()))
    release = A2DSentences(root)
    assert release.splits() == ("train", "test")
    assert release.read("train", TRAIN).video.expressions[1].text == "ball"


@pytest.mark.parametrize("name", ["clips320H", "CLIPS320", "Clips320h", "clips320", "CLIPS320H"])
@pytest.mark.parametrize("parent", ["Release", "."])
def test_the_folder_of_clips_in_any_case(root, name, parent):
    clips = (root / "Release" / "clips320H").rename(root / parent / "moved")
    clips.rename(root / parent / name)
    video = A2DSentences(root).read("train", TRAIN).video
    assert video.frames[0].path == f"{parent}/{name}/{TRAIN}.mp4".removeprefix("./")


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("dressed", ["{}", "\ufeff{}", "{}\r"])
def test_tables_with_and_without_header_byte_order_mark_and_carriage_returns(root, header, dressed):
    plain = A2DSentences(root)
    text, csv = root / "text_annotations" / "a2d_annotation.txt", root / "Release" / "videoset.csv"
    rows = text.read_text().splitlines()
    lines = {text: rows if header else rows[1:], csv: csv.read_text().splitlines()}
    if header:
        lines[csv].insert(0, "VID,Label,Start,End,Height,Width,FramesCut,AnnotatedFrames,Usage")
    for path, content in lines.items():
        first = 1 if "\r" not in dressed else len(content)
        dressed_lines = [dressed.format(line) for line in content[:first]] + content[first:]
        path.write_bytes("\n".join(dressed_lines).encode())
    release = A2DSentences(root)
    for split in ("train", "test"):
        assert [release.read(split, v).video for v in release.videos(split)] == [
            plain.read(split, v).video for v in plain.videos(split)
        ]


@pytest.mark.parametrize("folder", [".", "Release"])
def test_text_and_masks_may_lie_apart_and_the_list_of_missed_videos_may_be_absent(root, folder):
    text = root / "text_annotations"
    (text / "a2d_annotation_with_instances").rename(root / folder / "a2d_annotation_with_instances")
    (text / "a2d_missed_videos.txt").rename(root / folder / "a2d_missed_videos.txt")
    with (text / "a2d_annotation.txt").open("a") as file:
        file.write(f"{MISSED},0,somebody\n")
    write_h5(root / folder / "a2d_annotation_with_instances" / MISSED / "00001.h5", [TWO_OBJECTS == 1], [0])
    release = A2DSentences(root)
    assert set(release.videos("train")) == {TRAIN}
    assert set(release.index_files()) > {root / folder / "a2d_missed_videos.txt"}
    (root / folder / "a2d_missed_videos.txt").unlink()
    assert set(A2DSentences(root).videos("train")) == {TRAIN, MISSED}


def test_a_copy_without_an_original_is_reported(root):
    with (root / "text_annotations" / "a2d_annotation.txt").open("a") as file:
        file.write(f"{TEST},7 (copy),a lost one\n")
    assert A2DSentences(root).problems[0] == (
        "a2d_annotation.txt: 1 expressions are left out, their instance is marked as a copy of none (line 8)"
    )


def test_an_instance_that_has_an_expression_but_never_a_mask_is_still_an_object(root):
    write_h5(
        root / "text_annotations" / "a2d_annotation_with_instances" / TEST / "00003.h5",
        [TWO_OBJECTS == 1],
        [0],
    )
    video = A2DSentences(root).read("test", TEST).video
    assert [obj.object_id for obj in video.objects] == [0, 3]
    assert set(video.masks) == {(0, 2)}


def test_the_category_is_that_of_most_frames(root):
    folder = root / "text_annotations" / "a2d_annotation_with_instances" / TEST
    for name, class_id in (("00001", 39), ("00002", 34), ("00003", 34)):
        write_h5(folder / f"{name}.h5", [TWO_OBJECTS == 1], [0], ids=[class_id])
    assert A2DSentences(root).read("test", TEST).video.objects[0].category == "ball-flying"


def test_damage_found_while_reading_is_reported(root):
    folder = root / "text_annotations" / "a2d_annotation_with_instances" / TEST
    write_h5(folder / "00003.h5", [TWO_OBJECTS == 1, TWO_OBJECTS == 2], [0])
    write_mp4(root / "Release" / "clips320H" / f"{TEST}.mp4", frames=5)
    release = A2DSentences(root)
    before = release.problems
    first, second = release.read("test", TEST).problems
    assert first == f"{TEST}.mp4 has 5 frames, videoset.csv says 6"
    assert second.startswith(f"{TEST}/00003.h5 has 2 masks for 1 instances")
    assert release.problems == before


def test_a_clip_that_ends_before_an_annotated_frame_is_an_error(root):
    write_mp4(root / "Release" / "clips320H" / f"{TRAIN}.mp4", frames=5)
    with pytest.raises(DatasetError, match=r"00006\.h5 annotates frame 6, -aaaaaaaaaa\.mp4 has 5 frames"):
        A2DSentences(root).read("train", TRAIN)


def test_a_second_file_for_a_frame_is_an_error(root):
    folder = root / "text_annotations" / "a2d_annotation_with_instances" / TRAIN
    shutil.copy(folder / "00002.h5", folder / "2.h5")
    with pytest.raises(DatasetError, match=r"2\.h5 is a second file for frame 2"):
        A2DSentences(root).read("train", TRAIN)


@pytest.mark.parametrize("kept", [0, 1, 40, 0.5, 0.9])
def test_a_truncated_clip_is_an_error_that_names_it(root, kept):
    clip = root / "Release" / "clips320H" / f"{TRAIN}.mp4"
    whole = clip.read_bytes()
    clip.write_bytes(whole[: kept if isinstance(kept, int) else int(kept * len(whole))])
    with pytest.raises(DatasetError, match=f"{TRAIN}.mp4"):
        A2DSentences(root).read("train", TRAIN)


def test_a_truncated_clip_with_its_index_in_front_is_noticed(root, tmp_path):
    """As files for the web have it: the header claims six frames, the last ones are gone."""
    clip = root / "Release" / "clips320H" / f"{TRAIN}.mp4"
    with av.open(str(clip)) as source:
        options = {"movflags": "faststart"}
        with av.open(str(tmp_path / "front.mp4"), "w", options=options) as target:
            stream = target.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(source.streams.video[0]):
                if packet.dts is not None:
                    packet.stream = stream
                    target.mux(packet)
    whole = (tmp_path / "front.mp4").read_bytes()
    assert whole.index(b"moov") < whole.index(b"mdat")
    clip.write_bytes(whole)
    assert len(A2DSentences(root).read("train", TRAIN).video.frames) == 6
    clip.write_bytes(whole[: whole.index(b"mdat") + 8])
    with pytest.raises(DatasetError, match=f"{TRAIN}.mp4"):
        A2DSentences(root).read("train", TRAIN)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", id="a list of other files"),
        pytest.param(b"ffconcat version 1.0\nfile /etc/passwd\n", id="a script of other files"),
        pytest.param(b"RIFF\x00\x00\x00\x00WAVEfmt ", id="sound"),
        pytest.param(b"\x00" * 4096, id="zeros"),
    ],
)
def test_what_is_no_clip_is_an_error(root, content):
    (root / "Release" / "clips320H" / f"{TRAIN}.mp4").write_bytes(content)
    with pytest.raises(DatasetError, match=f"{TRAIN}.mp4") as caught:
        A2DSentences(root).read("train", TRAIN)
    assert "\n" not in str(caught.value)


def test_pipes_are_no_clips_and_no_masks(root):
    clip = root / "Release" / "clips320H" / f"{TRAIN}.mp4"
    os.mkfifo(root / "text_annotations" / "a2d_annotation_with_instances" / TRAIN / "00003.h5")
    assert len(A2DSentences(root).read("train", TRAIN).video.frames) == 6
    clip.unlink()
    os.mkfifo(clip)
    assert "have no clip in clips320H" in A2DSentences(root).problems[0]


@pytest.mark.parametrize("pure", [False, True])
def test_the_masks_of_a2d_itself_are_refused_with_the_reason(root, pure):
    """With the expressions, and without them as A2D's own archive is."""
    shutil.rmtree(root / "text_annotations" / "a2d_annotation_with_instances")
    if pure:
        shutil.rmtree(root / "text_annotations")
    folder = root / "Release" / "Annotations" / "mat"
    folder.mkdir(parents=True)
    with pytest.raises(DatasetError, match=f"{folder} holds the masks of A2D, which do not say"):
        A2DSentences(root)


def test_official_masks_without_instances_are_recognised(root):
    shutil.rmtree(root / "text_annotations" / "a2d_annotation_with_instances")
    with pytest.raises(MissingPathError, match="a2d_annotation_with_instances is missing"):
        A2DSentences(root)
    (root / "Release" / "Annotations" / "mat").mkdir(parents=True)
    with pytest.raises(DatasetError, match="do not say which instance"):
        A2DSentences(root)


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("text_annotations/a2d_annotation.txt", "../up,0,x", "not a safe file name"),
        ("text_annotations/a2d_annotation.txt", "aaa,zero,x", "the instance id is 'zero'"),
        (
            "text_annotations/a2d_annotation.txt",
            "aaa,0",
            "has 2 columns, expected 3, video_id,",
        ),
        ("text_annotations/a2d_annotation.txt", "aaa,0,a man, jumping", "has 4 columns, expected 3"),
        ("text_annotations/a2d_annotation.txt", f"{TRAIN},0,x", f"instance 0 of {TRAIN} again"),
        ("Release/videoset.csv", f"{TEST},34,a,b,24,32,6,3,0", "into the other split again"),
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
        A2DSentences(root)


def test_a_stray_quote_does_not_swallow_the_lines_after_it(root):
    with (root / "text_annotations" / "a2d_annotation.txt").open("a") as file:
        file.write('bbbbbbbbbbb,1,"the man\nbbbbbbbbbbb,2,ball\n')
    with pytest.raises(DatasetError, match=r"a2d_annotation\.txt, line \d+: unexpected end of data"):
        A2DSentences(root)


@pytest.mark.parametrize("name", ["Release/videoset.csv", "text_annotations/a2d_annotation.txt"])
def test_a_missing_index_is_named(root, name):
    (root / name).unlink()
    with pytest.raises(MissingPathError, match=name):
        A2DSentences(root)


def test_no_clip_at_all_is_an_error(root):
    for path in (root / "Release" / "clips320H").iterdir():
        path.unlink()
    with pytest.raises(DatasetError, match="has no video with a clip"):
        A2DSentences(root)


def test_suffixes_of_clips_and_masks_may_be_in_capitals_and_two_clips_of_a_name_are_refused(tmp_path):
    root = a2d(tmp_path / "release")
    whole = [
        (split, video) for split in A2DSentences(root).splits() for video in A2DSentences(root).videos(split)
    ]
    clip = next(root.rglob("*.mp4"))
    for path in [clip, *root.rglob("*.h5")]:
        path.rename(path.with_suffix(path.suffix.upper()))
    release = A2DSentences(root)
    assert [(split, video) for split in release.splits() for video in release.videos(split)] == whole
    assert all(path.is_file() for path in release.sources(*whole[0]))
    assert release.read(*whole[0]).video.masks
    clip.write_bytes(clip.with_suffix(".MP4").read_bytes())
    with pytest.raises(DatasetError, match=r"\.MP4 and .*\.mp4; expected one clip a video"):
        A2DSentences(root)
