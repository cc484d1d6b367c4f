"""The whole way of a packed store: prepared, moved, its release deleted, and everything still works."""

from __future__ import annotations

import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from rvosbench.inference.predict import predict
from rvosbench.loader import Samples, Whole
from rvosbench.media.frames import open_frames
from rvosbench.media.resize import Side
from rvosbench.preparation import prepare
from rvosbench.store import Store
from rvosbench.store_tools.export import export
from rvosbench.store_tools.preview import preview
from rvosbench.store_tools.verify import verify
from rvosbench.synthetic import write

SIDE = Side(96, 128)


@pytest.fixture(scope="module", params=["ytvos", "a2d", "refcoco"])
def layout(request):
    return request.param


@pytest.fixture(scope="module")
def made(layout, tmp_path_factory):
    """(what was seen while the release was there, a packed store that moved after it was deleted)."""
    folder = tmp_path_factory.mktemp(layout)
    write(layout, folder / "release", videos=3, seed=3, frames=6)
    prepare(layout, folder / "release", folder / "referring")
    prepare(layout, folder / "release", folder / "packed", pack=True)
    before = everything_seen(Store.open(folder / "referring"), folder / "before")
    shutil.rmtree(folder / "release")
    (folder / "packed").rename(folder / "moved")
    return before, folder / "moved"


def everything_seen(store, folder):
    """What the rooms that look at pixels make of a store."""
    frames = {}
    for split in store.splits:
        for video_id in store.video_ids(split):
            video = store.video(split, video_id)
            with open_frames(video, store.release) as reader:
                frames[split, video_id] = reader.read(range(len(video.frames)))
    samples = Samples(store, "train", Whole(), side=SIDE, seed=0)
    export(store, "coco", folder / "coco")
    predict("centre", store, split="train", out=folder / "run")
    return {
        "frames": frames,
        "fingerprint": store.fingerprint,
        "clips": [samples[0, index].frames for index in range(len(samples))],
        "preview": preview(store, "train", store.video_ids("train")[0]),
        "exported": {
            path.relative_to(folder): path.read_bytes()
            for path in sorted((folder / "coco").rglob("*"))
            if path.is_file() and path.name != "README.md"
        },
        "answers": pq.read_table(folder / "run" / "predictions"),
    }


@pytest.fixture(scope="module")
def after(made, tmp_path_factory):
    return everything_seen(Store.open(made[1]), tmp_path_factory.mktemp("after"))


def test_a_packed_store_has_the_fingerprint_of_one_that_refers(made, after):
    assert after["fingerprint"] == made[0]["fingerprint"]


def test_every_frame_is_the_same_to_the_bit(made, after):
    assert made[0]["frames"].keys() == after["frames"].keys()
    assert all(np.array_equal(pixels, after["frames"][key]) for key, pixels in made[0]["frames"].items())


def test_the_loader_gives_the_same_clips(made, after):
    assert len(after["clips"]) > 0
    assert all(torch.equal(a, b) for a, b in zip(made[0]["clips"], after["clips"], strict=True))


def test_the_preview_is_the_same(made, after):
    assert np.array_equal(made[0]["preview"], after["preview"])


def test_the_export_is_the_same_to_the_byte(made, after):
    assert any(path.suffix in (".jpg", ".png") for path in after["exported"])
    assert after["exported"] == made[0]["exported"]


def test_a_baseline_gives_the_same_answers(made, after):
    assert after["answers"].num_rows > 0
    assert after["answers"].equals(made[0]["answers"])


def test_verify_finds_no_problem_and_decodes_every_frame(made):
    assert list(verify(made[1])) == []


def test_only_an_mp4_release_leaves_files_beside_the_tables(made, layout):
    media = [path.suffix for path in (made[1] / "media").rglob("*") if path.is_file()]
    videos = sum(counts["videos"] for counts in Store.open(made[1]).splits.values())
    assert media == ([".mp4"] * videos if layout == "a2d" else [])
