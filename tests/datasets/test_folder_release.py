from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from rvosbench.datasets.folder_release import FolderRelease
from rvosbench.datasets.reading import read_json
from rvosbench.errors import DatasetError, MissingPathError, UnknownNameError
from rvosbench.plugins.dataset import DatasetSpec, Release
from rvosbench.testing import check_dataset
from rvosbench.types import Card, Expression
from tests.datasets.tiny_releases import ONE_OBJECT, TWO_OBJECTS, write_video

CARD = Card(
    name="short", title="Short", homepage="https://example.org", licence="CC0", citation="@misc{short}"
)


@dataclass(frozen=True, kw_only=True)
class Options:
    pass


class Short(FolderRelease):
    card = CARD
    index_file = "index.json"
    fps = 6.0

    def read_index(self, path):
        return {
            split: {
                video: [Expression(video_id=video, expression_id="0", text=text, object_ids=(object_id,))]
                for video, (text, object_id) in videos.items()
            }
            for split, videos in read_json(path).items()
        }


INDEX = {"train": {"bbb": ["the wide box", 2], "aaa": ["a box", 1]}, "test": {"ccc": ["a box", 2]}}


@pytest.fixture
def root(tmp_path):
    write_video(tmp_path / "train", "aaa", {"00000": TWO_OBJECTS, "00005": ONE_OBJECT, "00010": None})
    write_video(tmp_path / "train", "bbb", {"00000": TWO_OBJECTS})
    write_video(tmp_path / "test", "ccc", {"00000": ONE_OBJECT})
    (tmp_path / "index.json").write_text(json.dumps(INDEX))
    return tmp_path


def test_it_keeps_all_promises_of_a_dataset(root):
    spec = DatasetSpec(card=CARD, open=Short, options=Options, protocol="ytvos")
    assert isinstance(Short(root, Options()), Release)
    assert "becomes a store" in check_dataset(spec, root)


def test_a_frame_without_a_png_is_not_annotated(root):
    video = Short(root, Options()).read("train", "aaa").video
    assert [frame.annotated for frame in video.frames] == [True, True, False]
    assert video.fps == 6.0 and video.frames[1].path == "train/JPEGImages/aaa/00005.jpg"
    assert set(video.masks) == {(1, 0), (2, 0), (2, 1)}


def test_videos_without_frames_are_left_out_and_reported(root):
    (root / "index.json").write_text(json.dumps(INDEX | {"test": {"zzz": ["nobody", 1]}}))
    release = Short(root, Options())
    assert release.splits() == ("train",)
    assert release.problems == (
        "test: 1 of 1 videos have no frames and are left out; is the download complete?",
    )


def test_unknown_names_are_refused_with_the_nearest(root):
    release = Short(root, Options())
    for method in (release.read, release.expressions, release.sources):
        with pytest.raises(UnknownNameError, match="did you mean 'aaa'"):
            method("train", "aab")
    with pytest.raises(UnknownNameError, match="did you mean 'train'"):
        release.videos("trian")


@pytest.mark.parametrize(
    "index", ["{", "[]", "3", '{"train": []}', '{"train": {"aaa": 3}}', '{"train": {"../aaa": ["x", 1]}}']
)
def test_a_damaged_index_is_one_line(root, index):
    (root / "index.json").write_text(index)
    with pytest.raises(DatasetError, match=r"index\.json") as caught:
        Short(root, Options())
    assert "\n" not in str(caught.value)


def test_what_is_missing_is_named(root, tmp_path):
    with pytest.raises(MissingPathError, match=r"index\.json is missing"):
        Short(tmp_path / "absent", Options())
    (root / "index.json").write_text(json.dumps({"train": {"zzz": ["nobody", 1]}}))
    with pytest.raises(
        DatasetError, match=r"holds no video of Short with frames; .* train/JPEGImages/zzz/00000.jpg"
    ):
        Short(root, Options())
