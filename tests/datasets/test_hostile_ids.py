"""Whatever becomes a path or a part of one, in every reader: refused where it is read, with the id shown."""

from __future__ import annotations

import json
import shutil

import pytest

from rvosbench.errors import DatasetError
from rvosbench.files.text import shown
from rvosbench.preparation import prepare
from rvosbench.preparation.opening import open_release
from tests.datasets import tiny_releases as tiny

BAD = [
    "../up",
    "..",
    "/etc/passwd",
    "C:/x",
    "a/b",
    "a\\b",
    "a\0b",
    "CON",
    "nul.txt",
    "x" * 300,
    "vidéo",
    "аaa",  # noqa: RUF001  Cyrillic
    "\uff41aa",  # full width
    "a\u202eb",  # turns the reading direction around
    "a\u200bb",  # a space without width
    "trailing.",
    "a\nb",
]
ONE_LINE = [bad for bad in BAD if "\n" not in bad]
WORDS = [bad for bad in ONE_LINE if bad == "".join(bad.split())]


def change(path, edit):
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


def append(path, line):
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def in_videos(path, bad):
    change(path, lambda c: c["videos"].update({bad: next(iter(c["videos"].values()))}))


def in_frames(path, bad):
    change(path, lambda c: next(iter(c["videos"].values()))["frames"].append(bad))


def in_expressions(path, bad):
    expression = {"exp": "x"}
    change(path, lambda c: next(iter(c["videos"].values()))["expressions"].update({bad: expression}))


def in_first_image(path, bad):
    change(path, lambda c: c["images"][0].update(file_name=bad))


def in_samples(root, bad):
    entry = tiny.sample(tiny.JHMDB_ODD, 1)
    tiny.write_json(root / "jhmdb_sentences_samples_metadata.json", [entry, [bad, *entry[1:]]])


def converted_refcoco(root):
    tiny.refcoco(root)
    image = {"file_name": "a.jpg", "height": 24, "width": 32, "id": 1, "caption": "x"}
    content = {"images": [image], "annotations": [], "categories": []}
    (root / "refcoco" / "refs(unc).p").unlink()
    tiny.write_json(root / "refcoco" / "instances_refcoco_train.json", content)
    return root


CASES = {
    f"{name}, {place}": (dataset, make, edit, file)
    for name, dataset, make, files in (
        ("ytvos train", "ytvos", tiny.ytvos, "meta_expressions/train/meta_expressions.json"),
        ("ytvos valid", "ytvos", tiny.ytvos, "meta_expressions/valid/meta_expressions.json"),
        ("ytvos test", "ytvos", tiny.ytvos, "meta_expressions/test/meta_expressions.json"),
        ("davis converted", "davis", tiny.davis_converted, "meta_expressions/valid/meta_expressions.json"),
        ("mevis", "mevis", tiny.mevis, "train/meta_expressions.json"),
    )
    for place, edit, file in (
        ("video", in_videos, files),
        ("frame", in_frames, files),
        ("expression", in_expressions, files),
    )
}


def refused(dataset, root, bad, tmp_path):
    with pytest.raises(DatasetError, match="not a safe file name") as caught:
        prepare(dataset, root, tmp_path / "out" / "store")
    assert shown(bad) in str(caught.value)
    assert str(caught.value).isascii()
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out" / "store").exists()


@pytest.mark.parametrize("case", CASES)
def test_ids_in_json(case, tmp_path):
    dataset, make, edit, file = CASES[case]
    path = make(tmp_path / "release") / file
    intact = path.read_text()
    for bad in [*BAD, ""]:
        path.write_text(intact)
        edit(path, bad)
        refused(dataset, tmp_path / "release", bad, tmp_path)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("text_annotations/a2d_annotation.txt", "{},0,x"),
        ("Release/videoset.csv", "{},34,a,b,24,32,6,3,0"),
    ],
)
def test_ids_in_the_tables_of_a2d(file, line, tmp_path):
    path = tiny.a2d(tmp_path / "release") / file
    intact = path.read_bytes()
    for bad in ONE_LINE:
        path.write_bytes(intact)
        append(path, line.format(bad))
        refused("a2d", tmp_path / "release", bad, tmp_path)


def test_ids_in_the_expressions_and_samples_of_jhmdb(tmp_path):
    root = tiny.jhmdb(tmp_path / "release")
    path = root / "jhmdb_annotation.txt"
    for bad in BAD:
        in_samples(root, bad)
        refused("jhmdb", root, bad, tmp_path)
    (root / "jhmdb_sentences_samples_metadata.json").unlink()
    intact = path.read_bytes()
    for bad in ONE_LINE:
        path.write_bytes(intact)
        append(path, f"{bad},x")
        refused("jhmdb", root, bad, tmp_path)


@pytest.mark.parametrize(
    "file", ["davis_text_annotations/Davis17_annot1.txt", "DAVIS/ImageSets/2017/val.txt"]
)
def test_sequences_in_the_text_files_of_davis(file, tmp_path):
    path = tiny.davis(tmp_path / "release") / file
    intact = path.read_bytes()
    for bad in WORDS:
        path.write_bytes(intact)
        append(path, f'{bad} 1 "x"' if "annot" in file else bad)
        refused("davis", tmp_path / "release", bad, tmp_path)


@pytest.mark.parametrize("bad", ["vidéo", "аaa", "CON", "a\u202eb", "a:b"])  # noqa: RUF001
def test_names_of_frames_and_actions_on_disk(bad, tmp_path):
    root = tiny.davis(tmp_path / "davis")
    images = root / "DAVIS" / "JPEGImages" / "480p" / "motorbike"
    (images / "00001.jpg").rename(images / f"{bad}.jpg")
    refused("davis", root, bad, tmp_path)
    root = tiny.jhmdb(tmp_path / "jhmdb")
    (root / "Rename_Images" / "walk").rename(root / "Rename_Images" / bad)
    refused("jhmdb", root, bad, tmp_path)


@pytest.mark.parametrize(
    ("make", "file"),
    [(tiny.refcoco, "instances.json"), (converted_refcoco, "instances_refcoco_train.json")],
)
def test_file_names_in_refcoco(make, file, tmp_path):
    path = make(tmp_path / "release") / "refcoco" / file
    for bad in [*BAD, "", None, 7, ["a.jpg"]]:
        in_first_image(path, bad)
        refused("refcoco", tmp_path / "release", bad, tmp_path)


@pytest.mark.parametrize(
    ("name", "make", "split"),
    [
        ("a2d", tiny.a2d, "train"),
        ("davis", tiny.davis, "val"),
        ("jhmdb", tiny.jhmdb, "test"),
        ("mevis", tiny.mevis, "train"),
        ("refcoco", tiny.refcoco, "train"),
        ("ytvos", tiny.ytvos, "train"),
    ],
)
def test_whoever_asks_for_a_path_gets_an_unknown_name(name, make, split, tmp_path):
    from rvosbench.errors import UnknownNameError

    release = open_release(name, make(tmp_path / "release"))
    for bad in ("../../etc/passwd", "/etc/passwd", "", "a\0b"):
        for ask in (release.read, release.sources):
            with pytest.raises(UnknownNameError):
                ask(split, bad)
            with pytest.raises(UnknownNameError):
                ask(bad, release.videos(split)[0])


def test_folders_nobody_lists_are_not_looked_at(tmp_path):
    """Only what an index names is read: a folder with an odd name beside the videos does not matter."""
    root = tiny.ytvos(tmp_path / "release")
    shutil.copytree(root / "train" / "JPEGImages" / "aaa", root / "train" / "JPEGImages" / "vidéo")
    assert prepare("ytvos", root, tmp_path / "store").counts["train"]["videos"] == 2
