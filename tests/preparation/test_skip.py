"""Videos that cannot be read: one of them ends the run, or it is left out and nothing of that is silent."""

from __future__ import annotations

import json
import shutil

import pyarrow.parquet as pq
import pytest

from rvosbench.errors import DatasetError, MissingPathError, UnknownNameError
from rvosbench.preparation import prepare
from rvosbench.store import Store
from rvosbench.store_tools.verify import verify
from tests.preparation.many_videos import content, damage, names


def rows(folder):
    return Store.open(folder).problems().to_pylist()


def test_a_skipped_video_is_left_out_and_listed(release, tmp_path):
    cut = damage(release, "v002")
    (release / "train" / "JPEGImages" / "v005" / "00000.jpg").unlink()
    prepared = prepare("ytvos", release, tmp_path / "out", on_error="skip")
    store = Store.open(tmp_path / "out")
    assert store.video_ids("train") == ("v000", "v001", "v003", "v004", "v006")
    assert [(problem.split, problem.video_id) for problem in prepared.skipped] == [
        ("train", "v002"),
        ("train", "v005"),
    ]
    skipped = [row for row in rows(tmp_path / "out") if row["kind"] == "skipped"]
    assert [(row["split"], row["video_id"]) for row in skipped] == [("train", "v002"), ("train", "v005")]
    assert str(cut) in skipped[0]["message"] and "00000.jpg is missing" in skipped[1]["message"]
    assert store.manifest["problems"] == {"skipped": 2, "reported": 0}
    assert store.manifest["converter"]["arguments"]["on_error"] == "skip"
    assert "cannot be read: 2 videos, see `problems.parquet`" in (store.folder / "README.md").read_text()
    assert any("train has 5 videos, its card says 3,471" in warning for warning in prepared.warnings)
    assert names(tmp_path) == ["out", "release"]
    assert [str(problem) for problem in verify(tmp_path / "out")] == []


def test_the_others_are_as_in_a_release_without_it(release, tmp_path):
    damage(release, "v003")
    prepare("ytvos", release, tmp_path / "skipped", on_error="skip")
    path = next((release / "meta_expressions" / "train").iterdir())
    listed = json.loads(path.read_text())
    del listed["videos"]["v003"]
    path.write_text(json.dumps(listed))
    prepare("ytvos", release, tmp_path / "without")
    skipped, without = content(tmp_path / "skipped"), content(tmp_path / "without")
    different = {name for name in skipped if skipped[name] != without[name]}
    assert different == {"README.md", "dataset.json", "problems.parquet"}
    one, other = Store.open(tmp_path / "skipped"), Store.open(tmp_path / "without")
    assert one.fingerprint == other.fingerprint


def test_by_default_the_first_one_ends_the_run(release, tmp_path):
    damage(release, "v002")
    with pytest.raises(DatasetError, match=r"v002/00005\.png"):
        prepare("ytvos", release, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_failed_run_is_continued_by_one_that_skips(release, tmp_path, reads):
    damage(release, "v004")
    with pytest.raises(DatasetError):
        prepare("watched", release, tmp_path / "out")
    assert len(reads()) == 5
    prepared = prepare("watched", release, tmp_path / "out", on_error="skip")
    assert prepared.reused == 4 and len(prepared.skipped) == 1
    assert reads() == ["train/v004", "train/v005", "train/v006", "valid/w000", "valid/w001"]


def test_a_skipped_video_is_tried_again(release, tmp_path, reads):
    whole = damage(release, "v001")

    def interrupt(split, done, total):
        if done == 4:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        prepare("watched", release, tmp_path / "out", on_error="skip", on_progress=interrupt)
    reads()
    whole.write_bytes(whole.with_name("00000.png").read_bytes())
    prepared = prepare("watched", release, tmp_path / "out", on_error="skip")
    assert (prepared.skipped, prepared.reused) == ((), 3)
    assert reads()[0] == "train/v001"
    assert len(Store.open(tmp_path / "out").video_ids("train")) == 7


def test_a_release_of_which_nothing_can_be_read_gives_no_store(release, tmp_path):
    for number in range(7):
        damage(release, f"v{number:03d}")
    with pytest.raises(DatasetError, match=r"none of the 7 videos of .* the first because .*v000/00005\.png"):
        prepare("ytvos", release, tmp_path / "out", splits=["train"], on_error="skip")
    assert names(tmp_path) == ["release"]


def test_a_split_of_which_nothing_can_be_read_is_listed_only(release, tmp_path):
    for number in range(2):
        shutil.rmtree(release / "valid" / "JPEGImages" / f"w{number:03d}")
        (release / "valid" / "JPEGImages" / f"w{number:03d}").mkdir()
    prepared = prepare("ytvos", release, tmp_path / "out", on_error="skip")
    assert list(prepared.counts) == ["train"]
    assert [row["split"] for row in rows(tmp_path / "out")] == ["valid", "valid"]


def test_what_the_whole_release_lacks_stays_an_error(release, tmp_path):
    with pytest.raises(UnknownNameError):
        prepare("ytvos", release, tmp_path / "out", splits=["heldout"], on_error="skip")
    path = next((release / "meta_expressions" / "train").iterdir())
    path.write_text("{")
    with pytest.raises(DatasetError, match="not valid JSON"):
        prepare("ytvos", release, tmp_path / "out", splits=["train"], on_error="skip")
    with pytest.raises(MissingPathError):
        prepare("ytvos", tmp_path / "nowhere", tmp_path / "out", on_error="skip")
    assert names(tmp_path) == ["release"]


def test_what_readers_report_is_listed_with_its_video(release, tmp_path, plugins):
    shutil.rmtree(release / "train" / "JPEGImages" / "v006")
    path = next((release / "meta_expressions" / "train").iterdir())
    listed = json.loads(path.read_text())
    listed["videos"]["v003"]["expressions"]["0"]["obj_id"] = "9"
    path.write_text(json.dumps(listed))
    prepared = prepare("remarkable", release, tmp_path / "out", on_error="skip")
    found = [
        (row["kind"], row["split"], row["video_id"], row["message"][:24]) for row in rows(tmp_path / "out")
    ]
    assert found[0][:3] == ("reported", None, None) and "v006" in rows(tmp_path / "out")[0]["message"]
    assert found[1:] == [
        ("reported", "train", "v000", "v000 is odd"),
        ("skipped", "train", "v001", "v001 is too odd"),
        ("reported", "train", "v002", "v002 is odd"),
        ("reported", "train", "v003", "v003 is odd"),
        ("reported", "train", "v003", "expression 0 means objec"),
        ("reported", "train", "v004", "v004 is odd"),
        ("reported", "train", "v005", "v005 is odd"),
        ("reported", "valid", "w000", "w000 is odd"),
        ("reported", "valid", "w001", "w001 is odd"),
    ]
    assert Store.open(tmp_path / "out").manifest["problems"] == {"skipped": 1, "reported": 9}
    assert "v004 is odd" in prepared.warnings
    assert any(warning.endswith("(train/v003, expression 0 ...)") for warning in prepared.warnings)


def test_reports_of_videos_that_were_finished_earlier_are_not_lost(release, tmp_path, plugins):
    def interrupt(split, done, total):
        if done == 4:
            raise InterruptedError

    whole = prepare("remarkable", release, tmp_path / "whole", on_error="skip")
    with pytest.raises(InterruptedError):
        prepare("remarkable", release, tmp_path / "out", on_error="skip", on_progress=interrupt)
    continued = prepare("remarkable", release, tmp_path / "out", on_error="skip")
    assert continued.reused == 3
    assert continued.warnings == whole.warnings
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_another_wish_is_refused(release, tmp_path):
    with pytest.raises(DatasetError, match="on_error is 'ignore', expected 'fail' or 'skip'"):
        prepare("ytvos", release, tmp_path / "out", on_error="ignore")


def test_the_list_is_there_even_without_a_problem(release, tmp_path):
    prepare("ytvos", release, tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "problems.parquet")  # without us
    assert table.num_rows == 0
    assert [(field.name, str(field.type)) for field in table.schema] == [
        (name, "string") for name in ("split", "video_id", "kind", "message")
    ]
    assert "problems.parquet" in Store.open(tmp_path / "out").manifest["files"]


def test_a_store_from_before_there_was_a_list_is_read(release, tmp_path):
    out = tmp_path / "out"
    prepare("ytvos", release, out)
    manifest = json.loads((out / "dataset.json").read_text())
    del manifest["problems"], manifest["files"]["problems.parquet"]
    (out / "dataset.json").write_text(json.dumps(manifest))
    (out / "problems.parquet").unlink()
    assert rows(out) == []
    assert [str(problem) for problem in verify(out)] == []
