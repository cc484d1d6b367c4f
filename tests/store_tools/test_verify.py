from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from rvosbench import masks
from rvosbench.errors import FormatError, MissingPathError
from rvosbench.store import SCHEMAS, StoreWriter
from rvosbench.store_tools.verify import verify
from tests.store_tools.damage import change, flip, part
from tests.tiny_store import CARD, hidden, lone_square, png, square, tiny_store, two_squares


@pytest.fixture
def folder(tmp_path):
    return tiny_store(tmp_path / "store").folder


def told(folder, **options):
    return [str(problem) for problem in verify(folder, **options)]


def content(folder):
    """The problems without those of the fingerprint, which every change of the content adds."""
    found = told(folder)
    assert found[-1].startswith("manifest fingerprint: found "), found
    return found[:-1]


def test_a_fresh_store_has_no_problem_and_progress_is_reported(folder):
    seen = []
    assert told(folder, on_progress=lambda done, total: seen.append((done, total))) == []
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_no_store_is_an_error_not_a_problem(folder, tmp_path):
    with pytest.raises(MissingPathError):
        told(tmp_path / "nowhere")
    (folder / "dataset.json").write_text("[]")
    with pytest.raises(FormatError):
        told(folder)


@pytest.mark.parametrize("table", SCHEMAS)
def test_a_flipped_byte_anywhere_in_a_file_is_found(folder, table):
    path = part(folder, table)
    whole = path.read_bytes()
    name = path.relative_to(folder).as_posix()
    for position in range(0, len(whole), max(1, len(whole) // 12)):
        flip(path, position)
        found = told(folder, frames=False)
        assert any(line.startswith(f"files {name}: found SHA-256") for line in found), position
        path.write_bytes(whole)


def test_a_file_that_is_cut_off_does_not_drag_the_other_tables_along(folder):
    path = part(folder, "frames")
    path.write_bytes(path.read_bytes()[:-10])
    found = told(folder)
    assert [line.split(": found ")[0] for line in found] == [f"files {path.relative_to(folder)}"] * 3
    assert "no Parquet file" in found[2]


def test_missing_and_surplus_files_are_named(folder):
    part(folder, "objects").unlink()
    shutil.copy(part(folder, "masks"), part(folder, "masks").with_name("part-00001.parquet"))
    first, second = told(folder)
    assert first == (
        "files data/objects/split=train/part-00000.parquet: found no file; expected a file of the manifest"
    )
    assert second.startswith("files data/masks/split=train/part-00001.parquet: found a file that is not in")


def test_other_columns_are_named(folder):
    path = part(folder, "videos")
    pq.write_table(pq.ParquetFile(path).read().drop_columns(["fps"]), path)
    assert any("found the columns video_id: string, height: int32" in line for line in told(folder))


def test_a_dropped_row_is_found_without_touching_the_manifest(folder):
    path = part(folder, "masks")
    table = pq.ParquetFile(path).read()
    pq.write_table(table.slice(1), path)
    found = told(folder)
    assert "masks train: found 14 rows; expected 15, as the manifest says" in found
    assert found[-1].startswith("manifest fingerprint")


def test_a_dropped_mask_changes_the_fingerprint_even_with_a_manifest_in_order(folder):
    change(folder, "masks", lambda rows: rows[1:])
    assert content(folder) == []


def test_a_dropped_frame_is_found_by_its_video(folder):
    change(folder, "frames", lambda rows: [row for row in rows if row["frame_index"] != 2])
    assert "videos train/pair: found num_frames 6; expected 5, the rows in frames" in told(folder)
    assert "frames train/pair: found frame_index without [2]; expected 0 to 4 in order" in told(folder)
    lost = "masks train/pair, object_id 0, frame_index 2: found no such frame"
    assert any(line.startswith(lost) for line in told(folder))


def test_a_dropped_video_row_is_found_by_the_other_tables(folder):
    change(folder, "videos", lambda rows: rows[1:])
    assert told(folder) == [
        "videos train/pair: found no row; expected one, as frames, objects, expressions, masks has rows of it"
    ]


def test_a_wrong_area_and_box_are_told_with_their_values(folder):
    def edit(rows):
        rows[0]["area"] = 7
        rows[1]["bbox"] = [0.0, 0.0, 1.0, 1.0]

    change(folder, "masks", edit)
    assert told(folder) == [
        "masks train/pair, object_id 0, frame_index 0: found area 7; expected 64, recomputed",
        "masks train/pair, object_id 0, frame_index 1: found bbox [0.0, 0.0, 1.0, 1.0]; "
        "expected [2.0, 4.0, 8.0, 8.0], recomputed",
    ]


def test_a_mask_of_another_size_than_its_frame_is_told(folder):
    def edit(rows):
        small = masks.encode(square(0)[:20])
        rows[0]["rle"] = {"size": [20, 32], "counts": small.counts}

    change(folder, "masks", edit)
    assert content(folder) == [
        "masks train/pair, object_id 0, frame_index 0: found rle.size [20, 32]; expected [24, 32]"
    ]


@pytest.mark.parametrize("counts", [b"", b"0", b"\xff\xff", b"PPPPPPP", b"ZZ999999999999999999o"])
def test_run_lengths_that_are_none_are_told(folder, counts):
    def edit(rows):
        rows[3]["rle"]["counts"] = counts

    change(folder, "masks", edit)
    (problem,) = content(folder)
    assert problem.startswith("masks train/pair, object_id 0, frame_index 3: found rle.counts:")


def test_every_reference_is_followed(folder):
    change(folder, "objects", lambda rows: rows[1:])
    assert told(folder) == [
        "expressions train/pair, expression_id '0': found object_ids [0] that objects lacks; expected some "
        "of [1]",
        "expressions train/pair, expression_id '2': found object_ids [0] that objects lacks; expected some "
        "of [1]",
        "masks train/pair, object_id 0: found an object that objects lacks; expected one of [1]",
    ]


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ("videos", ""),
        ("objects", ", object_id 0"),
        ("expressions", ", expression_id '0'"),
        ("masks", ", object_id 0, frame_index 0"),
    ],
)
def test_an_id_that_is_there_twice_is_told(folder, table, keys):
    change(folder, table, lambda rows: [rows[0], *rows])
    assert told(folder) == [f"{table} train/pair{keys}: found 2 rows; expected one"]


def test_a_repeated_frame_name_and_a_mask_where_nobody_looked_are_told(folder):
    def edit(rows):
        rows[1]["frame_name"] = "00000"
        rows[2]["annotated"] = False

    change(folder, "frames", edit)
    assert told(folder) == [
        "frames train/pair, frame_name '00000': found 2 rows; expected one",
        "masks train/pair, object_id 0, frame_index 2: found a frame that is not annotated; "
        "expected an annotated frame of the video",
    ]


def test_an_empty_field_and_rows_out_of_order_are_told(folder):
    def edit(rows):
        rows[0]["text"] = None

    change(folder, "expressions", edit)
    change(folder, "videos", lambda rows: rows[::-1])
    found = told(folder)
    assert "expressions train/pair, expression_id '0': found no text; expected a value" in found
    assert "videos train/pair: found rows after 'single'; expected rows sorted by video_id" in found


def test_damage_cannot_steer_the_terminal(folder):
    def edit(rows):
        rows[0]["expression_id"] = rows[1]["expression_id"] = "\x1b[2J\n"

    change(folder, "expressions", edit)
    (problem,) = told(folder)
    assert problem.isprintable() and "found 2 rows" in problem


@pytest.fixture
def by_reference(tmp_path):
    """A store whose frames lie in a release folder."""
    release = tmp_path / "release"
    (release / "pair").mkdir(parents=True)
    video = two_squares()
    for frame in video.frames:
        (release / "pair" / f"{frame.name}.png").write_bytes(frame.encoded)
    frames = tuple(replace(f, encoded=None, path=f"pair/{f.name}.png") for f in video.frames)
    with StoreWriter(tmp_path / "s", CARD, release=release, fingerprint="", arguments={}) as writer:
        writer.add(replace(video, frames=frames))
    return tmp_path / "s", release


def test_frames_that_are_gone_damaged_or_of_another_size_are_told(by_reference):
    folder, release = by_reference
    assert told(folder) == []
    (release / "pair" / "00000.png").unlink()
    (release / "pair" / "00005.png").write_bytes(b"\x89PNG")
    (release / "pair" / "00010.png").write_bytes(png(square(0)[:20].astype("uint8")))
    found = told(folder)
    assert [line.split(":")[0] for line in found] == [
        "frames train/pair, frame 0 (00000)",
        "frames train/pair, frame 1 (00005)",
        "frames train/pair, frame 2 (00010)",
    ]
    assert "00000.png is missing" in found[0]
    assert "cannot be decoded" in found[1]
    assert "is 20x32 px" in found[2] and "expected a frame of 24x32 px" in found[2]
    assert told(folder, frames=False) == []


def test_a_release_that_is_gone_is_one_problem_a_video_and_one_that_moved_none(by_reference, tmp_path):
    folder, release = by_reference
    release.rename(tmp_path / "moved")
    (problem,) = told(folder)
    assert problem.startswith("frames train/pair, all 6 frames: found the frames of pair are stored by")
    assert told(folder, release=tmp_path / "moved") == []


def test_a_packed_frame_that_is_damaged_is_told(folder):
    def edit(rows):
        rows[0]["image"] = {"bytes": b"\xff\xd8\xff", "path": None}
        rows[1]["image"] = {"bytes": None, "path": None}

    change(folder, "frames", edit)
    found = told(folder)
    assert "frames train/pair, frame_index 1: found neither path nor bytes; expected one of them" in found


def test_the_manifest_cannot_point_outside_the_store(folder, tmp_path):
    text = (folder / "dataset.json").read_text()
    (tmp_path / "secret.parquet").write_bytes(b"")
    for name in ("../secret.parquet", "data/masks/split=../../part-00000.parquet", "data/other/x.parquet"):
        (folder / "dataset.json").write_text(text.replace("data/masks/split=train/part-00000.parquet", name))
        assert any(line.startswith(f"manifest files, '{name}'") for line in told(folder))


def test_a_listed_file_beside_the_tables_is_compared_with_its_checksum(folder):
    manifest = json.loads((folder / "dataset.json").read_text())
    facts = {"rows": 0, "bytes": 2, "sha256": hashlib.sha256(b"ab").hexdigest()}
    (folder / "dataset.json").write_text(
        json.dumps(manifest | {"files": manifest["files"] | {"notes.txt": facts}})
    )
    assert told(folder) == ["files notes.txt: found no file; expected a file of the manifest"]
    (folder / "notes.txt").write_bytes(b"ab")
    assert told(folder) == []
    (folder / "notes.txt").write_bytes(b"ax")
    assert [line[:28] for line in told(folder)] == ["files notes.txt: found SHA-2"]


def test_stores_of_several_parts_are_read_whole(tmp_path, monkeypatch):
    from rvosbench.store import writer as module

    monkeypatch.setattr(module, "_GROUP_ROWS", 1)
    monkeypatch.setattr(module, "_PART_BYTES", 1)
    with StoreWriter(tmp_path / "s", CARD, release=tmp_path, fingerprint="", arguments={}) as writer:
        for number in range(5):
            writer.add(two_squares(f"a{number}"))
        writer.add(lone_square())
        writer.add(hidden())
    assert len(list((tmp_path / "s").rglob("split=train/*.parquet"))) == 30
    assert told(tmp_path / "s") == []
