"""JHMDB-Sentences layout: every oddity of the official release, and switches for them."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from PIL import Image
from scipy.io import loadmat

from rvosbench.synthetic import write


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    root = tmp_path_factory.mktemp("jhmdb") / "release"
    write("jhmdb", root, videos=4, seed=1, frames=5, size=(48, 64))
    return root


def rows(root):
    with (root / "jhmdb_annotation.txt").open() as file:
        return list(csv.reader(file))


def places(root, top):
    return sorted(path.relative_to(root / top).as_posix() for path in (root / top).glob("*/*"))


def test_folders_text_and_list_name_the_same_videos(release):
    head, *lines = rows(release)
    assert head == ["video_id", "query"]
    assert {len(line) for line in lines} == {2}
    assert places(release, "Rename_Images") == places(release, "puppet_mask")
    named = sorted(place.split("/")[1] for place in places(release, "puppet_mask"))
    assert sorted(line[0] for line in lines) == named
    listed = json.loads((release / "jhmdb_sentences_samples_metadata.json").read_text())
    assert sorted({entry[0] for entry in listed}) == named
    assert len(listed) == 3 * len(named)


def test_masks_are_matlab_arrays_over_time_and_some_frames_come_after_the_last(release):
    extra = set()
    for place in places(release, "puppet_mask"):
        part_mask = loadmat(release / "puppet_mask" / place / "puppet_mask.mat")["part_mask"]
        assert part_mask.shape == (48, 64, 5)
        assert set(np.unique(part_mask)) <= {0, 1}
        images = sorted((release / "Rename_Images" / place).iterdir())
        assert images[0].name == "00001.png"
        with Image.open(images[0]) as image:
            assert image.size == (64, 48)
        extra.add(len(images) - 5)
    assert extra == {0, 2}


def test_sampled_frames_have_masks_and_paths_of_somebody_else(release):
    listed = json.loads((release / "jhmdb_sentences_samples_metadata.json").read_text())
    for video_id, frame_path, mask_path, count, query in listed:
        assert [video_id, query] in rows(release)
        assert count == 5
        tail = frame_path.split("jhmdb_sentences/")[1]
        assert frame_path.startswith("/somebody")
        assert (release / tail).is_file()
        assert 1 <= int(tail[-9:-4]) <= 5
        assert (release / mask_path.split("jhmdb_sentences/")[1]).is_file()


def test_some_ids_have_the_odd_letters_of_official_ones(release):
    odd = [video_id for video_id, _ in rows(release)[1:] if set("(@!+)") <= set(video_id)]
    assert len(odd) == 2


def test_quirks_can_be_switched(tmp_path):
    write("jhmdb", tmp_path / "plain", videos=2, seed=1, frames=4, size=(48, 64), quirks=("doubles",))
    root = tmp_path / "plain"
    assert not (root / "jhmdb_sentences_samples_metadata.json").exists()
    for place in places(root, "puppet_mask"):
        assert "(" not in place
        assert len(list((root / "Rename_Images" / place).iterdir())) == 4
        assert loadmat(root / "puppet_mask" / place / "puppet_mask.mat")["part_mask"].dtype == np.float64
