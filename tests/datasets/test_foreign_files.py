"""A git-lfs pointer, a web page or a zip under the name of any file of a release is named for what it is."""

from __future__ import annotations

import io
import zipfile

import pytest

from rvosbench.errors import DatasetError
from rvosbench.preparation import prepare
from tests.datasets import tiny_releases

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
PAGE = b"<!DOCTYPE html>\n<html><head><title>Google Drive - Virus scan warning</title></head></html>\n"


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("a.txt", "a" * 100)
    return buffer.getvalue()


KINDS = {"a git-lfs pointer": LFS, "a saved web page": PAGE, "a zip archive": archive(), "an empty file": b""}
FILES = {
    "ytvos": (
        "meta_expressions/train/meta_expressions.json",
        "train/meta.json",
        "train/JPEGImages/aaa/00005.jpg",
        "train/Annotations/aaa/00010.png",
    ),
    "davis": (
        "davis_text_annotations/Davis17_annot1.txt",
        "DAVIS/davis_semantics.json",
        "DAVIS/ImageSets/2017/val.txt",
        "DAVIS/JPEGImages/480p/motorbike/00001.jpg",
        "DAVIS/Annotations_unsupervised/480p/motorbike/00001.png",
    ),
    "mevis": ("train/meta_expressions.json", "train/mask_dict.json"),
    "refcoco": ("refcoco/instances.json", "refcoco/refs(unc).p"),
    "a2d": ("Release/videoset.csv", "text_annotations/a2d_annotation.txt"),
    "jhmdb": ("jhmdb_annotation.txt",),
}
SPLITS = {"davis": "val", "jhmdb": "test"}
MAY_BE_EMPTY = (".txt", ".csv")  # then nothing is listed, which is said in other words


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "file"), [(name, file) for name, files in FILES.items() for file in files])
def test_it_is_named_for_what_it_is(tmp_path, name, file, kind):
    root = getattr(tiny_releases, name)(tmp_path / "release")
    (victim,) = root.glob(file.replace("(", "[(]").replace(")", "[)]"))
    victim.write_bytes(KINDS[kind])
    if kind == "an empty file" and victim.suffix in MAY_BE_EMPTY:
        return
    with pytest.raises(DatasetError) as refused:
        prepare(name, root, tmp_path / "store", splits=[SPLITS.get(name, "train")])
    assert kind in str(refused.value)
    assert victim.name in str(refused.value)


@pytest.mark.parametrize("pattern", ["*.mp4", "*.h5", "*.mat", "*.jpg", "*.png", "*.json", "*.p"])
@pytest.mark.parametrize("name", ["a2d", "jhmdb", "mevis", "refcoco"])
def test_every_kind_of_file_says_so(tmp_path, name, pattern):
    root = getattr(tiny_releases, name)(tmp_path / "release")
    files = sorted(root.rglob(pattern))
    for file in files:
        file.write_bytes(LFS)
    if files:
        with pytest.raises(DatasetError, match=r"is a git-lfs pointer: run git lfs pull"):
            prepare(name, root, tmp_path / "store")
