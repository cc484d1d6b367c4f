"""Ref-DAVIS17 layout: the raw downloads with their misspelt names and encodings, and the converted tree."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from rvosbench.synthetic import write
from rvosbench.synthetic.language import kind_of

TEXTS = (
    "Davis17_annot1.txt",
    "Davis17_annot1_full_video.txt",
    "Davis17_annot2.txt",
    "Davis17_annot2_full_video.txt",
)


def small(root, *, quirks=None):
    write("davis", root, videos=4, seed=2, frames=4, size=(48, 64), quirks=quirks)
    return root


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    return small(tmp_path_factory.mktemp("davis") / "release")


def lines(root, name):
    data = (root / "davis_text_annotations" / name).read_bytes()
    return [line.split(" ", 2) for line in data.decode("latin-1").splitlines()]


def labels(root, sequence, frame):
    with Image.open(root / "DAVIS" / "Annotations_unsupervised" / "480p" / sequence / frame) as image:
        assert image.mode == "P"
        return np.array(image)


def sequences(root, split):
    return (root / "DAVIS" / "ImageSets" / "2017" / f"{split}.txt").read_text().split()


def test_the_folders_are_the_official_ones(release):
    assert sorted(path.name for path in release.iterdir()) == ["DAVIS", "davis_text_annotations"]
    assert sorted(path.name for path in (release / "davis_text_annotations").iterdir()) == sorted(TEXTS)
    train, val = sequences(release, "train"), sequences(release, "val")
    assert (len(train), len(val)) == (4, 2)
    assert {"classic-car", "dogs-scale", "motorbike"} <= set(train)
    for folder in ("JPEGImages", "Annotations_unsupervised"):
        found = {path.name for path in (release / "DAVIS" / folder / "480p").iterdir()}
        assert found == {*train, *val}


def test_every_object_has_a_line_in_every_file_under_the_official_misspellings(release):
    semantics = json.loads((release / "DAVIS" / "davis_semantics.json").read_text())
    objects = {(name, key) for name, found in semantics.items() for key in found}
    wrong = {"clasic-car": "classic-car", "dog-scale": "dogs-scale", "motor-bike": "motorbike"}
    for name in TEXTS:
        found = [(wrong.get(sequence, sequence), key) for sequence, key, _ in lines(release, name)]
        assert len(set(found)) == len(found)
        assert set(found) == objects
        assert {sequence for sequence, _, _ in lines(release, name)} & set(wrong) == set(wrong)
        assert all(text.startswith('"') and text.endswith('"') for _, _, text in lines(release, name))


def test_the_second_annotator_wrote_in_latin_1(release):
    for name in TEXTS:
        data = (release / "davis_text_annotations" / name).read_bytes()
        if "annot2" in name:
            with pytest.raises(UnicodeDecodeError):
                data.decode("utf-8")
        else:
            assert data.isascii()


def test_expressions_about_the_first_frame_need_no_motion_where_others_do(release):
    texts = {
        name: [text.strip('"').removeprefix("voil\xe0, ") for _, _, text in lines(release, name)]
        for name in TEXTS
    }
    moves = {name: [kind_of(text) in ("motion", "order") for text in said] for name, said in texts.items()}
    assert not any(moves[TEXTS[0]] + moves[TEXTS[2]])
    assert any(moves[TEXTS[1]] + moves[TEXTS[3]])


def test_void_is_in_every_second_frame_and_covers_no_object(release, tmp_path):
    plain = small(tmp_path / "plain", quirks=())
    for sequence in sequences(release, "val"):
        for position in range(4):
            drawn = labels(release, sequence, f"{position:05d}.png")
            exact = labels(plain, sequence, f"{position:05d}.png")
            assert (255 in drawn) == (position % 2 == 1)
            np.testing.assert_array_equal(np.where(drawn == 255, 0, drawn), exact)


def test_the_converted_tree_counts_four_expressions_per_object(release, tmp_path):
    root = small(tmp_path / "converted", quirks=("converted",))
    assert sorted(path.name for path in root.iterdir()) == ["meta_expressions", "train", "valid"]
    meta = json.loads((root / "meta_expressions" / "valid" / "meta_expressions.json").read_text())["videos"]
    assert sorted(meta) == sorted(sequences(release, "val"))
    for video in meta.values():
        assert list(video["expressions"]) == [str(n) for n in range(len(video["expressions"]))]
        means = [entry["obj_id"] for entry in video["expressions"].values()]
        assert means == [str(n // 4 + 1) for n in range(len(means))]
