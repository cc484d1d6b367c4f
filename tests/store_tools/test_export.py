"""The law: prepare(export(store)) holds what the store holds, up to where the files lie."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pycocotools import mask as coco
from pycocotools.coco import COCO

from rvosbench import masks
from rvosbench.errors import DatasetError, MissingPathError, OutputError, UnknownNameError
from rvosbench.media.frames import open_frames
from rvosbench.media.images import decode_image
from rvosbench.preparation import prepare
from rvosbench.store import SCHEMAS, Store
from rvosbench.store_tools.export import FORMATS, export
from rvosbench.synthetic import write
from rvosbench.types import Expression, Frame, Object, Video
from tests.datasets import tiny_releases
from tests.tiny_store import hidden, png, square, two_squares, video, write_store


def one_based(video_id="pair", split="train", **options):
    """Two objects with ids that every layout can hold, and expressions about one of them, both, none."""
    tracks = {1: {n: square(2 * n) for n in range(6)}, 2: {n: square(20, 14) for n in range(3, 6)}}
    expressions = {"the red square": (1,), "the blue one": (2,), "both": (1, 2), "the dog": ()}
    return video(video_id, split, tracks, expressions, categories={1: "red", 2: None}, **options)


def secret(video_id="secret", split="valid"):
    """Hidden truth, and nobody looked at a frame."""
    found = hidden(video_id, split)
    return replace(found, frames=tuple(replace(frame, annotated=False) for frame in found.frames))


def contents(store, *, categories=True, fps=True):
    """Split -> table -> rows, without what says where files lie."""
    found = {}
    for split in store.splits:
        found[split] = {table: store.table(table, split).to_pylist() for table in SCHEMAS}
        for row in found[split]["videos"]:
            del row["source"]
            if not fps:
                del row["fps"]
        for row in found[split]["frames"]:
            del row["image"]
        for row in found[split]["objects"]:
            if not categories:
                del row["category"]
    return found


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    """A store of the synthetic Ref-YouTube-VOS, a part of train held out."""
    folder = tmp_path_factory.mktemp("synthetic")
    write("ytvos", folder / "release", videos=4, seed=5, frames=4, size=(48, 64))
    prepare("ytvos", folder / "release", folder / "store", options={"trainval": "0.5"})
    return Store.open(folder / "store")


@pytest.mark.parametrize("pixels", ["copy", "link"])
def test_png_of_ytvos_prepares_to_the_same_store(synthetic, tmp_path, pixels):
    made = export(synthetic, "png", tmp_path / "release", pixels=pixels)
    assert (made.videos, made.notes) == (7, ())
    prepare("ytvos", tmp_path / "release", tmp_path / "store", options={"trainval": "0.5"})
    again = Store.open(tmp_path / "store")
    assert again.fingerprint == synthetic.fingerprint
    assert contents(again) == contents(synthetic)
    for split in synthetic.splits:
        for video_id in synthetic.video_ids(split):
            first, second = synthetic.video(split, video_id), again.video(split, video_id)
            with open_frames(first, synthetic.release) as a, open_frames(second, again.release) as b:
                every = range(len(first.frames))
                assert np.array_equal(a.read(every), b.read(every))
    copied = next((tmp_path / "release" / "train" / "JPEGImages").rglob("*.jpg"))
    assert copied.is_symlink() == (pixels == "link")


def test_png_of_the_tiny_release_prepares_to_the_same_store(tmp_path):
    root = tiny_releases.ytvos(tmp_path / "official")
    prepare("ytvos", root, tmp_path / "first")
    first = Store.open(tmp_path / "first")
    export(first, "png", tmp_path / "release")
    prepare("ytvos", tmp_path / "release", tmp_path / "second")
    assert contents(Store.open(tmp_path / "second")) == contents(first)


def test_png_of_the_real_samples_prepares_to_the_same_store(shared, tmp_path):
    prepare("ytvos", shared / "samples" / "ref_youtube_vos", tmp_path / "first")
    first = Store.open(tmp_path / "first")
    assert export(first, "png", tmp_path / "release", pixels="link").notes == ()
    prepare("ytvos", tmp_path / "release", tmp_path / "second")
    second = Store.open(tmp_path / "second")
    assert second.fingerprint == first.fingerprint
    assert contents(second) == contents(first)


def test_png_of_valid_with_its_masks_prepares_to_the_same_store(tmp_path):
    partly = one_based("half", "valid", annotated=(0, 3))
    first = write_store(tmp_path / "first", [one_based(), partly, secret()])
    made = export(first, "png", tmp_path / "release")
    assert made.notes == (
        "not in the export: 1 categories of objects outside train (first in valid/half)",
        "4 expressions about several objects or none have a list as obj_id (first in train/pair)",
    )
    options = {"valid-masks": str(tmp_path / "release" / "valid")}
    prepare("ytvos", tmp_path / "release", tmp_path / "second", options=options)
    second = Store.open(tmp_path / "second")
    seen, wanted = contents(second, fps=False), contents(first, fps=False)
    assert seen["train"] == wanted["train"]
    assert {**seen["valid"], "objects": None} == {**wanted["valid"], "objects": None}


@st.composite
def labelled(draw, video_id):
    """A video whose masks come from random label maps, with any expressions about its objects."""
    shape = draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    ids = sorted(draw(st.sets(st.integers(1, 255), min_size=1, max_size=3)))
    maps = [
        draw(arrays.arrays(np.uint8, shape, elements=st.sampled_from([0, *ids])))
        for _ in range(draw(st.integers(1, 3)))
    ]
    found = {(i, n): masks.encode(m == i) for n, m in enumerate(maps) for i in ids if (m == i).any()}
    meant = draw(
        st.lists(st.none() | st.lists(st.sampled_from(ids), unique=True).map(tuple), min_size=1, max_size=3)
    )
    present = {i for i, _ in found} | {i for each in meant for i in each or ()}
    texts = st.text(st.characters(codec="utf-8"), max_size=12)
    return Video(
        video_id=video_id,
        split="train",
        height=shape[0],
        width=shape[1],
        fps=6.0,
        source="drawn",
        frames=tuple(
            Frame(name=f"{n:05d}", annotated=True, path=None, encoded=png(np.zeros((*shape, 3), np.uint8)))
            for n in range(len(maps))
        ),
        objects=tuple(Object(object_id=i, category=draw(st.none() | texts)) for i in sorted(present)),
        expressions=tuple(
            Expression(video_id=video_id, expression_id=str(n), text=draw(texts), object_ids=each)
            for n, each in enumerate(meant)
        ),
        masks=found,
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(content=st.tuples(labelled("a"), labelled("b")))
def test_png_of_any_label_maps_prepares_to_the_same_store(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("law")
    first = write_store(folder / "first", list(content))
    export(first, "png", folder / "release")
    prepare("ytvos", folder / "release", folder / "second")
    assert contents(Store.open(folder / "second")) == contents(first)


def test_png_of_davis_is_its_converted_form(tmp_path):
    prepare("davis", tiny_releases.davis(tmp_path / "official"), tmp_path / "first")
    first = Store.open(tmp_path / "first")
    made = export(first, "png", tmp_path / "release")
    assert any("names of annotators" in note for note in made.notes)
    prepare("davis", tmp_path / "release", tmp_path / "second")
    second = Store.open(tmp_path / "second")
    assert list(second.splits) == ["val"]
    seen, wanted = contents(second, categories=False), contents(first, categories=False)
    for table in ("videos", "frames", "objects", "masks"):
        assert seen["val"][table] == wanted["val"][table]
    texts = [row["text"] for row in wanted["val"]["expressions"]]
    assert [row["text"] for row in seen["val"]["expressions"]] == texts


def test_png_refuses_what_a_palette_cannot_hold(tmp_path):
    zero = write_store(tmp_path / "zero", [two_squares()])
    overlap = video("v", "train", {1: {0: square(2)}, 2: {0: square(6)}}, {"x": (1,)}, frames=1)
    partly = one_based(annotated=(0, 2))
    twice = [one_based("v", "train"), one_based("v", "valid")]
    for name, content, expected in (
        ("zero", None, "object ids from 0 to 1, a palette PNG holds 1 to 255"),
        ("overlap", [overlap], "train/v, frame 00000: object 2 overlaps object 1"),
        ("partly", [partly], "2 annotated frames of 6"),
        ("twice", twice, "is in valid and train"),
    ):
        store = zero if content is None else write_store(tmp_path / name, content)
        with pytest.raises(DatasetError, match=expected):
            export(store, "png", tmp_path / "out")
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]


def test_mask_dict_read_with_pycocotools_gives_the_masks_of_every_expression(synthetic, tmp_path):
    export(synthetic, "mask-dict", tmp_path / "mevis", pixels="none")
    seen = 0
    for split in ("train", "heldout"):
        meta = json.loads((tmp_path / "mevis" / split / "meta_expressions.json").read_text())["videos"]
        tracks = json.loads((tmp_path / "mevis" / split / "mask_dict.json").read_text())
        assert list(meta) == list(synthetic.video_ids(split))
        assert [entry["vid_id"] for entry in meta.values()] == list(range(len(meta)))
        for video_id, entry in meta.items():
            original = synthetic.video(split, video_id)
            assert entry["frames"] == [frame.name for frame in original.frames]
            for expression in original.expressions:
                told = entry["expressions"][expression.expression_id]
                assert (told["exp"], tuple(told["obj_id"])) == (expression.text, expression.object_ids)
                for index in range(len(original.frames)):
                    found = [tracks[str(number)][index] for number in told["anno_id"]]
                    shown = [coco.decode(rle) for rle in found if rle is not None]
                    rles = [original.masks.get((o, index)) for o in expression.object_ids]
                    expected = masks.union([r for r in rles if r], original.height, original.width)
                    merged = np.any(shown, axis=0) if shown else np.zeros(masks.decode(expected).shape)
                    assert np.array_equal(merged, masks.decode(expected))
                    seen += 1
    assert seen > 50
    for split in ("valid", "test"):
        assert not (tmp_path / "mevis" / split / "mask_dict.json").exists()
        meta = json.loads((tmp_path / "mevis" / split / "meta_expressions.json").read_text())["videos"]
        keys = {key for entry in meta.values() for s in entry["expressions"].values() for key in s}
        assert keys == {"exp"}


def mevis_like(tmp_path):
    """Object ids that are distinct over the store, several objects, no target, hidden truth."""
    tracks = {7: {n: square(2 * n) for n in range(6)}, 8: {n: square(9) for n in range(3, 6)}}
    first = video("a", "train", tracks, {"both": (7, 8), "none": (), "one": (8,)}, categories={7: None})
    second = video("b", "train", {3: {1: square(0)}}, {"x": (3,)}, categories={3: None})
    plain = [replace(v, objects=tuple(replace(o, category=None) for o in v.objects)) for v in (first, second)]
    return write_store(tmp_path / "mevis", [*plain, secret()])


def test_mask_dict_prepares_to_the_same_store(tmp_path):
    first = mevis_like(tmp_path)
    assert export(first, "mask-dict", tmp_path / "release").notes == ()
    prepare("mevis", tmp_path / "release", tmp_path / "second")
    second = Store.open(tmp_path / "second")
    assert second.fingerprint == first.fingerprint
    assert contents(second) == contents(first)


def test_mask_dict_of_a_synthetic_release_prepares_to_the_same_store(tmp_path):
    write("mevis", tmp_path / "official", videos=3, seed=0, frames=3, size=(48, 64))
    prepare("mevis", tmp_path / "official", tmp_path / "first")
    first = Store.open(tmp_path / "first")
    assert {0} <= {row["object_id"] for row in first.table("objects", "train").to_pylist()} & {
        row["object_id"] for row in first.table("objects", "valid_u").to_pylist()
    }  # every split counts from 0
    export(first, "mask-dict", tmp_path / "release")
    prepare("mevis", tmp_path / "release", tmp_path / "second")
    second = Store.open(tmp_path / "second")
    assert second.fingerprint == first.fingerprint
    assert second.manifest["card"] == first.manifest["card"]  # MeViSv2


def test_mask_dict_of_the_real_sample_prepares_to_the_same_store(shared, tmp_path):
    prepare("mevis", shared / "samples" / "mevis", tmp_path / "first")
    first = Store.open(tmp_path / "first")
    export(first, "mask-dict", tmp_path / "release", pixels="link")
    prepare("mevis", tmp_path / "release", tmp_path / "second")
    second = Store.open(tmp_path / "second")
    assert second.fingerprint == first.fingerprint
    assert contents(second) == contents(first)


def test_mask_dict_numbers_objects_anew_only_when_ids_repeat(tmp_path):
    store = write_store(tmp_path / "s", [one_based("a"), one_based("b")])
    made = export(store, "mask-dict", tmp_path / "out")
    assert made.notes == ("not in the export: 2 categories of objects (first in train/a)",)
    meta = json.loads((tmp_path / "out" / "train" / "meta_expressions.json").read_text())["videos"]
    told = [meta[v]["expressions"]["2"] for v in ("a", "b")]
    assert [(s["anno_id"], s["obj_id"]) for s in told] == [([0, 1], [1, 2]), ([2, 3], [1, 2])]


def test_mask_dict_refuses_frames_that_nobody_looked_at_and_tells_unmentioned_objects(tmp_path):
    store = write_store(tmp_path / "s", [one_based(annotated=(0, 2))])
    with pytest.raises(DatasetError, match="2 annotated frames of 6"):
        export(store, "mask-dict", tmp_path / "out")
    quiet = replace(one_based(), expressions=one_based().expressions[:1])
    store = write_store(tmp_path / "t", [quiet])
    notes = export(store, "mask-dict", tmp_path / "out").notes
    assert "not in the export: 1 objects that no expression means (first in train/pair)" in notes


def from_coco(path):
    """Everything but file places, from the json alone."""
    content = json.loads(path.read_text())
    images = {image["id"]: image for image in content["images"]}
    found = {}
    for entry in content["videos"]:
        number = entry["id"]
        found[entry["name"]] = {
            "size": (entry["height"], entry["width"], entry["fps"]),
            "frames": [
                (name, pts_s, index in entry["annotated"])
                for index, (name, pts_s) in enumerate(zip(entry["frames"], entry["pts_s"], strict=True))
            ],
            "objects": [
                (o["object_id"], o["category"]) for o in content["objects"] if o["video_id"] == number
            ],
            "expressions": [
                (e["expression_id"], e["text"], e["object_ids"], e["annotator"])
                for e in content["expressions"]
                if e["video_id"] == number
            ],
            "masks": {
                (a["object_id"], images[a["image_id"]]["frame_index"]): a["segmentation"]["counts"]
                for a in content["annotations"]
                if images[a["image_id"]]["video_id"] == number
            },
        }
    return found


def as_told(video):
    return {
        "size": (video.height, video.width, video.fps),
        "frames": [(frame.name, frame.pts_s, frame.annotated) for frame in video.frames],
        "objects": [(o.object_id, o.category) for o in video.objects],
        "expressions": [
            (e.expression_id, e.text, None if e.object_ids is None else list(e.object_ids), e.annotator)
            for e in video.expressions
        ],
        "masks": {key: rle.counts.decode() for key, rle in video.masks.items()},
    }


def test_coco_says_all_that_the_store_says(tmp_path):
    content = [two_squares(), one_based("partly", annotated=(0, 2)), secret()]
    store = write_store(tmp_path / "s", content)
    assert export(store, "coco", tmp_path / "coco").notes == ()
    for split in store.splits:
        found = from_coco(tmp_path / "coco" / "annotations" / f"{split}.json")
        assert found == {v: as_told(store.video(split, v)) for v in store.video_ids(split)}


def test_coco_opens_in_pycocotools(tmp_path, capsys):
    void = video("void", "train", {1: {0: square(0)}, 255: {0: square(12)}}, {"x": (1,)}, frames=1)
    void = replace(
        void, objects=tuple(replace(o, category={1: "dog", 255: "void"}[o.object_id]) for o in void.objects)
    )
    store = write_store(tmp_path / "s", [one_based("partly", annotated=(0, 4)), void])
    export(store, "coco", tmp_path / "coco")
    opened = COCO(tmp_path / "coco" / "annotations" / "train.json")
    capsys.readouterr()
    assert len(opened.imgs) == 3  # annotated frames only
    assert sorted(c["name"] for c in opened.cats.values()) == ["dog", "object", "red", "void"]
    for image in opened.imgs.values():
        assert (tmp_path / "coco" / "images" / image["file_name"]).is_file()
    for annotation in opened.anns.values():
        mask = opened.annToMask(annotation)
        assert (int(mask.sum()), annotation["bbox"]) == (
            annotation["area"],
            list(coco.toBbox(annotation["segmentation"])),
        )
    assert [a["iscrowd"] for a in opened.anns.values()].count(1) == 1


def test_frames_of_an_mp4_become_png_files_without_loss(tmp_path):
    prepare("a2d", tiny_releases.a2d(tmp_path / "official"), tmp_path / "store")
    store = Store.open(tmp_path / "store")
    export(store, "coco", tmp_path / "coco")
    files = sorted((tmp_path / "coco" / "images").rglob("*.png"))
    assert len(files) == 3
    split = files[0].parent.parent.name
    original = store.video(split, files[0].parent.name)
    index = [frame.name for frame in original.frames].index(files[0].stem)
    with open_frames(original, store.release) as reader:
        expected = reader.read([index])[0]
    assert np.array_equal(decode_image(files[0].read_bytes(), "it"), expected)


@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize("bad", ["../evil", "/etc/x", "a\0b", "CON", "x" * 200, "\uff41", "..", "a/b"])
def test_ids_are_checked_before_they_become_paths(tmp_path, layout, bad):
    store = write_store(tmp_path / "s", [replace(one_based(), video_id=bad, expressions=())])
    with pytest.raises(DatasetError, match="not a safe file name"):
        export(store, layout, tmp_path / "out")
    single = one_based(frames=1)
    named = replace(single, frames=(replace(single.frames[0], name=bad),))
    store = write_store(tmp_path / "t", [named])
    with pytest.raises(DatasetError, match="not a safe file name"):
        export(store, layout, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s", "t"]


def test_expression_ids_of_the_readable_layouts_are_checked(tmp_path):
    expression = Expression(video_id="pair", expression_id="../x", text="t", object_ids=(1,))
    store = write_store(tmp_path / "s", [replace(one_based(), expressions=(expression,))])
    for layout in ("png", "mask-dict"):
        with pytest.raises(DatasetError, match="an expression id of pair"):
            export(store, layout, tmp_path / "out")


@pytest.mark.parametrize("layout", FORMATS)
def test_a_taken_folder_is_refused_and_an_error_leaves_nothing(tmp_path, layout):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.txt").write_text("three years")
    store = write_store(tmp_path / "s", [one_based()])
    with pytest.raises(OutputError, match="taken"):
        export(store, layout, tmp_path / "taken")
    frames = tuple(replace(f, encoded=None, path=f"gone/{f.name}.jpg") for f in one_based().frames)
    broken = write_store(tmp_path / "b", [one_based("a"), replace(one_based("z"), frames=frames)])
    with pytest.raises(MissingPathError, match="gone"):
        export(broken, layout, tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == ["b", "s", "taken"]  # noqa: PTH208
    assert os.listdir(tmp_path / "taken") == ["thesis.txt"]  # noqa: PTH208


def test_a_path_that_leaves_the_release_is_refused(tmp_path):
    (tmp_path / "secret.jpg").write_bytes(b"x")
    frames = tuple(replace(f, encoded=None, path="../secret.jpg") for f in one_based().frames)
    store = write_store(tmp_path / "a" / "s", [replace(one_based(), frames=frames)])
    for pixels in ("copy", "link"):
        with pytest.raises(DatasetError, match="leaves the release folder"):
            export(store, "coco", tmp_path / "out", pixels=pixels)


def test_unknown_formats_and_splits_answer_with_the_nearest(synthetic, tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'coco'"):
        export(synthetic, "cocoo", tmp_path / "out")
    with pytest.raises(UnknownNameError, match="did you mean 'train'"):
        export(synthetic, "coco", tmp_path / "out", splits=["trian"])


def test_only_the_splits_that_were_asked_for(synthetic, tmp_path):
    export(synthetic, "coco", tmp_path / "out", splits=["test"], pixels="none")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["test.json"]
