from __future__ import annotations

import pytest

from rvosbench.datasets.jhmdb_samples import read_samples
from rvosbench.errors import DatasetError, MissingPathError
from tests.datasets.tiny_releases import JHMDB_ODD, sample, write_json

FIRST = (
    "100_pullups_pullup_f_nm_np1_fr_med_1",
    "100_pullups_pullup_f_nm_np1_fr_med_2",
    "100_pullups_pullup_u_nm_np1_fr_med_0",
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "samples.json"


def test_frames_come_from_the_last_parts_of_the_paths(path):
    write_json(path, [sample(JHMDB_ODD, 3), sample(JHMDB_ODD, 1), sample("b", 2)])
    found = read_samples(path)
    assert found.frames == {JHMDB_ODD: {1, 3}, "b": {2}}
    assert found.origin == "an unknown author"


def test_the_digest_goes_by_videos_and_frames_alone(path):
    entries = [sample("a", 3), sample("a", 1)]
    write_json(path, entries)
    digest = read_samples(path).digest
    moved = [[e[0], e[1].replace("/mnt/somebody", "."), e[2], 40, "another"] for e in reversed(entries)]
    write_json(path, moved)
    assert read_samples(path).digest == digest
    write_json(path, [sample("a", 3), sample("a", 2)])
    assert read_samples(path).digest != digest


@pytest.mark.parametrize(
    ("frames", "origin"),
    [
        (((2, 8, 18), (9, 15, 16), (6, 7, 35)), "MTTR"),
        (((3, 22, 32), (15, 31, 35), (10, 15, 33)), "SOC"),
        (((2, 6, 16), (13, 17, 24), (24, 31, 40)), "SOC, file ..._new.json"),
        (((2, 8, 18), (9, 15, 16), (6, 7, 34)), "an unknown author"),
    ],
)
def test_the_published_lists_are_recognised_by_their_first_videos(path, frames, origin):
    write_json(path, [sample(v, n) for v, numbers in zip(FIRST, frames, strict=True) for n in numbers])
    assert read_samples(path).origin == origin


def test_the_real_list_of_mttr(shared):
    found = read_samples(shared / "samples" / "jhmdb_sentences" / "jhmdb_sentences_samples_metadata.json")
    assert found.origin == "MTTR"
    assert len(found.frames) == 928
    assert {len(numbers) for numbers in found.frames.values()} == {3}


@pytest.mark.parametrize(
    "content",
    [
        {},
        [7],
        [[]],
        [["a", "x/a/00001.png"]],
        [[7, *sample("a", 1)[1:]]],
        [["../a", *sample("../a", 1)[1:]]],
        [["b", *sample("a", 1)[1:]]],
        [["a", None, "x", 40, "x"]],
        [["a", "00001.png", "x", 40, "x"]],
        [sample("a", 0)],
        [["a", "x/a/first.png", "x", 40, "x"]],
        [["a", "x/a/99999999999.png", "x", 40, "x"]],
    ],
)
def test_another_shape_is_one_line_that_names_the_file(path, content):
    write_json(path, content)
    with pytest.raises(DatasetError) as caught:
        read_samples(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_list_is_named(path):
    with pytest.raises(MissingPathError, match=r"samples\.json"):
        read_samples(path)
