"""What archives of other systems leave: beside every file, and nothing of it in its place."""

from __future__ import annotations

from rvosbench.synthetic.litter import litter


def test_every_file_has_its_shadows_and_stays_what_it_was(tmp_path):
    (tmp_path / "train" / "video").mkdir(parents=True)
    (tmp_path / "train" / "video" / "00000.jpg").write_bytes(b"pixels")
    (tmp_path / "meta.json").write_bytes(b"{}")
    litter(tmp_path)
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {
        "meta.json",
        "train/video/00000.jpg",
        "._meta.json",
        "._train",
        "train/._video",
        "train/video/._00000.jpg",
        ".DS_Store",
        "train/.DS_Store",
        "train/video/.DS_Store",
        "train/video/Thumbs.db",
        "__MACOSX/._meta.json",
        "__MACOSX/._train",
        "__MACOSX/train/._video",
        "__MACOSX/train/video/._00000.jpg",
    }
    assert (tmp_path / "train" / "video" / "00000.jpg").read_bytes() == b"pixels"
