"""Releases are found by the folder names that people give them."""

from __future__ import annotations

import logging

import pytest

from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.plugins.dataset import DatasetSpec
from rvosbench.plugins.registry import DATASETS
from rvosbench.workspace.releases import find_release, folder_names
from tests.tiny_store import CARD

NAMES = ("ref-youtube-vos", "refer_youtube_vos")


def test_every_built_in_dataset_says_what_its_folder_is_called():
    for name, entry in DATASETS.entries().items():
        assert DATASETS[name].folder_names or entry.distribution != "rvosbench"


def test_davis_2017_beside_its_expressions_does_not_confuse(tmp_path):
    for name in ("DAVIS", "ref-davis"):
        (tmp_path / name).mkdir()
    assert find_release(folder_names("davis"), [tmp_path]) == tmp_path / "ref-davis"


@pytest.mark.parametrize(
    ("dataset", "folder"),
    [
        ("a2d", "a2d_sentences"),
        ("davis", "ref_davis"),
        ("davis", "ref-davis"),
        ("jhmdb", "jhmdb_sentences"),
        ("mevis", "mevis"),
        ("refcoco", "coco"),
        ("refcoco+", "coco"),
        ("refcocog", "coco"),
        ("ytvos", "refer_youtube_vos"),
        ("ytvos", "ref-youtube-vos"),
    ],
)
def test_the_layouts_of_soc_and_referformer_are_found(tmp_path, dataset, folder):
    for name in ("a2d_sentences", "jhmdb_sentences", "mevis", "coco", folder):
        (tmp_path / name).mkdir(exist_ok=True)
    assert find_release(folder_names(dataset), [tmp_path]) == tmp_path / folder


def test_a_dataset_that_names_no_folder_has_its_own_name(tmp_path):
    (tmp_path / "tiny").mkdir()
    spec = DatasetSpec(card=CARD, open=lambda folder, options: None, protocol="ytvos")
    with DATASETS.register("tiny", spec):
        assert find_release(folder_names("tiny"), [tmp_path]) == tmp_path / "tiny"


def test_it_may_lie_in_any_of_several_roots_and_files_are_no_releases(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for root in (first, second):
        root.mkdir()
    (first / "refer_youtube_vos").write_text("")
    (second / "refer_youtube_vos").mkdir()
    assert find_release(NAMES, [tmp_path / "gone", first, second]) == second / "refer_youtube_vos"


def test_several_that_could_be_meant_are_all_named(tmp_path):
    (tmp_path / "more" / "ref-youtube-vos").mkdir(parents=True)
    for name in NAMES:
        (tmp_path / name).mkdir()
    with pytest.raises(DatasetError) as caught:
        find_release(NAMES, [tmp_path, tmp_path / "more"])
    for path in (*(tmp_path / name for name in NAMES), tmp_path / "more" / "ref-youtube-vos"):
        assert str(path) in str(caught.value)
    assert "could both be meant; choose one with --root" in str(caught.value)


def test_one_folder_by_two_ways_is_one(tmp_path):
    (tmp_path / "ref-youtube-vos").mkdir()
    (tmp_path / "refer_youtube_vos").symlink_to("ref-youtube-vos")
    (tmp_path / "link").symlink_to(tmp_path)
    assert find_release(NAMES, [tmp_path, tmp_path / "link"]).samefile(tmp_path / "ref-youtube-vos")


def test_none_says_where_was_looked_and_for_what(tmp_path):
    with pytest.raises(MissingPathError) as caught:
        find_release(NAMES, [tmp_path, tmp_path / "gone"])
    assert str(caught.value) == (
        f"no release in {tmp_path}, {tmp_path / 'gone'} (not there); expected a folder named ref-youtube-vos "
        "(or refer_youtube_vos); move it there, name it with --root, or set releases or root in rvos.toml"
    )


def test_another_letter_case_is_taken_and_said(tmp_path, caplog):
    (tmp_path / "Ref-YouTube-VOS").mkdir()
    with caplog.at_level(logging.WARNING):
        assert find_release(NAMES, [tmp_path]) == tmp_path / "Ref-YouTube-VOS"
    assert f"{tmp_path / 'Ref-YouTube-VOS'} is taken though its usual name is ref-youtube-vos" in caplog.text
    caplog.clear()
    (tmp_path / "Ref-YouTube-VOS").rename(tmp_path / "ref-youtube-vos")
    find_release(NAMES, [tmp_path])
    assert not caplog.text


def test_two_letter_cases_are_two_candidates(tmp_path):
    for name in ("mevis", "MeViS"):
        (tmp_path / name).mkdir()
    if len(list(tmp_path.iterdir())) == 1:
        pytest.skip("this file system does not tell letter case apart")
    with pytest.raises(DatasetError, match=r"MeViS and .*mevis could both be meant"):
        find_release(folder_names("mevis"), [tmp_path])
