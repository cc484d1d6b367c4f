from __future__ import annotations

import pickle
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco

from rvosbench import masks
from rvosbench.store import SCHEMAS, Store, StoreWriter, writer
from rvosbench.store.schema import digest
from tests.store.random_videos import CARD, IDS, videos


def write(folder, content, **options):
    arguments = {"release": folder.parent, "fingerprint": "f", "arguments": {}} | options
    with StoreWriter(folder, CARD, **arguments) as store:
        for video in content:
            store.add(video)
    return Store.open(folder)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(draw=st.data())
def test_a_video_comes_back_as_it_went_in(tmp_path_factory, draw):
    ids = sorted(draw.draw(st.sets(IDS, min_size=1, max_size=4)))
    content = [draw.draw(videos(video_id)) for video_id in ids]
    store = write(tmp_path_factory.mktemp("store") / "s", content)
    assert store.video_ids("train") == tuple(ids)
    for video in content:
        assert store.video("train", video.video_id) == video
    assert store.expressions("train") == tuple(e for video in content for e in video.expressions)
    assert store.table("masks", "train").schema.equals(SCHEMAS["masks"])


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(draw=st.data())
def test_every_video_is_found_whatever_the_row_groups_and_parts(tmp_path_factory, draw):
    content = [draw.draw(videos(f"v{number:02d}")) for number in range(9)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "_GROUP_ROWS", draw.draw(st.integers(1, 6)))
        patch.setattr(writer, "_PART_BYTES", draw.draw(st.sampled_from([1, 40, 10**9])))
        store = write(tmp_path_factory.mktemp("store") / "s", content)
    for video in content:
        assert store.video("train", video.video_id) == video
    assert store.table("videos", "train")["video_id"].to_pylist() == [video.video_id for video in content]


@settings(max_examples=20, deadline=None)
@given(video=videos())
def test_the_fingerprint_is_about_what_is_said_not_where_the_pixels_are(tmp_path_factory, video):
    moved = replace(
        video,
        source="elsewhere",
        frames=tuple(replace(frame, path="y.png", encoded=None, pts_s=None) for frame in video.frames),
    )
    renamed = replace(video, frames=(replace(video.frames[0], name="other"), *video.frames[1:]))
    assert digest(moved) == digest(video) != digest(renamed)
    folder = tmp_path_factory.mktemp("store")
    one, two = write(folder / "a", [video]), write(folder / "b", [moved])
    assert one.fingerprint == two.fingerprint


@settings(max_examples=20, deadline=None)
@given(video=videos())
def test_masks_are_cocos_to_the_letter(tmp_path_factory, video):
    store = write(tmp_path_factory.mktemp("store") / "s", [video])
    for row in store.table("masks", "train").to_pylist():
        mask = coco.decode(row["rle"])  # without us
        assert mask.shape == (video.height, video.width)
        assert row["area"] == mask.sum()
        assert (mask == masks.decode(video.masks[row["object_id"], row["frame_index"]])).all()
        assert row["bbox"] == coco.toBbox(row["rle"]).tolist()


@settings(max_examples=5, deadline=None)
@given(video=videos())
def test_a_store_can_be_sent_to_a_worker(tmp_path_factory, video):
    store = write(tmp_path_factory.mktemp("store") / "s", [video])
    store.video("train", "v")  # opens files
    assert pickle.loads(pickle.dumps(store)).video("train", "v") == video


@settings(max_examples=5, deadline=None)
@given(video=videos())
def test_plain_parquet_without_pandas_metadata(tmp_path_factory, video):
    store = write(tmp_path_factory.mktemp("store") / "s", [video])
    for path in store.folder.rglob("*.parquet"):
        assert not pq.read_schema(path).metadata
        assert (
            store.manifest["files"][path.relative_to(store.folder).as_posix()]["bytes"] == path.stat().st_size
        )
