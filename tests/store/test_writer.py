from __future__ import annotations

import hashlib
from dataclasses import asdict, replace

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.errors import DatasetError, MissingPathError, OutputError
from rvosbench.store import ReleaseProblem, Store, StoreWriter, encoded
from rvosbench.store.writer import check
from rvosbench.types import Expression, Frame, Object, Video
from tests.store.random_videos import CARD

MASK = masks.encode(np.ones((4, 5), np.bool_))
VIDEO = Video(
    video_id="aaa",
    split="train",
    height=4,
    width=5,
    fps=None,
    source="aaa",
    frames=(
        Frame(name="00000", annotated=True, path="aaa/00000.jpg"),
        Frame(name="00005", annotated=False, path="aaa/00005.jpg"),
    ),
    objects=(Object(object_id=1), Object(object_id=2)),
    expressions=(Expression(video_id="aaa", expression_id="0", text="x", object_ids=(1,)),),
    masks={(1, 0): MASK},
)
EXPRESSION = VIDEO.expressions[0]


def open_writer(folder, **options):
    return StoreWriter(
        folder, CARD, **({"release": folder.parent, "fingerprint": "f", "arguments": {}} | options)
    )


def test_a_whole_store_lists_every_file_with_its_checksum(tmp_path):
    with open_writer(tmp_path / "store") as writer:
        writer.add(VIDEO)
    store = Store.open(tmp_path / "store")
    assert store.splits == {"train": {"videos": 1, "frames": 2, "objects": 2, "expressions": 1, "masks": 1}}
    found = {path.relative_to(store.folder).as_posix() for path in store.folder.rglob("*.parquet")}
    assert found == set(store.manifest["files"])
    for name, facts in store.manifest["files"].items():
        data = (store.folder / name).read_bytes()
        assert facts["sha256"] == hashlib.sha256(data).hexdigest()
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    readme = (store.folder / "README.md").read_text()
    assert readme.startswith('---\npretty_name: "Tiny: a \\"test\\""\n')
    assert "| train | 1 | 2 | 2 | 1 | 1 |" in readme


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frames": ()}, "has no frames"),
        ({"objects": (Object(object_id=1), Object(object_id=1))}, "lists an object twice"),
        ({"objects": (Object(object_id=1), Object(object_id=2**31))}, "object ids from 1 to 2147483648"),
        ({"objects": (Object(object_id=-1), Object(object_id=1))}, "object ids from -1"),
        ({"expressions": (EXPRESSION, EXPRESSION)}, "two expressions with one id"),
        (
            {"expressions": (replace(EXPRESSION, object_ids=(7,)),)},
            r"means objects \[7\], the video has \[1, 2\]",
        ),
        ({"expressions": (replace(EXPRESSION, text="\ud800"),)}, "not valid Unicode"),
        ({"masks": {(7, 0): MASK}}, "a mask of object 7"),
        ({"masks": {(1, 1): MASK}}, "mask in frame 1, which is not an annotated frame"),
        ({"masks": {(1, 2): MASK}}, "mask in frame 2"),
        ({"masks": {(1, -1): MASK}}, "mask in frame -1"),
        ({"height": 5}, r"the mask is 4x5, the video 5x5 px"),
        ({"video_id": ""}, "expected 1 to 256"),
        ({"video_id": "x" * 300}, "expected 1 to 256"),
        ({"video_id": "\udfff"}, "not valid Unicode"),
    ],
)
def test_a_video_that_contradicts_itself_is_refused_in_one_line(change, message):
    with pytest.raises(DatasetError, match=message) as caught:
        check(replace(VIDEO, **change))
    assert "\n" not in str(caught.value)
    str(caught.value).encode()


def test_a_sound_video_passes():
    check(VIDEO)


def test_videos_must_come_in_order_and_once(tmp_path):
    for second in ("aaa", "a", "Z"):
        with (
            pytest.raises(DatasetError, match="must be sorted and appear once"),
            open_writer(tmp_path / "store") as writer,
        ):
            writer.add(VIDEO)
            writer.add(replace(VIDEO, video_id=second))
        assert list(tmp_path.iterdir()) == []


def test_every_split_has_its_own_order(tmp_path):
    with open_writer(tmp_path / "store") as writer:
        writer.add(replace(VIDEO, video_id="b"))
        writer.add(replace(VIDEO, video_id="a", split="val"))
    assert Store.open(tmp_path / "store").video("val", "a").split == "val"


@pytest.mark.parametrize("split", ["", "../up", "a/b", "a=b", ".hidden", "x" * 65])
def test_a_split_name_is_a_plain_name(tmp_path, split):
    with pytest.raises(DatasetError, match="plain name"), open_writer(tmp_path / "store") as writer:
        writer.add(replace(VIDEO, split=split))
    assert list(tmp_path.iterdir()) == []


def test_no_video_is_no_store(tmp_path):
    with pytest.raises(DatasetError, match="no video was found"), open_writer(tmp_path / "store"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_folders_made_on_the_way_go_again_but_not_others(tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(RuntimeError), open_writer(tmp_path / "mine" / "new" / "er" / "store"):
        raise RuntimeError
    assert list((tmp_path / "mine").iterdir()) == []
    with pytest.raises(RuntimeError), open_writer(tmp_path / "shared" / "store"):
        (tmp_path / "shared" / "somebody else's").touch()
        raise RuntimeError
    assert [path.name for path in (tmp_path / "shared").iterdir()] == ["somebody else's"]


def test_what_an_earlier_run_left_is_cleared(tmp_path):
    (tmp_path / ".store.partial" / "data").mkdir(parents=True)
    (tmp_path / ".store.partial" / "data" / "stale.parquet").touch()
    with open_writer(tmp_path / "store") as writer:
        writer.add(VIDEO)
    assert not list((tmp_path / "store").rglob("stale.parquet"))


def test_places_that_are_taken_are_refused(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "photo.jpg").touch()
    (tmp_path / "empty").mkdir()
    for replace_it in (False, True):
        with pytest.raises(OutputError, match="is a file"):
            open_writer(tmp_path / "file", replace=replace_it)
        with pytest.raises(OutputError, match="is not empty and holds something else than a store"):
            open_writer(tmp_path / "full", replace=replace_it)
    with pytest.raises(OutputError, match="cannot be written"):
        open_writer(tmp_path / "file" / "store")
    with open_writer(tmp_path / "empty") as writer:
        writer.add(VIDEO)
    assert Store.open(tmp_path / "empty").name == "tiny"


def test_replacing_keeps_the_old_store_until_the_new_one_is_whole(tmp_path):
    for number, expected in ((0, "0"), (1, "1")):
        with open_writer(tmp_path / "store", replace=True, fingerprint=str(number)) as writer:
            writer.add(VIDEO)
        assert Store.open(tmp_path / "store").manifest["release"]["fingerprint"] == expected
    with pytest.raises(RuntimeError), open_writer(tmp_path / "store", replace=True) as writer:
        writer.add(VIDEO)
        raise RuntimeError
    assert Store.open(tmp_path / "store").manifest["release"]["fingerprint"] == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_media_are_copied_once_listed_and_become_the_release(tmp_path):
    raw = tmp_path / "raw"
    (raw / "clips").mkdir(parents=True)
    (raw / "clips" / "a b(1).mp4").write_bytes(b"moving")
    with open_writer(tmp_path / "store", release=raw, packed=True) as writer:
        writer.add(VIDEO)
        writer.add_media("clips/a b(1).mp4")
        writer.add_media("clips/a b(1).mp4")
    store = Store.open(tmp_path / "store")
    assert store.release == tmp_path / "store" / "media"
    assert Store.open(tmp_path / "store", raw).release == raw
    assert store.manifest["release"] == {"root": str(raw), "fingerprint": "f", "packed": True}
    assert (store.release / "clips" / "a b(1).mp4").read_bytes() == b"moving"
    assert store.manifest["files"]["media/clips/a b(1).mp4"] == {
        "bytes": 6,
        "sha256": hashlib.sha256(b"moving").hexdigest(),
    }


def test_media_that_are_missing_are_one_line_and_no_store(tmp_path):
    with (
        pytest.raises(MissingPathError, match=r"gone\.mp4 is missing"),
        open_writer(tmp_path / "store", packed=True) as writer,
    ):
        writer.add(VIDEO)
        writer.add_media("gone.mp4")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../secret.mp4", "a/../../b.mp4", "/etc/passwd"])
def test_media_come_from_the_release_only(tmp_path, name):
    with (
        pytest.raises(DatasetError, match="is not in the release"),
        open_writer(tmp_path / "store", packed=True) as writer,
    ):
        writer.add(VIDEO)
        writer.add_media(name)
    assert list(tmp_path.iterdir()) == []


def test_a_video_too_large_for_a_row_group_is_refused(monkeypatch):
    monkeypatch.setattr(encoded, "_MOST_BYTES", 10)
    packed = replace(VIDEO.frames[0], path=None, encoded=b"x" * 11)
    with pytest.raises(DatasetError, match=r"train/aaa has .* MB of masks and packed frames"):
        encoded.encode(replace(VIDEO, frames=(packed, VIDEO.frames[1])))


def test_problems_are_listed_beside_the_tables(tmp_path):
    problem = ReleaseProblem(kind="skipped", split="train", video_id="bbb", message="cut off")
    with open_writer(tmp_path / "store") as writer:
        writer.add(VIDEO)
        writer.report(problem)
    store = Store.open(tmp_path / "store")
    assert store.problems().to_pylist() == [asdict(problem)]
    assert store.manifest["problems"] == {"skipped": 1, "reported": 0}
    assert store.manifest["files"]["problems.parquet"]["rows"] == 1


def test_what_the_user_keeps_beside_the_half_store_outlives_it(tmp_path):
    with pytest.raises(RuntimeError), open_writer(tmp_path / "store") as writer:
        (writer.partial / "journal").touch()
        raise RuntimeError
    assert sorted(path.name for path in (tmp_path / ".store.partial").iterdir()) == ["journal", "lock"]
    with open_writer(tmp_path / "store") as writer:
        writer.add(VIDEO)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
