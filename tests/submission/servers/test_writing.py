"""Every server gets the layout that it wants, whole or not at all, the same bytes every time."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rvosbench import masks
from rvosbench.errors import InvalidDataError, OutputError, ScoreError, UnknownNameError
from rvosbench.files import places
from rvosbench.runs.predictions import PredictionsWriter
from rvosbench.submission import open_predictions
from rvosbench.submission.servers import SERVERS, check_submission, plan_submission, write_submission
from tests.submission.servers.drawn import (
    ABOUT,
    FRAMES,
    MAKES,
    entries,
    good_zip,
    of_annotators,
    predicted,
    rows_of,
    store_of,
    tracks,
    two_objects,
    write_rows,
)
from tests.tiny_run import row
from tests.tiny_store import square

NAMES = {
    "mevis": [f"{v}/{e}/{f}.png" for v in ("12", "7") for e in "01" for f in FRAMES],
    "ytvos": [f"Annotations/{v}/{e}/{f}.png" for v in ("12", "7") for e in "01" for f in FRAMES],
    "mosev2": [f"{v}/{f}.png" for v in ("12", "7") for f in FRAMES],
    "davis": [f"anno_{k}/{v}/{f}.png" for v in ("12", "7") for k in range(4) for f in FRAMES],
    "lvvis": ["results.json"],
}


@pytest.mark.parametrize("server", SERVERS)
def test_the_names_are_those_that_the_server_wants(tmp_path: Path, server):
    _, out = good_zip(tmp_path, server)
    with zipfile.ZipFile(out) as archive:
        assert archive.namelist() == NAMES[server]


@pytest.mark.parametrize("server", SERVERS)
def test_a_zip_is_plain_and_the_same_every_time(tmp_path: Path, server):
    store, out = good_zip(tmp_path, server)
    source = open_predictions(tmp_path / "rows", "object" if server in ABOUT else "expression")
    again = write_submission(source, store, "val", server, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == out.read_bytes()
    assert again.size_bytes == out.stat().st_size
    assert b"PK\x06\x06" not in out.read_bytes()  # no zip64
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        for info in archive.infolist():
            assert info.external_attr >> 16 == 0o100644
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert not info.flag_bits & 0x8  # no sizes behind the data


@pytest.mark.parametrize("server", SERVERS)
def test_what_is_written_has_no_fault(tmp_path: Path, server):
    store, out = good_zip(tmp_path, server)
    assert check_submission(out, store, "val", server) == []


@pytest.mark.parametrize("server", ["mevis", "ytvos"])
def test_masks_are_grey_0_and_255_and_the_best_candidate(tmp_path: Path, server):
    _, out = good_zip(tmp_path, server)
    top = "Annotations/" if server == "ytvos" else ""
    with Image.open(io.BytesIO(entries(out)[f"{top}7/1/00010.png"])) as image:
        assert image.mode == "L"
        assert (np.asarray(image) == square(2, 10) * 255).all()


def test_nothing_predicted_is_all_black(tmp_path: Path):
    store = store_of(tmp_path / "store", two_objects, "7")
    nothing = np.zeros((24, 32), np.bool_)
    with PredictionsWriter(tmp_path / "rows") as writer:
        writer.add(row("7", e, n, nothing, 1.0) for e in "01" for n in range(3))
    source = open_predictions(tmp_path / "rows", "expression")
    write_submission(source, store, "val", "mevis", tmp_path / "a.zip")
    for data in entries(tmp_path / "a.zip").values():
        with Image.open(io.BytesIO(data)) as image:
            assert image.mode == "L" and image.getextrema() == (0, 0)
    assert check_submission(tmp_path / "a.zip", store, "val", "mevis") == []


def labels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "P"
        assert image.getpalette()[:9] == [0, 0, 0, 128, 0, 0, 0, 128, 0]
        return np.array(image)


def test_label_maps_hold_object_ids_in_a_palette(tmp_path: Path):
    _, out = good_zip(tmp_path, "mosev2")
    expected = 1 * square(1, 1) + 2 * square(1, 10)
    assert (labels(entries(out)["12/00005.png"]) == expected).all()


def test_each_annotator_has_a_map_of_its_own(tmp_path: Path):
    _, out = good_zip(tmp_path, "davis")
    for k in range(4):
        assert (labels(entries(out)[f"anno_{k}/7/00000.png"]) == square(0, 1) + 2 * square(0, 10)).all()


def test_davis_takes_objects_without_annotators(tmp_path: Path):
    store = store_of(tmp_path / "store")
    source = predicted(tmp_path / "rows", store, about="object")
    written = write_submission(source, store, "val", "davis", tmp_path / "a.zip", about="object")
    assert list(entries(tmp_path / "a.zip")) == NAMES["mosev2"]
    assert written.overlapping == 0 and not written.merged


def test_one_expression_for_each_object_makes_label_maps_and_says_so(tmp_path: Path):
    store = store_of(tmp_path / "store")
    source = predicted(tmp_path / "rows", store)
    written = write_submission(source, store, "val", "mosev2", tmp_path / "a.zip", about="expression")
    assert written.merged
    by_object = predicted(tmp_path / "objects", store, about="object")
    write_submission(by_object, store, "val", "mosev2", tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_two_expressions_for_one_object_make_no_label_map(tmp_path: Path):
    store = store_of(tmp_path / "store", of_annotators)
    source = predicted(tmp_path / "rows", store)
    with pytest.raises(ScoreError, match="a label map has one answer for it"):
        write_submission(source, store, "val", "mosev2", tmp_path / "a.zip", about="expression")


def test_a_pixel_of_two_objects_goes_to_the_surer_one_and_is_counted(tmp_path: Path):
    store = store_of(tmp_path / "store", two_objects, "7")
    with PredictionsWriter(tmp_path / "rows") as writer:
        writer.add(
            [row("7", "1", n, square(0), 0.4 + n / 10) for n in range(3)]
            + [row("7", "2", n, square(4), 0.5) for n in range(3)]
        )
    source = open_predictions(tmp_path / "rows", "object")
    written = write_submission(source, store, "val", "mosev2", tmp_path / "a.zip")
    assert written.overlapping == 3
    maps = [labels(data) for data in entries(tmp_path / "a.zip").values()]
    assert [int(picture[8, 5]) for picture in maps] == [2, 1, 1]  # 0.4 < 0.5; 0.5 = 0.5, the first; 0.6


def test_object_0_has_no_label(tmp_path: Path):
    from tests.tiny_store import two_squares, write_store

    store = write_store(tmp_path / "store", [two_squares("7", "val")])
    source = predicted(tmp_path / "rows", store, about="object")
    with pytest.raises(ScoreError, match="0 is the background"):
        write_submission(source, store, "val", "mosev2", tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_tracks_carry_numbers_scores_and_run_lengths(tmp_path: Path):
    _, out = good_zip(tmp_path, "lvvis")
    found = tracks(out)
    assert [(t["video_id"], t["category_id"], t["score"]) for t in found] == [
        (12, 0, 1.0),
        (12, 1, 1.0),
        (7, 0, 1.0),
        (7, 1, 1.0),
    ]
    expected = masks.encode(square(2, 10))
    assert found[3]["segmentations"][2] == {"size": [24, 32], "counts": expected.counts.decode()}


def test_ids_that_are_no_numbers_stay_text_and_that_is_said(tmp_path: Path):
    store = store_of(tmp_path / "store", two_objects, "bear")
    source = predicted(tmp_path / "rows", store)
    written = write_submission(source, store, "val", "lvvis", tmp_path / "a.zip")
    assert written.named_by_text
    assert {track["video_id"] for track in tracks(tmp_path / "a.zip")} == {"bear"}
    assert check_submission(tmp_path / "a.zip", store, "val", "lvvis") == []


def test_scores_at_the_end_of_all_numbers_have_a_mean(tmp_path: Path):
    store = store_of(tmp_path / "store", two_objects, "7")
    with PredictionsWriter(tmp_path / "rows") as writer:
        writer.add(row("7", e, n, square(0), 1.7e308) for e in "01" for n in range(3))
    source = open_predictions(tmp_path / "rows", "expression")
    write_submission(source, store, "val", "lvvis", tmp_path / "a.zip")
    assert [track["score"] for track in tracks(tmp_path / "a.zip")] == [1.7e308, 1.7e308]


def test_two_videos_of_one_number_are_refused(tmp_path: Path):
    store = store_of(tmp_path / "store", two_objects, "7", "007")
    with pytest.raises(ScoreError, match="have the same number"):
        write_submission(predicted(tmp_path / "rows", store), store, "val", "lvvis", tmp_path / "a.zip")


@pytest.mark.parametrize("server", SERVERS)
def test_everything_that_is_missing_is_counted_and_nothing_is_left(tmp_path: Path, server):
    store = store_of(tmp_path / "store", MAKES.get(server, two_objects))
    about = ABOUT.get(server, "expression")
    key = "1" if about == "object" else store.video("val", "7").expressions[0].expression_id
    gone = [("7", key, 1), ("7", key, 2), ("12", key, 0)]
    source = predicted(tmp_path / "rows", store, about=about, without=gone)
    masks_in_all = 48 if server == "davis" else 12
    with pytest.raises(
        ScoreError, match=f"3 of {masks_in_all} masks are missing, of 2 {about}s in 2 of 2"
    ) as e:
        write_submission(source, store, "val", server, tmp_path / "out" / "a.zip")
    assert f"12/{key}: 1 of 3 frames (00000), 7/{key}: 2 of 3 frames (00005, 00010)" in str(e.value)
    assert not (tmp_path / "out").exists()
    plan = plan_submission(source, store, "val", server, tmp_path / "out" / "a.zip")
    assert [(gap.video_id, gap.frames, gap.of) for gap in plan.gaps] == [
        ("12", ("00000",), 3),
        ("7", ("00005", "00010"), 3),
    ]
    assert not (tmp_path / "out").exists()


def test_a_video_without_predictions_is_missing_and_one_too_many_is_left_out(tmp_path: Path):
    store = store_of(tmp_path / "store")
    write_rows(tmp_path / "rows", store_of(tmp_path / "more", two_objects, "7", "8"))
    source = open_predictions(tmp_path / "rows", "expression")
    with pytest.raises(ScoreError, match=r"6 of 12 masks .* in 1 of 2 videos: 12/0: 3 of 3 frames \(all\)"):
        write_submission(source, store, "val", "mevis", tmp_path / "a.zip")
    small = store_of(tmp_path / "small", two_objects, "7")
    written = write_submission(source, small, "val", "mevis", tmp_path / "a.zip")
    assert written.surplus == ("8",)
    assert {name.partition("/")[0] for name in entries(tmp_path / "a.zip")} == {"7"}


def test_answers_to_something_else_are_refused(tmp_path: Path):
    store = store_of(tmp_path / "store", two_objects, "7")
    with PredictionsWriter(tmp_path / "rows") as writer:
        writer.add([*rows_of(store.video("val", "7")), row("7", "9", 0, square(0), 1.0)])
    source = open_predictions(tmp_path / "rows", "expression")
    with pytest.raises(ScoreError, match="predictions for 9 of video 7, which has 0, 1"):
        write_submission(source, store, "val", "mevis", tmp_path / "a.zip")
    with pytest.raises(ScoreError, match="predictions for 0, 9 of video 7, which has 1, 2"):
        write_submission(source, store, "val", "mosev2", tmp_path / "a.zip")


def test_a_server_that_takes_no_objects_says_so(tmp_path: Path):
    store = store_of(tmp_path / "store")
    source = predicted(tmp_path / "rows", store, about="object")
    with pytest.raises(InvalidDataError, match="about expressions, these are about objects"):
        write_submission(source, store, "val", "mevis", tmp_path / "a.zip", about="object")
    with pytest.raises(UnknownNameError, match="did you mean 'mevis'"):
        write_submission(source, store, "val", "mevi", tmp_path / "a.zip")


def test_a_taken_name_is_refused_before_the_work_and_replaced_on_request(tmp_path: Path):
    store, out = good_zip(tmp_path, "mevis")
    before = out.read_bytes()
    source = open_predictions(tmp_path / "rows", "expression")
    with pytest.raises(OutputError, match="already exists"):
        write_submission(source, store, "val", "ytvos", out)
    assert out.read_bytes() == before
    write_submission(source, store, "val", "ytvos", out, overwrite=True)
    assert next(iter(entries(out))).startswith("Annotations/")


def test_a_folder_holds_the_same_files(tmp_path: Path):
    store, out = good_zip(tmp_path, "mevis")
    source = open_predictions(tmp_path / "rows", "expression")
    write_submission(source, store, "val", "mevis", tmp_path / "folder")
    found = {p.relative_to(tmp_path / "folder").as_posix(): p for p in (tmp_path / "folder").rglob("*.png")}
    assert {name: path.read_bytes() for name, path in found.items()} == entries(out)


def test_a_disk_that_is_too_small_is_said_before_the_work(tmp_path: Path, monkeypatch):
    store = store_of(tmp_path / "store")
    source = predicted(tmp_path / "rows", store)
    monkeypatch.setattr(places.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 1000})())
    with pytest.raises(OutputError, match=r"has 1 kB of free disk, expected about"):
        write_submission(source, store, "val", "mevis", tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_the_estimate_is_near(tmp_path: Path):
    store, out = good_zip(tmp_path, "mevis")
    source = open_predictions(tmp_path / "rows", "expression")
    plan = plan_submission(source, store, "val", "mevis", tmp_path / "b.zip")
    assert plan.size_bytes == pytest.approx(out.stat().st_size, rel=0.1)
    assert (plan.videos, plan.masks) == (2, 12)


_KILLED = """
import os, signal, sys
from pathlib import Path
from rvosbench.store import Store
from rvosbench.submission import open_predictions
from rvosbench.submission.servers import write_submission

folder, server, unit = Path(sys.argv[1]), sys.argv[2], sys.argv[3]

def die(done, total):
    if done == total:
        os.kill(os.getpid(), signal.SIGKILL)

source = open_predictions(folder / "rows", unit)
write_submission(source, Store.open(folder / "store"), "val", server, folder / "new.zip", on_progress=die)
"""


@pytest.mark.parametrize("server", ["mevis", "lvvis"])
def test_killed_in_the_middle_nothing_has_the_final_name_and_the_next_run_tidies_up(tmp_path: Path, server):
    store, out = good_zip(tmp_path, server)
    done = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path), server, "expression"])
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "new.zip").exists()
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".new.zip.partial")]
    source = open_predictions(tmp_path / "rows", "expression")
    write_submission(source, store, "val", server, tmp_path / "new.zip")
    assert (tmp_path / "new.zip").read_bytes() == out.read_bytes()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_json_that_is_empty_is_json(tmp_path: Path):
    from rvosbench.testing.tiny_store import write_store
    from tests.tiny_store import video

    store = write_store(tmp_path / "store", [video("7", "val", {}, {}, frames=2)])
    with PredictionsWriter(tmp_path / "rows"):
        pass
    write_submission(
        open_predictions(tmp_path / "rows", "expression"), store, "val", "lvvis", tmp_path / "a.zip"
    )
    assert json.loads(entries(tmp_path / "a.zip")["results.json"]) == []
