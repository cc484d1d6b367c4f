"""Synthetic releases through prepare: what the store says is what the scene says."""

from __future__ import annotations

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.media.frames import open_frames
from rvosbench.preparation import prepare
from rvosbench.preparation.opening import open_release
from rvosbench.store import Store
from rvosbench.synthetic.describing import describe
from rvosbench.synthetic.quirks import QUIRKS
from rvosbench.synthetic.render import render
from rvosbench.synthetic.scenes import SHAPES, generator, make_scene
from rvosbench.synthetic.write import LAYOUTS, write

SEED, SIZE = 5, (48, 64)


EITHER_OR = {"mat-only", "grey-png", "converted"}  # each has an alternative to be tried with the others


def every_quirk(name):
    """All quirks of a layout that can be had together."""
    return sorted(QUIRKS[name].keys() - EITHER_OR)


def options_for(name, root, quirks):
    return {"valid-masks": str(root / "release" / "valid_masks")} if "valid-masks" in (quirks or ()) else {}


def prepared(name, root, *, quirks=None, **sizes):
    write(name, root / "release", videos=4, seed=SEED, size=SIZE, quirks=quirks, **sizes)
    return prepare(name, root / "release", root / "store", options=options_for(name, root, quirks))


def stored(name, root, **settings):
    return Store.open(prepared(name, root, **settings).store)


def usual_or_all(name):
    """Every test of a layout is for what official copies are like, and for all quirks at once."""
    return pytest.mark.parametrize("quirks", [None, every_quirk(name)], ids=["usual", "all"])


def texts_and_objects(video):
    return [(e.text.lower().strip(), e.object_ids) for e in video.expressions]


def expressions_of_scenes(indices, frames, **options):
    """Scene index -> its rendering and the expressions about it with their objects."""
    found = {}
    for index in indices:
        scene = make_scene(SEED, index, frames=frames, size=SIZE)
        expressions = describe(scene, generator(SEED, index, 1), **options)
        found[index] = (render(scene), [(s.text.lower().strip(), s.object_id) for s in expressions])
    return found


@usual_or_all("ytvos")
def test_ytvos(tmp_path, quirks):
    store = stored("ytvos", tmp_path, frames=6, quirks=quirks)
    assert store.splits["train"]["videos"] == 4
    scenes = expressions_of_scenes(range(4), 6)
    for video_id in store.video_ids("train"):
        video = store.video("train", video_id)
        said = texts_and_objects(video)
        (rendered,) = (r for r, told in scenes.values() if [(t, (o,)) for t, o in told] == said[: len(told)])
        for index, drawn in enumerate(rendered.labels):
            found = {o: masks.decode(rle) for (o, frame), rle in video.masks.items() if frame == index}
            assert found.keys() == set(np.unique(drawn).tolist()) - {0}
            assert all(np.array_equal(mask, drawn == object_id) for object_id, mask in found.items())
        with open_frames(video, store.release) as frames:
            difference = frames.read(range(6)).astype(int) - rendered.frames
        assert np.abs(difference).mean() < 6  # JPEG
    hidden = ("valid", "test") if quirks is None else ()
    assert all(e.object_ids is None for split in hidden for e in store.expressions(split))


@usual_or_all("a2d")
def test_a2d(tmp_path, quirks):
    store = stored("a2d", tmp_path, frames=8, quirks=quirks)
    scenes = expressions_of_scenes(range(4), 8, per_object=(1, 1))
    for video_id in store.video_ids("train"):
        video = store.video("train", video_id)
        said = sorted(texts_and_objects(video))
        (rendered,) = (
            r for r, expressions in scenes.values() if sorted((t, (o - 1,)) for t, o in expressions) == said
        )
        annotated = [index for index, frame in enumerate(video.frames) if frame.annotated]
        assert len(annotated) == 3
        for index in annotated:
            drawn = rendered.labels[index]
            found = {o: masks.decode(rle) for (o, frame), rle in video.masks.items() if frame == index}
            assert found.keys() == set((np.unique(drawn)[np.unique(drawn) > 0] - 1).tolist())
            assert all(np.array_equal(mask, drawn == instance + 1) for instance, mask in found.items())
        with open_frames(video, store.release) as frames:
            difference = frames.read(range(8)).astype(int) - rendered.frames
        assert np.abs(difference).mean() < 10  # H.264 with half the colour resolution


REFCOCO_SPLITS = {
    "refcoco": ["train", "val", "testA", "testB"],
    "refcoco+": ["train", "val", "testA", "testB"],
    "refcocog": ["train", "val", "test"],
}


@pytest.mark.parametrize("name", REFCOCO_SPLITS)
@usual_or_all("refcoco")
def test_refcoco(tmp_path, name, quirks):
    store = stored(name, tmp_path, quirks=quirks)
    assert list(store.splits) == REFCOCO_SPLITS[name]
    for split in store.splits:
        for video_id in store.video_ids(split):
            video = store.video(split, video_id)
            crowds = {e.object_ids[0] for e in video.expressions if e.text == "all the shapes"}
            objects = [
                masks.decode(rle).astype(int) for (o, _), rle in video.masks.items() if o not in crowds
            ]
            assert (
                sum(objects).max() == 1
            )  # objects do not overlap, and a crowd that nobody means is not there
            for crowd in crowds:
                assert np.array_equal(masks.decode(video.masks[crowd, 0]), sum(objects) > 0)
            assert {object_id for e in video.expressions for object_id in e.object_ids} == {
                obj.object_id for obj in video.objects
            }


@usual_or_all("mevis")
def test_mevis(tmp_path, quirks):
    store = stored("mevis", tmp_path, frames=6, quirks=quirks)
    assert {split: counts["videos"] for split, counts in store.splits.items()} == {
        "train": 4,
        "valid_u": 2,
        "valid": 1,
    }
    scenes = expressions_of_scenes(range(4), 6)
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


@usual_or_all("jhmdb")
def test_jhmdb(tmp_path, quirks):
    store = stored("jhmdb", tmp_path, frames=6, quirks=quirks)
    assert store.splits["test"]["videos"] == 4
    scenes = expressions_of_scenes((1, 3), 6, per_object=(1, 1))
    scenes |= expressions_of_scenes((0, 2), 8, per_object=(1, 1))  # two frames without masks at the end
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
            pixels = frames.read(range(6))
        assert np.array_equal(pixels, rendered.frames[:6])  # PNG


@usual_or_all("davis")
def test_davis(tmp_path, quirks):
    store = stored("davis", tmp_path, frames=6, quirks=quirks)
    assert {split: counts["videos"] for split, counts in store.splits.items()} == {"train": 4, "val": 2}
    scenes = expressions_of_scenes(range(4), 6, per_object=(4, 4))
    for video_id in store.video_ids("train"):
        video = store.video("train", video_id)
        said = {(t.removeprefix("voil\xe0, "), o[0]) for t, o in texts_and_objects(video)}
        (rendered,) = (r for r, told in scenes.values() if said - {("said before", 1)} <= set(told))
        assert {e.annotator for e in video.expressions} == {
            "annot1-first",
            "annot1-full",
            "annot2-first",
            "annot2-full",
        }
        for index, drawn in enumerate(rendered.labels):
            found = {o: masks.decode(rle) for (o, frame), rle in video.masks.items() if frame == index}
            assert (255 in found) == (index % 2 == 1)
            meant = {o: mask for o, mask in found.items() if o not in (8, 255)}
            assert meant.keys() == set(np.unique(drawn).tolist()) - {0}
            assert all(np.array_equal(mask, drawn == object_id) for object_id, mask in meant.items())
        categories = {obj.object_id: obj.category for obj in video.objects}
        assert categories.pop(255) == "void"
        assert set(categories.values()) <= ({None} if quirks else set(SHAPES))


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_same_release_gives_the_same_store_and_is_told_from_the_whole_official_one(name, tmp_path):
    made = prepared(name, tmp_path / "a", frames=4)
    first, second = Store.open(made.store), stored(name, tmp_path / "b", frames=4)
    assert first.fingerprint == second.fingerprint
    assert first.manifest["release"]["fingerprint"] == second.manifest["release"]["fingerprint"]
    published = open_release(name, tmp_path / "a" / "release").card.counts
    numbers = [number for split in published if split in first.splits for number in published[split].values()]
    assert numbers
    warned = [text for text in made.warnings if "its card says" in text]
    assert [any(f"{number:,}" in text for text in warned) for number in numbers] == [True] * len(numbers)
