"""Synthetic releases through prepare: what the store says is what the scene says."""

from __future__ import annotations

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.frames import open_frames
from rvosbench.prepare import prepare
from rvosbench.store import Store
from rvosbench.synthetic.describing import describe
from rvosbench.synthetic.render import render
from rvosbench.synthetic.scenes import generator, make_scene
from rvosbench.synthetic.write import write

SEED, SIZE = 5, (48, 64)


def stored(name, root, **sizes):
    write(name, root / "release", videos=4, seed=SEED, size=SIZE, **sizes)
    return Store.open(prepare(name, root / "release", root / "store").store)


def texts_and_objects(video):
    return [(e.text.lower().strip(), e.object_ids) for e in video.expressions]


def sentences_of_scenes(indices, frames, **options):
    """Scene index -> its rendering and the sentences about it with their objects."""
    found = {}
    for index in indices:
        scene = make_scene(SEED, index, frames=frames, size=SIZE)
        sentences = describe(scene, generator(SEED, index, 1), **options)
        found[index] = (render(scene), [(s.text.lower().strip(), s.object_id) for s in sentences])
    return found


def test_ytvos(tmp_path):
    store = stored("ytvos", tmp_path, frames=6)
    assert store.splits["train"]["videos"] == 4
    scenes = sentences_of_scenes(range(4), 6)
    for video_id in store.video_ids("train"):
        video = store.video("train", video_id)
        said = texts_and_objects(video)
        (rendered,) = (r for r, sentences in scenes.values() if [(t, (o,)) for t, o in sentences] == said)
        for index, drawn in enumerate(rendered.labels):
            found = {o: masks.decode(rle) for (o, frame), rle in video.masks.items() if frame == index}
            assert found.keys() == set(np.unique(drawn).tolist()) - {0}
            assert all(np.array_equal(mask, drawn == object_id) for object_id, mask in found.items())
        with open_frames(video, store.release) as frames:
            difference = frames.read(range(6)).transpose(0, 2, 3, 1).astype(int) - rendered.frames
        assert np.abs(difference).mean() < 6  # JPEG
    assert all(e.object_ids is None for split in ("valid", "test") for e in store.expressions(split))


def test_a2d(tmp_path):
    store = stored("a2d", tmp_path, frames=8)
    scenes = sentences_of_scenes(range(4), 8, per_thing=(1, 1))
    for video_id in store.video_ids("train"):
        video = store.video("train", video_id)
        said = sorted(texts_and_objects(video))
        (rendered,) = (
            r for r, sentences in scenes.values() if sorted((t, (o - 1,)) for t, o in sentences) == said
        )
        annotated = [index for index, frame in enumerate(video.frames) if frame.annotated]
        assert len(annotated) == 3
        for index in annotated:
            drawn = rendered.labels[index]
            found = {o: masks.decode(rle) for (o, frame), rle in video.masks.items() if frame == index}
            assert found.keys() == set((np.unique(drawn)[np.unique(drawn) > 0] - 1).tolist())
            assert all(np.array_equal(mask, drawn == instance + 1) for instance, mask in found.items())
        with open_frames(video, store.release) as frames:
            difference = frames.read(range(8)).transpose(0, 2, 3, 1).astype(int) - rendered.frames
        assert np.abs(difference).mean() < 10  # H.264 with half the colour resolution


def test_refcoco(tmp_path):
    store = stored("refcoco", tmp_path)
    assert list(store.splits) == ["train", "val", "testA", "testB"]
    for split in store.splits:
        for video_id in store.video_ids(split):
            video = store.video(split, video_id)
            drawn = sum(masks.decode(rle).astype(int) for rle in video.masks.values())
            assert drawn.max() == 1  # things do not overlap, and the crowd is not among them
            assert {object_id for e in video.expressions for object_id in e.object_ids} == {
                thing.object_id for thing in video.objects
            }


def test_mevis(tmp_path):
    store = stored("mevis", tmp_path, frames=6)
    assert {split: counts["videos"] for split, counts in store.splits.items()} == {
        "train": 4,
        "valid_u": 2,
        "valid": 1,
    }
    scenes = sentences_of_scenes(range(4), 6)
    for video_id in store.video_ids("train"):
        video = store.video("train", video_id)
        texts = [e.text for e in video.expressions]
        (rendered,) = (r for r, said in scenes.values() if [t for t, _ in said] == texts[: len(said)])
        first = video.objects[0].object_id  # ids go on from video to video
        for index, drawn in enumerate(rendered.labels):
            found = {o: masks.decode(rle) for (o, frame), rle in video.masks.items() if frame == index}
            assert found.keys() == {first + label - 1 for label in np.unique(drawn).tolist() if label}
            assert all(np.array_equal(mask, drawn == o - first + 1) for o, mask in found.items())
        everything = next(e for e in video.expressions if e.text == "all the shapes")
        assert len(everything.object_ids) == len(video.objects) > 1
        assert video.expressions[-1].object_ids == ()
    assert all(e.object_ids is None for e in store.expressions("valid"))


def test_jhmdb(tmp_path):
    store = stored("jhmdb", tmp_path, frames=6)
    assert store.splits["test"]["videos"] == 4
    scenes = sentences_of_scenes((1, 3), 6, per_thing=(1, 1))
    scenes |= sentences_of_scenes((0, 2), 8, per_thing=(1, 1))  # two frames without masks at the end
    for video_id in store.video_ids("test"):
        video = store.video("test", video_id)
        (rendered,) = (r for r, said in scenes.values() if said[0][0] == video.expressions[0].text)
        annotated = [index for index, frame in enumerate(video.frames) if frame.annotated]
        assert (len(video.frames), len(annotated)) == (6, 3)
        for index in annotated:
            drawn = rendered.labels[index] == 1
            found = video.masks.get((1, index))
            assert np.array_equal(masks.decode(found), drawn) if found else not drawn.any()
        with open_frames(video, store.release) as frames:
            pixels = frames.read(range(6)).transpose(0, 2, 3, 1)
        assert np.array_equal(pixels, rendered.frames[:6])  # PNG


@pytest.mark.parametrize("name", ["ytvos", "a2d", "refcoco", "mevis", "jhmdb"])
def test_the_same_release_gives_the_same_fingerprint(name, tmp_path):
    first, second = stored(name, tmp_path / "a"), stored(name, tmp_path / "b")
    assert first.fingerprint == second.fingerprint
    release = first.manifest["release"]["fingerprint"]
    assert release == second.manifest["release"]["fingerprint"]
