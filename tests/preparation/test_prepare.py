from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rvosbench.errors import DatasetError, MissingPathError, OutputError, RvosbenchError, UnknownNameError
from rvosbench.preparation import count_differences, prepare
from rvosbench.preparation.opening import open_release
from rvosbench.store import Store
from rvosbench.store.schema import digest
from rvosbench.store_tools.verify import verify
from rvosbench.types import Card
from tests.datasets import tiny_releases
from tests.preparation.many_videos import names

BUILDERS = {
    "a2d": tiny_releases.a2d,
    "davis": tiny_releases.davis,
    "jhmdb": tiny_releases.jhmdb,
    "mevis": tiny_releases.mevis,
    "refcoco": tiny_releases.refcoco,
    "ytvos": tiny_releases.ytvos,
}


@pytest.fixture(params=sorted(BUILDERS))
def name(request):
    return request.param


@pytest.fixture
def root(name, tmp_path):
    return BUILDERS[name](tmp_path / "release")


@pytest.fixture
def ytvos(tmp_path):
    return tiny_releases.ytvos(tmp_path / "release")


def test_a_store_says_what_the_release_says(name, root, tmp_path):
    prepared = prepare(name, root, tmp_path / "store")
    store, release = Store.open(prepared.store), open_release(name, root)
    assert tuple(store.splits) == release.splits()
    assert prepared.counts == store.splits
    for split in release.splits():
        assert store.video_ids(split) == tuple(release.videos(split))
        for video_id in store.video_ids(split):
            assert store.video(split, video_id) == release.read(split, video_id).video
    assert store.manifest["release"]["fingerprint"] == release.fingerprint()
    assert store.release == root
    assert store.manifest["converter"]["arguments"] == {
        "options": {},
        "splits": list(release.splits()),
        "limit": None,
        "pack": False,
        "on_error": "fail",
    }


def test_a_difference_to_the_card_names_both_numbers(ytvos, tmp_path):
    warnings = prepare("ytvos", ytvos, tmp_path / "store").warnings
    assert f"ytvos/train has 2 videos, its card says 3,471; is the download complete? ({ytvos})" in warnings
    assert len(warnings) == 6


def test_counts_that_agree_are_silent():
    counts = {"val": {"videos": 2, "expressions": 5}, "heldout": {"videos": 1, "expressions": 1}}
    card = Card(
        name="x",
        title="X",
        homepage="",
        licence="",
        citation="",
        counts={"val": {"videos": 2}, "test": {"videos": 9}},
    )
    assert count_differences(card, counts, Path("root")) == []


def test_problems_of_the_release_are_warnings(ytvos, tmp_path):
    shutil.rmtree(ytvos / "train" / "JPEGImages" / "bbb")
    warnings = prepare("ytvos", ytvos, tmp_path / "store").warnings
    assert any("(bbb)" in warning for warning in warnings)


def test_an_expression_about_something_never_seen_is_a_warning(ytvos, tmp_path):
    path = tiny_releases.meta_expressions(ytvos, "train")
    path.write_text(path.read_text().replace('"obj_id": "1"', '"obj_id": "9"'))
    warnings = prepare("ytvos", ytvos, tmp_path / "store").warnings
    assert (
        "1 expressions mean objects without a mask in any annotated frame (train/aaa, expression 0 ...)"
        in warnings
    )


def test_splits_and_limit_and_progress(ytvos, tmp_path):
    calls = []
    prepared = prepare(
        "ytvos",
        ytvos,
        tmp_path / "store",
        splits=["valid", "train"],
        limit=1,
        on_progress=lambda *call: calls.append(call),
    )
    assert list(prepared.counts) == ["train", "valid"]  # the release's order
    assert calls == [("train", 1, 1), ("valid", 1, 1)]
    assert not any("its card says" in warning for warning in prepared.warnings)


def test_unknown_names_are_answered_before_anything_is_written(ytvos, tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'ytvos'"):
        prepare("ytvoss", ytvos, tmp_path / "store")
    with pytest.raises(UnknownNameError, match="did you mean 'valid'"):
        prepare("ytvos", ytvos, tmp_path / "store", splits=["val"])
    with pytest.raises(DatasetError, match="limit is 0"):
        prepare("ytvos", ytvos, tmp_path / "store", limit=0)
    assert [path.name for path in tmp_path.iterdir()] == ["release"]


def test_a_taken_place_is_refused_and_a_store_replaced_only_when_asked(ytvos, tmp_path):
    out = tmp_path / "store"
    first = prepare("ytvos", ytvos, out, splits=["train"])
    with pytest.raises(OutputError, match="--overwrite"):
        prepare("ytvos", ytvos, out)
    assert Store.open(out).splits == first.counts
    assert list(prepare("ytvos", ytvos, out, splits=["valid"], replace=True).counts) == ["valid"]
    with pytest.raises(OutputError, match="not empty and holds something else than a store"):
        prepare("ytvos", ytvos, ytvos, replace=True)
    assert open_release("ytvos", ytvos).splits() == ("train", "valid", "test")


def test_a_failed_replacement_leaves_the_old_store(ytvos, tmp_path):
    out = tmp_path / "store"
    before = prepare("ytvos", ytvos, out)
    (ytvos / "train" / "Annotations" / "bbb" / "00000.png").write_bytes(b"no png")
    with pytest.raises(DatasetError):
        prepare("ytvos", ytvos, out, replace=True)
    assert Store.open(out).splits == before.counts
    assert names(tmp_path) == [".store.partial", "release", "store"]
    prepare("ytvos", ytvos, out, replace=True, splits=["valid"])
    assert names(tmp_path) == ["release", "store"]


@pytest.mark.parametrize(
    "make", [lambda path: None, Path.mkdir, Path.touch], ids=["missing", "empty", "a file"]
)
def test_no_release_there_is_one_line_and_no_store(name, make, tmp_path):
    make(tmp_path / "release")
    with pytest.raises((MissingPathError, DatasetError)) as caught:
        prepare(name, tmp_path / "release", tmp_path / "new" / "deep" / "store")
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "release") in str(caught.value)
    assert not (tmp_path / "new").exists()


def test_a_truncated_png_names_the_file_and_leaves_nothing_behind(ytvos, tmp_path):
    path = ytvos / "train" / "Annotations" / "aaa" / "00010.png"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DatasetError, match=r"Annotations/aaa/00010\.png"):
        prepare("ytvos", ytvos, tmp_path / "new" / "store")
    assert [entry.name for entry in tmp_path.iterdir()] == ["release"]


def test_an_interrupt_leaves_only_what_is_finished(ytvos, tmp_path):
    def interrupt(split: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare("ytvos", ytvos, tmp_path / "store", on_progress=interrupt)
    assert names(tmp_path) == [".store.partial", "release"]
    assert names(tmp_path / ".store.partial") == ["journal", "lock"]


def test_a_store_may_be_named_by_a_path_that_ends_in_dots(ytvos, tmp_path, monkeypatch):
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    prepare("ytvos", ytvos, Path())
    assert Store.open(folder).name == "ytvos"


def mutate(root: Path, draw: st.DataObject) -> None:
    """Damage one file: drop it, cut it, overwrite bytes, swap it with another, or make it a folder."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    path = draw.draw(st.sampled_from(files))
    data = path.read_bytes()
    kind = draw.draw(st.sampled_from(["drop", "cut", "bytes", "swap", "folder", "rename", "empty"]))
    if kind == "drop":
        path.unlink()
    elif kind == "cut":
        path.write_bytes(data[: draw.draw(st.integers(0, len(data)))])
    elif kind == "bytes":
        damaged = bytearray(data)
        for _ in range(draw.draw(st.integers(1, 4))):
            if damaged:
                damaged[draw.draw(st.integers(0, len(damaged) - 1))] = draw.draw(st.integers(0, 255))
        path.write_bytes(bytes(damaged))
    elif kind == "swap":
        other = draw.draw(st.sampled_from(files))
        swapped = other.read_bytes()
        other.write_bytes(data)
        path.write_bytes(swapped)
    elif kind == "folder":
        path.unlink()
        path.mkdir()
    elif kind == "rename":
        path.rename(path.with_name("renamed" + path.suffix))
    else:
        path.write_bytes(b"")


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    """One whole release per dataset, to be copied and damaged."""
    base = tmp_path_factory.mktemp("pristine")
    return {name: build(base / name) for name, build in BUILDERS.items()}


@pytest.mark.slow
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(draw=st.data())
def test_a_damaged_release_gives_a_whole_store_or_an_error_and_none(name, pristine, tmp_path_factory, draw):
    folder = tmp_path_factory.mktemp("damaged")
    shutil.copytree(pristine[name], folder / "release")
    for _ in range(draw.draw(st.integers(1, 2))):
        mutate(folder / "release", draw)
    out = folder / "store"
    with contextlib.suppress(RvosbenchError):
        try:
            prepare(name, folder / "release", out, on_error=draw.draw(st.sampled_from(["fail", "skip"])))
        except RvosbenchError as error:
            assert "\n" not in str(error)
            assert not out.exists()
            assert not (folder / ".store.partial").exists() or (
                names(folder / ".store.partial") == ["journal", "lock"]
            )
            raise
        store = Store.open(out)
        for split in store.splits:
            for video_id in store.video_ids(split):
                assert digest(store.video(split, video_id))
        assert [str(problem) for problem in verify(out, frames=False)] == []
    shutil.rmtree(folder)
