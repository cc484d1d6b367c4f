"""A2D-Sentences layout: decodable clips and masks in MATLAB's shape, row for row as the official files."""

from __future__ import annotations

import av
import h5py
import numpy as np
import pytest

from rvosbench.synthetic import a2d, write
from rvosbench.synthetic.language import kind_of
from rvosbench.synthetic.render import render
from rvosbench.synthetic.scenes import make_scene

LEGAL = {
    *(11, 12, 13, 15, 16, 17, 18, 21, 22, 26, 28, 34, 35, 36, 41, 43, 44, 45, 46, 48),
    *(54, 55, 56, 57, 61, 63, 65, 66, 67, 68, 72, 73, 75, 76, 77, 78),
}


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    root = tmp_path_factory.mktemp("a2d") / "release"
    write("a2d", root, videos=12, seed=0)
    return root


def videoset(release):
    return [line.split(",") for line in (release / "Release" / "videoset.csv").read_text().splitlines()]


def queries(release):
    text = (release / "text_annotations" / "a2d_annotation.txt").read_text()
    assert text.endswith("\n")
    header, *lines = text.splitlines()
    assert header == "video_id,instance_id,query"
    return [line.split(",") for line in lines]


def frames_of(release):
    return sorted((release / "text_annotations" / "a2d_annotation_with_instances").glob("*/*.h5"))


def test_videoset_has_no_header_and_nine_columns(release):
    rows = videoset(release)
    assert len(rows) == 12 + 2 + 1
    assert {len(row) for row in rows} == {9}
    assert {tuple(row[4:8]) for row in rows} == {("96", "128", "12", "3")}
    assert sorted(row[8] for row in rows) == ["0"] * 13 + ["1"] * 2
    assert all(int(row[1]) in LEGAL for row in rows)


def test_ids_have_eleven_characters_and_one_starts_with_a_dash(release):
    ids = [row[0] for row in videoset(release)]
    assert {len(video_id) for video_id in ids} == {11}
    assert any(video_id.startswith("-") for video_id in ids)
    assert {path.stem for path in (release / "Release" / "clips320H").glob("*.mp4")} == set(ids)


def test_the_missed_video_has_a_clip_but_neither_expressions_nor_masks(release):
    missed = (release / "text_annotations" / "a2d_missed_videos.txt").read_bytes().decode()
    assert not missed.endswith("\n")
    assert missed in {row[0] for row in videoset(release)}
    assert missed not in {row[0] for row in queries(release)}
    assert missed not in {path.parent.name for path in frames_of(release)}


def test_every_instance_has_one_expression_without_commas(release):
    rows = queries(release)
    assert all(len(row) == 3 for row in rows)
    assert len({(row[0], row[1]) for row in rows}) == len(rows)
    for video_id in {row[0] for row in rows}:
        numbers = sorted(int(row[1]) for row in rows if row[0] == video_id)
        assert numbers == list(range(len(numbers)))
    assert all(kind_of(row[2]) != "other" for row in rows)
    assert any(row[2] != row[2].lower() for row in rows)


def test_clips_are_h264_with_as_many_frames_as_the_list_says_and_the_right_pixels(release):
    scene = make_scene(0, 0)
    path = next(path for path in (release / "Release" / "clips320H").iterdir() if path.name.startswith("-"))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.pix_fmt == "yuv420p"
        decoded = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(stream)])
    expected = render(scene).frames
    assert decoded.shape == expected.shape
    error = np.abs(decoded.astype(int) - expected.astype(int))
    assert error.mean() < 6
    # Frame for frame: no other order of the frames fits better.
    distance = [[np.abs(d.astype(int) - e.astype(int)).mean() for e in expected] for d in decoded]
    assert np.argmin(distance, axis=1).tolist() == list(range(12))


def test_annotated_frames_count_from_one():
    assert a2d.annotated_frames(12) == [3, 6, 9]
    assert a2d.annotated_frames(1) == [1]
    assert a2d.annotated_frames(240) == [60, 120, 180]


def test_masks_have_reversed_axes_and_a_lone_instance_loses_its_axis(release):
    lone = 0
    for path in frames_of(release):
        with h5py.File(path) as file:
            count = len(file["instance"])
            assert file["reMask"].dtype == np.uint8
            assert file["reMask"].shape == ((128, 96) if count == 1 else (count, 128, 96))
            assert file["id"].shape == (1, count)
            assert file["reBBox"].shape == (4, count)
            assert file.userblock_size == 512
            assert {int(value) for value in file["id"][0]} <= LEGAL | {39, 49, 59, 69, 79}
            lone += count == 1
    assert lone > 0


def test_masks_are_those_of_the_frame_and_rows_change_places(release):
    orders = set()
    for index in range(12):
        labels = render(make_scene(0, index)).labels
        ids = {row[0] for row in videoset(release)}
        folder = _folder_of(release, ids, labels)
        for path in sorted(folder.iterdir()):
            with h5py.File(path) as file:
                instances = file["instance"][...].tolist()
                masks = file["reMask"][...].reshape(len(instances), 128, 96).transpose(0, 2, 1)
                boxes = file["reBBox"][...].T
            frame = labels[int(path.stem) - 1]
            assert set(instances) == {int(value) - 1 for value in np.unique(frame) if value}
            for instance, mask, (x1, y1, x2, y2) in zip(instances, masks, boxes, strict=True):
                np.testing.assert_array_equal(mask > 0, frame == instance + 1)
                y, x = np.nonzero(mask)
                assert (x1, y1, x2, y2) == (x.min(), y.min(), x.max() + 1, y.max() + 1)
            orders.add((index, tuple(np.argsort(instances))))
    assert len(orders) > 12


def _folder_of(release, ids, labels):
    """The annotation folder whose first frame shows this scene."""
    for video_id in ids:
        path = release / "text_annotations" / "a2d_annotation_with_instances" / video_id / "00003.h5"
        if path.is_file():
            with h5py.File(path) as file:
                masks = file["reMask"][...].reshape(-1, 128, 96)
            if ((labels[2] > 0) == masks.any(axis=0).T).all():
                return path.parent
    raise AssertionError("no annotation folder shows this scene")
