"""Real files of the releases: what comes out equals what lies on disk, pixel for pixel."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from rvosbench import masks
from rvosbench.datasets.a2d_instances import read_instances
from rvosbench.datasets.a2d_sentences import CARD
from rvosbench.errors import DatasetError
from rvosbench.media.frames import open_frames
from rvosbench.preparation import prepare
from rvosbench.preparation.opening import open_release
from rvosbench.store import Store


@pytest.fixture
def make(shared, tmp_path):
    def make(name, folder, **options):
        prepared = prepare(name, shared / "samples" / folder, tmp_path / "store", options=options)
        return Store.open(prepared.store), prepared

    return make


def assert_equals_png(video, folder, names):
    """Every object of every annotated frame, and no other, against Pillow's reading of the PNG."""
    for index, name in enumerate(names):
        source = np.asarray(Image.open(folder / f"{name}.png"))
        expected = {int(value): source == value for value in np.unique(source) if value}
        found = {o: masks.decode(rle) for (o, frame), rle in video.masks.items() if frame == index}
        assert found.keys() == expected.keys()
        assert all(np.array_equal(found[object_id], expected[object_id]) for object_id in expected)


def test_ref_davis17(shared, make):
    store, prepared = make("davis", "ref_davis17")
    assert store.splits["val"] | {"frames": 90} == {
        "videos": 2,
        "frames": 90,
        "objects": 2,
        "expressions": 8,
        "masks": 90,
    }
    assert any("its card says 30" in warning for warning in prepared.warnings)
    root = shared / "samples" / "ref_davis17" / "DAVIS" / "Annotations_unsupervised" / "480p"
    for video_id in ("blackswan", "car-shadow"):
        video = store.video("val", video_id)
        assert_equals_png(video, root / video_id, [frame.name for frame in video.frames])
    swan = store.video("val", "blackswan")
    assert [(e.text, e.annotator) for e in swan.expressions] == [
        ("a black swan", "annot1-first"),
        ("a black feathered swan", "annot1-full"),
        ("a swan", "annot2-first"),
        ("a black swan", "annot2-full"),
    ]
    with open_frames(swan, store.release) as frames:
        assert frames.read([49]).shape == (1, 480, 854, 3)


def test_ref_davis17_text_agrees_with_the_published_conversion(shared):
    """The 30 val sequences: the same ids, objects and expressions as ReferFormer's conversion."""
    from rvosbench.datasets.davis_text import read_expression_text
    from rvosbench.datasets.expression_json import read_expressions

    root = shared / "samples" / "ref_davis17"
    raw, problems = read_expression_text(root / "davis_text_annotations")
    converted = read_expressions(root / "meta_expressions" / "valid_all30" / "meta_expressions.json")
    assert problems == []
    assert raw.keys() == converted.keys()
    for sequence, entry in converted.items():
        assert {(e.expression_id, e.text, e.object_ids) for e in raw[sequence]} == {
            (e.expression_id, e.text, e.object_ids) for e in entry.expressions
        }
    assert sum(len(expressions) for expressions in raw.values()) == 244


def test_ref_youtube_vos(shared, make):
    samples = shared / "samples" / "ref_youtube_vos"
    store, _ = make("ytvos", "ref_youtube_vos", **{"valid-masks": str(samples / "valid_hidden_gt")})
    assert {split: counts["videos"] for split, counts in store.splits.items()} == {"train": 3, "valid": 1}
    for split, folder in (("train", samples / "train"), ("valid", samples / "valid_hidden_gt")):
        for video_id in store.video_ids(split):
            video = store.video(split, video_id)
            names = [frame.name for frame in video.frames]
            assert_equals_png(video, folder / "Annotations" / video_id, names)
    clip = store.video("train", "a2d_8FLF-osZmA")
    assert [obj.category for obj in clip.objects] == ["person", "others", "others", "others", "others"]
    assert all(e.object_ids is None for e in store.expressions("valid"))


def test_the_official_valid_file_lists_202_videos_of_valid(shared, tmp_path):
    """The real json: 507 videos listed, 305 of them test; 834 expressions remain."""
    (tmp_path / "meta_expressions").symlink_to(
        shared / "samples" / "ref_youtube_vos" / "meta_expressions_real"
    )
    from rvosbench.datasets.expression_json import read_expressions

    entries = {
        split: read_expressions(tmp_path / "meta_expressions" / split / "meta_expressions.json")
        for split in ("valid", "test")
    }
    for video_id in entries["valid"]:
        split = "test" if video_id in entries["test"] else "valid"
        (tmp_path / split / "JPEGImages" / video_id).mkdir(parents=True)
    release = open_release("ytvos", tmp_path)
    assert release.problems == ()
    assert (len(release.videos("valid")), len(release.videos("test"))) == (202, 305)
    count = sum(len(entries["valid"][video_id].expressions) for video_id in release.videos("valid"))
    assert count == release.card.counts["valid"]["expressions"] == 834


def test_a2d_sentences(shared, make):
    store, prepared = make("a2d", "a2d_sentences")
    video = store.video("train", "-8FLF-osZmA")
    assert (video.height, video.width, len(video.frames)) == (320, 580, 240)
    annotated = [index for index, frame in enumerate(video.frames) if frame.annotated]
    assert annotated == [39, 79, 119]
    root = shared / "samples" / "a2d_sentences" / "text_annotations" / "a2d_annotation_with_instances"
    for index in annotated:
        with h5py.File(root / video.video_id / f"{index + 1:05d}.h5") as file:
            source = {
                int(instance): file["reMask"][row].T.astype(bool)
                for row, instance in enumerate(file["instance"][()])
            }
        found = {o: masks.decode(rle) for (o, frame), rle in video.masks.items() if frame == index}
        assert found.keys() == source.keys()
        assert all(np.array_equal(found[instance], source[instance]) for instance in source)
    assert [e.text for e in video.expressions][:2] == [
        "a man is throwing a ball",
        "A basketball is thrown by a boy",
    ]
    assert any(
        "3752 of 3754 videos with expressions have no clip" in warning for warning in prepared.warnings
    )


def test_a2d_card_counts_are_those_of_the_official_text(shared):
    """After the missed videos and the copied row: 3017 and 737 videos, 5359 and 1295 expressions."""
    from rvosbench.datasets.a2d_text import read_expression_text, read_videoset

    root = shared / "samples" / "a2d_sentences"
    listed = read_videoset(root / "Release" / "videoset.csv")
    expressions, copies = read_expression_text(root / "text_annotations" / "a2d_annotation.txt")
    assert copies == []
    missed = set((root / "text_annotations" / "a2d_missed_videos.txt").read_text().split())
    assert (len(listed), len(missed), missed & expressions.keys()) == (3782, 28, set())
    assert sum(video_id.startswith("-") for video_id in listed) == 65
    for split, published in CARD.counts.items():
        videos = [video_id for video_id in expressions if listed[video_id].split == split]
        assert published["videos"] == len(videos)
        assert published["expressions"] == sum(len(expressions[video_id]) for video_id in videos)


def test_the_variant_of_a2d_with_short_queries_has_the_same_expressions(shared):
    from rvosbench.datasets.a2d_text import read_expression_text

    root = shared / "samples" / "a2d_sentences"
    variant, _ = read_expression_text(root / "variants" / "a2d_annotation_short_query.head60.txt")
    official, _ = read_expression_text(root / "text_annotations" / "a2d_annotation.txt")
    whole = list(variant)[:-1]  # the variant is cut off after 60 lines
    assert len(whole) > 20
    assert all(variant[video_id] == official[video_id] for video_id in whole)


def test_the_masks_of_a2d_without_instances_are_recognised(shared, tmp_path):
    """A real copy of A2D itself, as its authors release it."""
    source = shared / "samples" / "a2d_sentences"
    (tmp_path / "Release").symlink_to(source / "Release")
    (tmp_path / "text_annotations").mkdir()
    text = source / "text_annotations" / "a2d_annotation.txt"
    (tmp_path / "text_annotations" / text.name).symlink_to(text)
    with pytest.raises(DatasetError, match="do not say which instance an expression means"):
        open_release("a2d", tmp_path)
    with pytest.raises(DatasetError, match="no dataset 'instance' of its own"):
        read_instances(source / "Release" / "Annotations" / "mat" / "-8FLF-osZmA" / "00040.mat", (320, 580))


def test_refcoco_masks_equal_those_of_the_coco_api(shared, make):
    store, _ = make("refcoco", "coco")
    api = COCO(shared / "samples" / "coco" / "refcoco" / "instances.json")
    compared = 0
    for split in store.splits:
        for video_id in store.video_ids(split):
            video = store.video(split, video_id)
            for (object_id, _), rle in video.masks.items():
                assert np.array_equal(masks.decode(rle), api.annToMask(api.anns[object_id]).astype(bool))
                compared += 1
    assert compared == 86
    assert sum(counts["expressions"] for counts in store.splits.values()) == 13


def test_the_converted_refcoco_has_the_same_expressions_and_masks(shared, tmp_path):
    source = shared / "samples" / "coco"
    (tmp_path / "refcoco").mkdir()
    (tmp_path / "train2014").symlink_to(source / "train2014")
    for path in (source / "refcoco").glob("instances_refcoco_*.json"):
        (tmp_path / "refcoco" / path.name).symlink_to(path)
    official, converted = open_release("refcoco", source), open_release("refcoco", tmp_path)
    assert official.splits() == converted.splits()
    for split in official.splits():
        assert official.videos(split) == converted.videos(split)
        for video_id in official.videos(split):
            a, b = official.read(split, video_id).video, converted.read(split, video_id).video
            assert [(e.text, e.object_ids) for e in a.expressions] == [
                (e.text, e.object_ids) for e in b.expressions
            ]
            assert all(
                np.array_equal(masks.decode(a.masks[key]), masks.decode(b.masks[key])) for key in b.masks
            )


def test_mevis_masks_equal_those_of_pycocotools(shared, make):
    from pycocotools import mask as coco

    store, prepared = make("mevis", "mevis")
    assert store.splits["valid_u"] == {
        "videos": 2,
        "frames": 13,
        "objects": 6,
        "expressions": 11,
        "masks": 23,
    }
    assert any("valid/JPEGImages lacks 2 of the 2 videos" in warning for warning in prepared.warnings)
    source = json.loads((shared / "samples" / "mevis" / "valid_u" / "mask_dict.json").read_text())
    seen = set()
    for video_id in store.video_ids("valid_u"):
        video = store.video("valid_u", video_id)
        for obj in video.objects:
            entries = source[str(obj.object_id)]
            assert len(entries) == len(video.frames)
            for index, entry in enumerate(entries):
                rle = video.masks.get((obj.object_id, index))
                assert (rle is None) == (entry is None)
                if entry is not None:
                    assert np.array_equal(masks.decode(rle), coco.decode(entry).astype(bool))
            seen.add(str(obj.object_id))
    assert seen == source.keys()
    several = [e for e in store.expressions("valid_u") if len(e.object_ids) > 1]
    assert [(e.text, e.object_ids) for e in several] == [
        ("the two balls resting in the rack", (2, 3)),
        ("the balls in the air", (1, 4)),
    ]


def test_the_official_jhmdb_text_names_928_videos_with_one_expression_each(shared, tmp_path):
    """The real text and MTTR's real list; frames and masks of two videos are drawn."""
    samples = shared / "samples" / "jhmdb_sentences"
    for name in ("jhmdb_annotation.txt", "jhmdb_sentences_samples_metadata.json"):
        (tmp_path / name).symlink_to(samples / name)
    listed = json.loads((samples / "jhmdb_sentences_samples_metadata.json").read_text())
    for _, frame_path, mask_path, _, _ in listed:
        (tmp_path / frame_path.removeprefix("./jhmdb_sentences/")).parent.mkdir(parents=True, exist_ok=True)
        mask = tmp_path / mask_path.removeprefix("./jhmdb_sentences/")
        mask.parent.mkdir(parents=True, exist_ok=True)
        mask.touch()
    release = open_release("jhmdb", tmp_path)
    assert release.problems == ()
    assert len(release.videos("test")) == release.card.counts["test"]["videos"] == 928
    assert release.card.title.startswith("JHMDB-Sentences (frames of MTTR, sha256 401e5df0612d")
    assert sum(len(release._samples.frames[video_id]) for video_id in release.videos("test")) == 2784
