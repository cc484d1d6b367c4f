"""`rvos info`, `verify`, `preview`, `export`: what they print, write and refuse."""

from __future__ import annotations

import json
import shutil

import pytest

from rvosbench.media.images import image_size
from rvosbench.store import Store
from tests.store_tools.damage import change, flip, part

EXPORT = ("export", "--format", "png", "--out", "OUT")


def leftovers(folder):
    return sorted(path.name for path in folder.iterdir())


def test_info_shows_a_table_of_80_columns_and_json(rvos, store):
    ran = rvos("info", store)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    table = lines[: next(n for n, line in enumerate(lines) if line.startswith("Citation"))]
    assert max(map(len, table)) <= 80
    text = " ".join(ran.out.split())
    assert "Ref-YouTube-VOS (ytvos)" in text and "2 of 202" in text
    assert "Most frequent words of train: the " in text
    assert "Licence: Annotations CC BY 4.0" in text and "@inproceedings{seo2020urvos," in lines
    content = json.loads(rvos("info", store, "--json").out)
    assert list(content["splits"]) == ["train", "heldout", "valid", "test"]
    assert content["splits"]["train"]["counts"] == Store.open(store).splits["train"]


def test_info_of_something_else_is_one_line(rvos, tmp_path):
    ran = rvos("info", tmp_path / "nowhere")
    assert ran.code == 1
    assert "rvos prepare" in ran.error
    assert rvos("info", tmp_path).code == 3
    assert rvos("info").code == 2


@pytest.mark.parametrize("command", [("info",), ("verify",), ("preview", "--video", "x"), EXPORT])
def test_another_kind_of_folder_is_named_with_the_command_that_looks_at_it(rvos, release, tmp_path, command):
    verb, *rest = command
    rest = [str(tmp_path / "out") if word == "OUT" else word for word in rest]
    run, trained, checkpoint = tmp_path / "run", tmp_path / "trained", tmp_path / "checkpoint"
    for folder in (run / "predictions", trained / "checkpoint", checkpoint, tmp_path / "empty"):
        folder.mkdir(parents=True)
    (run / "run.json").write_text('{"model": "soc", "dataset": "ytvos", "split": "valid"}')
    (trained / "run.json").write_text('{"model": "soc"}')
    for name in ("config.json", "model.safetensors"):
        (checkpoint / name).touch()
    (tmp_path / "notes.txt").touch()
    for folder, text, advice in (
        (run, "is a run of rvos predict (soc on ytvos/valid)", f"look at it with: rvos evaluate {run}"),
        (trained, "is a run of rvos train", f"rvos predict soc --checkpoint {trained / 'checkpoint'}"),
        (checkpoint, "is a checkpoint", f"rvos predict MODEL --checkpoint {checkpoint}"),
        (release, "is a release of Ref-YouTube-VOS", f"rvos prepare ytvos --root {release} --out STORE"),
        (tmp_path / "empty", "is an empty folder", "rvos prepare NAME --root RELEASE --out STORE"),
        (tmp_path / "notes.txt", "is a file", "rvos prepare NAME --root RELEASE --out STORE"),
    ):
        ran = rvos(verb, folder, *rest)
        assert ran.code == 3
        assert f"{folder} {text}, expected a store with its dataset.json; " in ran.error
        assert ran.error.endswith(advice)
    assert not (tmp_path / "out").exists()


def test_the_videos_are_listed_with_counts(rvos, store):
    opened = Store.open(store)
    lines = rvos("info", store, "--videos").out.splitlines()
    assert lines[0].split() == ["split", "size", "frames", "objects", "expressions", "masks", "video"]
    listed = json.loads(rvos("info", store, "--videos", "--json").out)["videos"]
    assert [line.split() for line in lines[1:]] == [
        [
            row["split"],
            f"{row['width']}x{row['height']}",
            *(str(row[table]) for table in ("frames", "objects", "expressions", "masks")),
            row["video_id"],
        ]
        for row in listed
    ]
    for row, video in zip(listed, opened, strict=True):
        assert (row["split"], row["video_id"]) == (video.split, video.video_id)
        assert (row["height"], row["width"]) == (video.height, video.width)
        for table in ("frames", "objects", "expressions", "masks"):
            assert row[table] == len(getattr(video, table))
    assert max(map(len, lines)) <= 80
    some = rvos("info", store, "--videos", "--split", "valid", "--split", "test").out.splitlines()[1:]
    assert [line.split()[0] for line in some] == ["valid", "valid", "test"]
    assert "did you mean 'valid'" in rvos("info", store, "--videos", "--split", "valdi").error


def test_info_of_one_split(rvos, store):
    assert list(json.loads(rvos("info", store, "--split", "heldout", "--json").out)["splits"]) == ["heldout"]
    assert "did you mean 'heldout'" in rvos("info", store, "--split", "heldouts").error


def test_info_of_a_damaged_store_is_one_line_that_names_verify(rvos, store, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(store, broken)
    path = part(broken, "expressions")
    for position in range(4, path.stat().st_size // 2):
        flip(path, position)
    ran = rvos("info", broken)
    assert ran.code == 3
    assert f"rvos verify {broken}" in ran.error


def test_stores_are_found_by_name_on_the_shelf(rvos, store, monkeypatch):
    monkeypatch.setenv("RVOS_STORES", str(store.parent))
    monkeypatch.chdir("/")
    assert rvos("info", store.name).code == 0
    assert rvos("verify", store.name).code == 0


def test_verify_says_one_line_when_all_is_well(rvos, store):
    ran = rvos("verify", store)
    assert ran.code == 0
    assert ran.out.count("\n") == 1 and "no problem in 7 videos" in ran.out and "every frame" in ran.out
    assert "frames not decoded" in rvos("verify", store, "--no-frames").out


def test_verify_lists_every_problem_and_exits_with_3(rvos, store, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(store, broken)

    def edit(rows):
        rows[0]["area"] += 1

    change(broken, "masks", edit)
    flip(part(broken, "objects", "heldout"), 30)
    ran = rvos("verify", broken, "--no-frames")
    assert ran.code == 3
    lines = ran.out.splitlines()
    assert any(line.startswith("masks train/") and "recomputed" in line for line in lines)
    assert any(line.startswith("files data/objects/split=heldout/part-00000.parquet") for line in lines)
    assert f"{broken} has {len(lines)} problems" in ran.error and "--overwrite" in ran.error


def test_verify_finds_a_missing_frame_file_and_no_frames_does_not_look(rvos, store, release, tmp_path):
    moved = tmp_path / "release"
    shutil.copytree(release, moved)
    next((moved / "train" / "JPEGImages").rglob("*.jpg")).unlink()
    ran = rvos("verify", store, "--release", moved)
    assert ran.code == 3
    assert ran.out.count("\n") == 1 and ".jpg is missing" in ran.out
    assert "has 1 problem," in ran.error
    assert rvos("verify", store, "--release", moved, "--no-frames").code == 0


def test_verify_of_no_store_is_one_line(rvos, tmp_path):
    (tmp_path / "half").mkdir()
    ran = rvos("verify", tmp_path / "half")
    assert ran.code == 3
    assert "dataset.json" in ran.error
    assert rvos("verify", tmp_path / "nowhere").code == 1


def test_preview_finds_the_split_and_writes_a_png(rvos, store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    opened = Store.open(store)
    (video, *_) = opened.video_ids("heldout")
    ran = rvos("preview", store, "--video", video)
    assert (ran.code, ran.err, ran.out) == (0, "", f"{video}.png\n")
    height, width = image_size(tmp_path / f"{video}.png")
    assert 1900 <= width <= 1930 and height > 160
    assert rvos("preview", store, "--video", video, "--split", "heldout", "--out", "new/a.png").code == 0
    assert leftovers(tmp_path) == sorted([f"{video}.png", "new"])


def test_preview_refuses_in_one_line(rvos, store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    opened = Store.open(store)
    (video, *_) = opened.video_ids("train")
    error = rvos("preview", store, "--video", "zzz").error
    assert error == f"Error: no video of {store} is named 'zzz'; list them with: rvos info {store} --videos"
    assert f"did you mean '{video}'" in rvos("preview", store, "--video", video[:-1]).error
    assert "did you mean 'train'" in rvos("preview", store, "--video", video, "--split", "trian").error
    assert rvos("preview", store, "--video", video, "--frames", "0").code == 2
    gone = rvos("preview", store, "--video", video, "--release", tmp_path / "gone")
    assert gone.code == 1
    assert "--release" in gone.error
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("layout", ["png", "mask-dict", "coco"])
def test_export_writes_a_folder_once(rvos, store, tmp_path, layout):
    out = tmp_path / "deep" / "out"
    ran = rvos("export", store, "--format", layout, "--out", out, "--pixels", "link")
    assert (ran.code, ran.out) == (0, f"{out}\n")
    assert leftovers(out.parent) == ["out"]
    ran = rvos("export", store, "--format", layout, "--out", out)
    assert ran.code == 1
    assert str(out) in ran.error


def test_export_refuses_in_one_line(rvos, store, tmp_path):
    given = ("export", store, "--out", tmp_path / "out")
    assert "did you mean 'png'" in rvos(*given, "--format", "pngs").error
    assert "did you mean 'valid'" in rvos(*given, "--format", "png", "--splits", "train,valdi").error
    assert rvos(*given).code == 2
    assert rvos(*given, "--format", "png", "--pixels", "all").code == 2
    gone = rvos(*given, "--format", "png", "--release", tmp_path / "gone")
    assert gone.code == 1
    assert leftovers(tmp_path) == []
