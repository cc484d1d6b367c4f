from __future__ import annotations

import builtins
import os
import shutil
from collections import namedtuple
from pathlib import Path

import h5py
import pytest
from click.testing import CliRunner
from rvosbench_cli.main import cli

from rvosbench.datasets import matlab_arrays
from rvosbench.errors import DatasetError, MissingPathError, OutputError, UnknownNameError
from rvosbench.preparation import prepare
from rvosbench.preparation.opening import open_release
from rvosbench.preparation.plan import plan
from rvosbench.preparation.run import absent_splits
from rvosbench.synthetic import write
from tests.datasets import tiny_releases

NAMES = ("a2d", "davis", "jhmdb", "mevis", "refcoco", "ytvos")


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def root(name, tmp_path):
    return getattr(tiny_releases, name)(tmp_path / "release")


@pytest.fixture
def ytvos(tmp_path):
    return tiny_releases.ytvos(tmp_path / "release")


def tree(folder):
    """Every path below a folder with its size and the time of its last change."""
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


def opened_by(work):
    """The paths that a piece of work opens for reading."""
    opened = set()
    original_open, original_io, original_h5 = builtins.open, Path.open, h5py.File.__init__

    def remember(path):
        if isinstance(path, str | os.PathLike):
            opened.add(Path(path))

    def path_open(self, *arguments, **options):
        remember(self)
        return original_io(self, *arguments, **options)

    def plain_open(path, *arguments, **options):
        remember(path)
        return original_open(path, *arguments, **options)

    def h5_open(self, path, *arguments, **options):
        remember(path)
        original_h5(self, path, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", path_open)
        patch.setattr(builtins, "open", plain_open)
        patch.setattr(h5py.File, "__init__", h5_open)
        work()
    return opened


@pytest.mark.parametrize("pack", [False, True])
def test_nothing_is_written_anywhere(name, root, tmp_path, pack):
    before = tree(tmp_path)
    plan(name, root, tmp_path / "stores" / "new", pack=pack)
    assert tree(tmp_path) == before


def test_a_whole_release_misses_nothing_and_fits(name, root, tmp_path):
    found = plan(name, root, tmp_path / "store")
    assert (found.missing, found.errors, found.out_error) == ((), (), None)
    assert found.fits
    prepare(name, root, tmp_path / "store")


def test_sources_are_what_reading_opens_and_what_the_record_refers_to(name, root):
    release = open_release(name, root)
    for split in release.splits():
        for video_id in release.videos(split):
            sources = set(release.sources(split, video_id))
            videos = []
            opened = opened_by(lambda s=split, v=video_id, seen=videos: seen.append(release.read(s, v).video))
            opened = {path for path in opened if path.is_relative_to(root)}
            referred = {root / str(frame.path) for frame in videos[0].frames}
            assert opened | referred == sources, (split, video_id)


@pytest.mark.parametrize("method", ["sources", "expressions"])
def test_an_unknown_video_or_split_is_an_error(name, root, method):
    release = open_release(name, root)
    ask = getattr(release, method)
    with pytest.raises(UnknownNameError, match="no video of"):
        ask(release.splits()[0], "nobody")
    with pytest.raises(UnknownNameError, match="no split of"):
        ask("nothing", "nobody")


def test_the_expressions_of_the_index_are_those_of_the_record(name, root):
    release = open_release(name, root)
    for split in release.splits():
        for video_id in release.videos(split):
            assert release.expressions(split, video_id) == release.read(split, video_id).video.expressions


def test_every_difference_that_a_run_would_warn_of_is_told(name, root, tmp_path):
    found = plan(name, root, tmp_path / "store")
    told = [
        *found.warnings,
        *absent_splits(open_release(name, root).card, [s.name for s in found.splits], root),
    ]
    assert len(told) == len(found.warnings) + bool(found.absent)
    warnings = prepare(name, root, tmp_path / "store").warnings
    # A2D's samples are counted in the masks.
    assert {line for line in warnings if " samples, its card says" not in line} <= set(told)


def test_nothing_is_decoded_to_tell_the_sources(name, root, monkeypatch):
    release = open_release(name, root)
    videos = [(split, video_id) for split in release.splits() for video_id in release.videos(split)]
    monkeypatch.setattr("PIL.Image.open", None)
    monkeypatch.setattr("cv2.imdecode", None)
    monkeypatch.setattr("av.open", None)
    monkeypatch.setattr(h5py, "File", None)
    monkeypatch.setattr(matlab_arrays, "_matrix", None)
    for split, video_id in videos:
        assert release.sources(split, video_id)


@pytest.mark.parametrize("which", range(4))
def test_each_file_that_a_run_stops_at_is_found_missing(name, root, tmp_path, which):
    release = open_release(name, root)
    files = sorted(
        {
            path
            for split in release.splits()
            for video_id in release.videos(split)
            for path in release.sources(split, video_id)
        }
    )
    files[which * (len(files) - 1) // 3].unlink()
    try:
        prepare(name, root, tmp_path / "store")
    except MissingPathError as error:
        found = plan(name, root, tmp_path / "other")
        assert any(told in str(error) for told in [*map(str, found.missing), *found.errors])
    else:  # the reader leaves the video or the frame out and says so
        assert plan(name, root, tmp_path / "other").missing == ()


def test_every_missing_file_is_listed_not_only_the_first(ytvos, tmp_path):
    frame = ytvos / "train" / "JPEGImages" / "aaa" / "00010.jpg"
    masks = [ytvos / "train" / "Annotations" / video_id for video_id in ("aaa", "bbb")]
    frame.unlink()
    for folder in masks:
        shutil.rmtree(folder)
    found = plan("ytvos", ytvos, tmp_path / "store")
    (train, *_) = found.splits
    expected = {frame, masks[1] / "00000.png"} | {
        masks[0] / f"{number}.png" for number in ("00005", "00010", "00020")
    }
    assert set(found.missing) == expected
    assert (train.videos, train.incomplete, train.estimate.videos) == (2, 2, 0)


def test_a_missing_mask_dict_is_told_for_every_split_that_needs_it(tmp_path):
    root = tiny_releases.mevis(tmp_path / "release")
    for split in ("train", "valid_u"):
        (root / split / "mask_dict.json").unlink()
    found = plan("mevis", root, tmp_path / "store")
    assert [split.errors != () for split in found.splits] == [True, True, False]
    assert "train/mask_dict.json is missing" in found.errors[0]


def test_frames_behind_the_last_mask_of_jhmdb_are_not_missed(tmp_path):
    root = tiny_releases.jhmdb(tmp_path / "release")
    folder = root / "Rename_Images" / "pullup" / tiny_releases.JHMDB_ODD
    (folder / "00004.png").unlink()
    assert plan("jhmdb", root, tmp_path / "store").missing == ()
    (folder / "00003.png").unlink()
    assert plan("jhmdb", root, tmp_path / "store").missing == (folder / "00003.png",)


def test_frames_without_ground_truth_of_valid_are_not_missed(ytvos, tmp_path):
    tiny_releases.write_labels(tmp_path / "masks" / "ccc" / "00005.png", tiny_releases.ONE_OBJECT)
    release = open_release("ytvos", ytvos, {"valid-masks": str(tmp_path / "masks")})
    masks = [path for path in release.sources("valid", "ccc") if path.suffix == ".png"]
    assert masks == [tmp_path / "masks" / "ccc" / "00005.png"]


def test_files_and_their_bytes_are_counted_once(tmp_path):
    root = tiny_releases.mevis(tmp_path / "release")
    train = plan("mevis", root, tmp_path / "store").splits[0]
    paths = [*(root / "train" / "JPEGImages").rglob("*.jpg"), root / "train" / "mask_dict.json"]
    assert train.files.count == len(paths) == 7
    assert train.files.size_bytes == sum(path.stat().st_size for path in paths)


def test_the_index_files_are_those_of_the_fingerprint(ytvos, tmp_path):
    found = plan("ytvos", ytvos, tmp_path / "store")
    paths = [*(ytvos / "meta_expressions").rglob("*.json"), ytvos / "train" / "meta.json"]
    assert found.index.count == 4
    assert found.index.size_bytes == sum(path.stat().st_size for path in paths)


def test_what_the_release_lacks_and_absent_splits_are_told(ytvos, tmp_path):
    shutil.rmtree(ytvos / "train" / "JPEGImages" / "bbb")
    shutil.rmtree(ytvos / "test" / "JPEGImages")
    found = plan("ytvos", ytvos, tmp_path / "store")
    assert found.absent == ("test",)
    assert any("train/JPEGImages lacks 1 of the 2 videos" in line for line in found.warnings)
    assert any("ytvos/train has 1 videos, its card says 3,471" in line for line in found.warnings)
    assert any("ytvos/train has 2 expressions, its card says 12,913" in line for line in found.warnings)


def test_a_damaged_video_that_was_tried_is_an_error_and_the_others_are_used(ytvos, tmp_path):
    path = ytvos / "train" / "Annotations" / "aaa" / "00010.png"
    path.write_bytes(path.read_bytes()[:50])
    found = plan("ytvos", ytvos, tmp_path / "store")
    (error,) = found.errors
    assert str(path) in error
    assert found.splits[0].estimate.videos == 1
    assert found.store_bytes > 0


def test_limit_and_splits_are_those_of_the_run(ytvos, tmp_path):
    (only,) = plan("ytvos", ytvos, tmp_path / "store", splits=["train"], limit=1).splits
    assert (only.name, only.videos) == ("train", 1)
    with pytest.raises(UnknownNameError, match="no split"):
        plan("ytvos", ytvos, tmp_path / "store", splits=["nothing"])
    with pytest.raises(DatasetError, match="limit is 0"):
        plan("ytvos", ytvos, tmp_path / "store", limit=0)


def test_a_release_that_is_not_there_is_the_error_of_the_run(tmp_path):
    with pytest.raises(MissingPathError, match="is not there"):
        plan("ytvos", tmp_path / "nowhere", tmp_path / "store")


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("layout", ["a2d", "refcoco", "ytvos"])
def test_the_estimate_comes_near_the_store(layout, pack, tmp_path):
    write(layout, tmp_path / "release", videos=30, seed=1, frames=6, size=(192, 256))
    found = plan(layout, tmp_path / "release", tmp_path / "store", pack=pack)
    prepare(layout, tmp_path / "release", tmp_path / "store", pack=pack)
    tables = sum(path.stat().st_size for path in (tmp_path / "store" / "data").rglob("*.parquet"))
    media = sum(path.stat().st_size for path in (tmp_path / "store").glob("media/**/*.mp4"))
    assert found.store_bytes == pytest.approx(tables + media, rel=0.15)
    assert found.store_bytes < found.peak_bytes


def test_the_estimate_is_from_a_few_videos_of_many(ytvos, tmp_path, monkeypatch):
    write("ytvos", tmp_path / "many", videos=12, seed=0, frames=60, size=(48, 48))
    train = plan("ytvos", tmp_path / "many", tmp_path / "store", splits=["train"]).splits[0]
    assert train.videos == 12
    assert train.estimate.videos in (4, 5)


def test_a_place_that_is_taken_is_told(ytvos, tmp_path):
    store = tmp_path / "store"
    prepare("ytvos", ytvos, store)
    assert "already holds a store" in str(plan("ytvos", ytvos, store).out_error)
    assert plan("ytvos", ytvos, store, replace=True).out_error is None
    (tmp_path / "file").write_text("")
    assert "is a file" in str(plan("ytvos", ytvos, tmp_path / "file").out_error)
    assert "cannot be written" in str(plan("ytvos", ytvos, tmp_path / "file" / "store").out_error)


def test_what_an_interrupted_run_left_is_told(ytvos, tmp_path):
    path = ytvos / "train" / "Annotations" / "bbb" / "00000.png"
    path.write_bytes(b"")
    with pytest.raises(DatasetError):
        prepare("ytvos", ytvos, tmp_path / "store")
    assert plan("ytvos", ytvos, tmp_path / "store").unfinished == tmp_path / ".store.partial"


def run(*arguments):
    return CliRunner().invoke(cli, ["prepare", *map(str, arguments), "--dry-run"])


def test_the_command_says_in_80_columns_what_a_run_would_do(ytvos, tmp_path):
    result = run("ytvos", "--root", ytvos, "--out", tmp_path / "store")
    assert result.exit_code == 0
    assert not (tmp_path / "store").exists()
    lines = result.stdout.splitlines()
    assert "Ref-YouTube-VOS" in lines[0]
    assert any(line.split()[:2] == ["train", "2"] for line in lines)
    assert "estimated from 4 videos" in result.stdout
    assert "Missing: nothing" in result.stdout
    assert max(map(len, lines)) <= 80


def test_missing_files_give_their_paths_and_exit_code_3(ytvos, tmp_path):
    for path in (ytvos / "train" / "Annotations").rglob("*.png"):
        path.unlink()
    (ytvos / "valid" / "JPEGImages" / "ccc" / "00005.jpg").unlink()
    (ytvos / "test" / "JPEGImages" / "ddd" / "00000.jpg").unlink()
    result = run("ytvos", "--root", ytvos, "--out", tmp_path / "store")
    assert isinstance(result.exception, DatasetError)
    assert result.exception.exit_code == 3
    assert "6 files missing" in str(result.exception)
    assert "Missing: 6 files of 4 videos" in result.stdout
    assert "\n  train/Annotations/aaa/00005.png\n" in result.stdout
    assert "and 1 more" in result.stdout


def test_a_place_that_is_taken_or_too_small_gives_exit_code_1(ytvos, tmp_path, monkeypatch):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    taken = run("ytvos", "--root", ytvos, "--out", tmp_path / "full")
    assert isinstance(taken.exception, OutputError)
    assert taken.exception.exit_code == 1
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 100, 100))
    small = run("ytvos", "--root", ytvos, "--out", tmp_path / "store")
    assert isinstance(small.exception, OutputError)
    assert "has 100 B of free disk, expected about" in str(small.exception)


def test_names_from_the_release_cannot_steer_the_terminal(tmp_path):
    root = tiny_releases.ytvos(tmp_path / "rel\x1b[31mease")
    (root / "train" / "JPEGImages" / "aaa" / "00010.jpg").unlink()
    result = run("ytvos", "--root", root, "--out", tmp_path / "store")
    assert "\x1b" not in result.stdout
