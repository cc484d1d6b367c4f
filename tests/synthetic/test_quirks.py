"""The table of quirks: what is usual, what is refused, and that each one is there only when asked for."""

from __future__ import annotations

import json
import pickle

import h5py
import numpy as np
import pytest
from PIL import Image
from scipy.io import loadmat

from rvosbench.errors import RvosbenchError, UnknownNameError
from rvosbench.synthetic import LAYOUTS, write
from rvosbench.synthetic.quirks import QUIRKS, check_quirks, usual_quirks

SETTINGS = {"videos": 2, "seed": 0, "frames": 4, "size": (48, 64)}


def test_every_layout_has_quirks_and_each_says_what_it_is():
    assert QUIRKS.keys() == LAYOUTS.keys()
    for quirks in QUIRKS.values():
        assert "archive-dirt" in quirks
        assert all(quirk.text for quirk in quirks.values())


def test_the_usual_quirks_are_those_of_official_copies():
    assert usual_quirks("ytvos") == ("string-ids", "mixed-valid", "late-starts")
    assert usual_quirks("refcocog") == ("crowds",)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_unknown_quirk_is_refused_with_the_list_and_nothing_is_written(layout, tmp_path):
    with pytest.raises(UnknownNameError, match=r"has no quirk 'nulls'; there are: .*archive-dirt") as refused:
        write(layout, tmp_path / "x", videos=1, seed=0, quirks=("nulls",))
    assert str(refused.value).startswith(layout)
    assert list(tmp_path.iterdir()) == []


def test_two_colours_for_one_annotation_are_refused():
    with pytest.raises(RvosbenchError, match="grey-png and rgb-png cannot be had together"):
        check_quirks("ytvos", ("grey-png", "rgb-png", "no-meta"))
    assert check_quirks("ytvos", ["no-meta", "no-meta"]) == {"no-meta"}


# ---- what shows that a release has a quirk


def masks_of(root):
    """(frame, masks, instances) of every .h5 file."""
    for path in sorted((root / "text_annotations").glob("*/*/*.h5")):
        with h5py.File(path) as file:
            yield int(path.stem), file["reMask"][()], file["instance"][()].tolist()


def a2d_text(root):
    return (root / "text_annotations" / "a2d_annotation.txt").read_text().splitlines()


def latin(root):
    return (root / "davis_text_annotations" / "Davis17_annot2.txt").read_bytes()


def labels(root, *place):
    """All values in the PNGs of a folder."""
    found = set()
    for path in root.joinpath(*place).rglob("*.png"):
        with Image.open(path) as image:
            found |= set(np.unique(np.array(image)).tolist())
    return found


def modes(root):
    found = set()
    for path in (root / "train" / "Annotations").rglob("*.png"):
        with Image.open(path) as image:
            found.add(image.mode)
    return found


def meta(root, split, *, folder="meta_expressions"):
    return json.loads((root / folder / split / "meta_expressions.json").read_text())["videos"]


def mevis(root, name="meta_expressions.json"):
    path = root / "train" / name
    return json.loads(path.read_text())["videos"] if path.is_file() else {}


def expressions(videos):
    return [expression for video in videos.values() for expression in video["expressions"].values()]


def instances(root):
    (path,) = root.glob("coco/*/instances.json")
    return json.loads(path.read_text())["annotations"]


def refs(root):
    (path,) = (p for p in root.glob("coco/*/refs*.p") if "google" not in p.name)
    return pickle.loads(path.read_bytes())


def crowds(root):
    return {annotation["id"] for annotation in instances(root) if annotation["iscrowd"]}


REFCOCO = {
    "crowds": lambda root: bool(crowds(root)),
    "meant-crowds": lambda root: bool(crowds(root) & {ref["ann_id"] for ref in refs(root)}),
    "large-ids": lambda root: any(number > 2**31 for number in crowds(root)),
    "parts": lambda root: all(len(a["segmentation"]) > 1 for a in instances(root)),
    "compressed": lambda root: isinstance(instances(root)[0]["segmentation"], dict),
    "google": lambda root: any(root.glob("coco/*/refs(google).p")),
    "converted": lambda root: any(root.glob("coco/*/instances_*_val.json")),
}
SIGNS = {
    "a2d": {
        "dash-ids": lambda root: any((root / "Release" / "clips320H").glob("-*")),
        "squeezed": lambda root: any(masks.ndim == 2 for _, masks, _ in masks_of(root)),
        "row-order": lambda root: any(rows != sorted(rows) for *_, rows in masks_of(root)),
        "untidy-text": lambda root: any(
            line.split(",")[2] != line.split(",")[2].lower() for line in a2d_text(root)[1:]
        ),
        "missed-video": lambda root: (root / "text_annotations" / "a2d_missed_videos.txt").is_file(),
        "header": lambda root: (root / "Release" / "videoset.csv").read_text().startswith("VID,Label,"),
        "upper-case": lambda root: (root / "Release" / "CLIPS320").is_dir(),
        "root-text": lambda root: (root / "a2d_annotation.txt").is_file(),
        "copy-row": lambda root: sum(",1 (copy)," in line for line in a2d_text(root)) == 1,
        "extra-columns": lambda root: {line.count(",") for line in a2d_text(root)} == {3},
        "damaged-masks": lambda root: (
            {len(masks) - len(rows) for _, masks, rows in masks_of(root) if masks.ndim == 3} == {0, 1}
            and any(len(set(rows)) < len(rows) for *_, rows in masks_of(root))
        ),
        "mat-only": lambda root: any(root.glob("Release/Annotations/mat/*/00001.mat")),
    },
    "davis": {
        "misspelt-names": lambda root: b"clasic-car" in latin(root),
        "latin-1": lambda root: b"voil\xe0" in latin(root),
        "void": lambda root: 255 in labels(root, "DAVIS"),
        "semi-supervised": lambda root: (root / "DAVIS" / "Annotations" / "480p").is_dir(),
        "extra-objects": lambda root: 8 in labels(root, "DAVIS"),
        "no-semantics": lambda root: not (root / "DAVIS" / "davis_semantics.json").is_file(),
        "uneven-texts": lambda root: b"said before" in latin(root),
        "converted": lambda root: (root / "meta_expressions" / "valid").is_dir(),
    },
    "jhmdb": {
        "samples": lambda root: (root / "jhmdb_sentences_samples_metadata.json").is_file(),
        "trailing-frames": lambda root: any(root.glob("Rename_Images/*/*/00006.png")),
        "odd-ids": lambda root: any(root.glob("Rename_Images/*/@(*)__-_300+_!!*")),
        "doubles": lambda root: (
            {loadmat(path)["part_mask"].dtype for path in root.rglob("*.mat")} == {np.dtype("f8")}
        ),
    },
    "mevis": {
        "several-objects": lambda root: any(len(s["anno_id"]) > 1 for s in expressions(mevis(root))),
        "no-target": lambda root: any(
            not s["anno_id"] for s in expressions(mevis(root, "meta_expressions_v2.json"))
        ),
        "unused-masks": lambda root: (
            len(json.loads((root / "train" / "mask_dict.json").read_text()))
            > len({number for s in expressions(mevis(root)) for number in s["anno_id"]})
        ),
        "frames-out-of-order": lambda root: any(v["frames"][0] == "00003" for v in mevis(root).values()),
        "both-texts": lambda root: bool(mevis(root)) and bool(mevis(root, "meta_expressions_v2.json")),
    },
    "refcoco": REFCOCO,
    "refcoco+": REFCOCO,
    "refcocog": REFCOCO,
    "ytvos": {
        "string-ids": lambda root: {type(s["obj_id"]) for s in expressions(meta(root, "train"))} == {str},
        "mixed-valid": lambda root: len(meta(root, "valid")) == 3,
        "late-starts": lambda root: any(v["frames"][0] != "00000" for v in meta(root, "valid").values()),
        "unlisted-frames": lambda root: any(root.glob("train/JPEGImages/*/00001.jpg")),
        "no-test-json": lambda root: not (root / "meta_expressions" / "test").exists(),
        "no-meta": lambda root: not (root / "train" / "meta.json").is_file(),
        "duplicates": lambda root: all(
            len({s["exp"] for s in expressions({0: v})}) < len(expressions({0: v}))
            for v in meta(root, "train").values()
        ),
        "valid-masks": lambda root: (
            any(root.glob("valid_masks/Annotations/*/*.png"))
            and all("obj_id" in s for s in expressions(meta(root, "", folder="valid_masks")))
        ),
        "grey-png": lambda root: modes(root) == {"L"},
        "rgb-png": lambda root: modes(root) == {"RGB"},
    },
}
PARTNERS = {"large-ids": ("crowds",), "both-texts": ("no-target",)}  # nothing to show without these


@pytest.fixture(scope="module")
def without(tmp_path_factory):
    """(layout, its quirks, seed) -> a release, written once."""
    made = {}

    def of(layout, quirks, seed):
        key = layout, quirks, seed
        if key not in made:
            made[key] = tmp_path_factory.mktemp("without") / "release"
            write(layout, made[key], quirks=quirks, **(SETTINGS | {"seed": seed}))
        return made[key]

    return of


@pytest.mark.parametrize(("layout", "quirk"), [(name, quirk) for name in SIGNS for quirk in SIGNS[name]])
def test_a_release_has_a_quirk_when_it_is_asked_for(layout, quirk, without, tmp_path):
    has = SIGNS[layout][quirk]
    partners = PARTNERS.get(quirk, ())
    for seed in range(40):  # some depend on what is seen in a frame, or on a share of the videos
        write(layout, tmp_path / str(seed), quirks=(quirk, *partners), **(SETTINGS | {"seed": seed}))
        assert not has(without(layout, partners, seed))
        if has(tmp_path / str(seed)):
            return
    pytest.fail(f"no release in 40 has {quirk}")
