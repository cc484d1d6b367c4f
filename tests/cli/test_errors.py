"""Bad input: one stderr line (found, expected, what to do), an exit code, and nothing left behind."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest


def leftovers(folder: Path) -> list[str]:
    """Everything in a folder, hidden names included."""
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_missing_release_folder_is_named(rvos, tmp_path):
    ran = rvos("prepare", "ytvos", "--root", tmp_path / "nowhere", "--out", tmp_path / "store")
    assert ran.code == 1
    assert str(tmp_path / "nowhere") in ran.error
    assert leftovers(tmp_path) == []


def test_an_empty_release_makes_no_store(rvos, tmp_path):
    (tmp_path / "release").mkdir()
    ran = rvos("prepare", "ytvos", "--root", tmp_path / "release", "--out", tmp_path / "store")
    assert ran.code in (1, 3)
    assert "meta_expressions" in ran.error
    assert leftovers(tmp_path) == ["release"]


def test_a_truncated_png_is_invalid_data(rvos, release, tmp_path):
    broken = tmp_path / "release"
    shutil.copytree(release, broken)
    png = next((broken / "train" / "Annotations").rglob("*.png"))
    png.write_bytes(png.read_bytes()[:60])
    ran = rvos("prepare", "ytvos", "--root", broken, "--out", tmp_path / "store")
    assert ran.code == 3
    assert str(png) in ran.error
    assert leftovers(tmp_path) == ["release"]


def test_a_store_without_its_manifest_is_not_a_store(rvos, store, tmp_path):
    half = tmp_path / "half"
    shutil.copytree(store, half)
    (half / "dataset.json").unlink()
    ran = rvos("predict", "nothing", "--dataset", half, "--split", "heldout", "--out", tmp_path / "run")
    assert ran.code == 3
    assert "dataset.json" in ran.error and "rvos prepare" in ran.error
    assert leftovers(tmp_path) == ["half"]


def test_a_store_with_a_torn_table_is_damaged(rvos, store, tmp_path):
    torn = tmp_path / "torn"
    shutil.copytree(store, torn)
    table = next((torn / "data" / "masks").rglob("*.parquet"))
    table.write_bytes(table.read_bytes()[:-40])
    ran = rvos("predict", "nothing", "--dataset", torn, "--split", "heldout", "--out", tmp_path / "run")
    assert ran.code == 3
    assert "damaged" in ran.error and "--overwrite" in ran.error


def test_a_store_of_another_format_names_the_command_that_rebuilds_it(rvos, store, tmp_path):
    old = tmp_path / "old"
    shutil.copytree(store, old)
    manifest = json.loads((old / "dataset.json").read_text())
    (old / "dataset.json").write_text(json.dumps(manifest | {"format_version": 0}))
    ran = rvos("predict", "nothing", "--dataset", old, "--split", "heldout", "--out", tmp_path / "run")
    assert ran.code == 3
    assert "format 0" in ran.error and "rvos prepare ytvos" in ran.error


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("prepare", "ytvso", "--root", ".", "--out", "x"), "did you mean 'ytvos'"),
        (("synth", "a2e", "--root", "x"), "did you mean 'a2d'"),
        (("list", "model"), "did you mean 'models'"),
    ],
)
def test_an_unknown_name_answers_with_the_nearest(rvos, tmp_path, monkeypatch, arguments, expected):
    monkeypatch.chdir(tmp_path)
    ran = rvos(*arguments)
    assert ran.code == 1
    assert expected in ran.error
    assert leftovers(tmp_path) == []


def test_unknown_models_presets_protocols_and_splits_answer_with_the_nearest(rvos, store, tmp_path):
    run = tmp_path / "run"
    given = ("--dataset", store, "--split", "heldout", "--out", run)
    assert "did you mean 'nothing'" in rvos("predict", "nothin", *given).error
    assert (
        "did you mean 'heldout'"
        in rvos("predict", "nothing", *given[:2], "--split", "held", *given[4:]).error
    )
    assert "did you mean 'soc'" in rvos("train", "sco", "--dataset", store, "--out", run).error
    preset = rvos("train", "soc", "--preset", "soc-dmo", "--dataset", store, "--out", run)
    assert preset.code == 1
    assert "did you mean 'soc-demo'" in preset.error
    assert leftovers(tmp_path) == []
    assert rvos("predict", "nothing", *given).code == 0
    assert "did you mean 'ytvos'" in rvos("evaluate", run, "--protocol", "ytvoss").error


def test_an_unknown_command_is_wrong_usage_in_one_line(rvos):
    ran = rvos("prepair")
    assert ran.code == 2
    assert "did you mean 'prepare'" in ran.error


def test_a_missing_option_is_wrong_usage_in_one_line(rvos):
    ran = rvos("prepare", "ytvos")
    assert ran.code == 2
    assert "--root" in ran.error and "rvos prepare --help" in ran.error


def test_a_taken_place_is_not_overwritten(rvos, release, store, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("three years")
    for arguments in (
        ("prepare", "ytvos", "--root", release, "--out", tmp_path / "mine"),
        ("prepare", "ytvos", "--root", release, "--out", tmp_path / "mine", "--overwrite"),
        ("predict", "nothing", "--dataset", store, "--split", "heldout", "--out", tmp_path / "mine"),
        ("train", "soc", "--preset", "soc-demo", "--dataset", store, "--out", tmp_path / "mine"),
        ("synth", "ytvos", "--root", tmp_path / "mine"),
        ("demo", "--out", tmp_path / "mine", "--overwrite"),
    ):
        ran = rvos(*arguments)
        assert ran.code == 1, arguments
        assert str(tmp_path / "mine") in ran.error
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "three years"
    assert leftovers(tmp_path) == ["mine"]


def test_predictions_of_another_store_are_refused(rvos, release, store, tmp_path):
    other = tmp_path / "other"
    assert rvos("prepare", "ytvos", "--root", release, "--out", other, "--trainval", "0.25").code == 0
    run = tmp_path / "run"
    assert rvos("predict", "nothing", "--dataset", store, "--split", "heldout", "--out", run).code == 0
    ran = rvos("evaluate", run, "--dataset", other)
    assert ran.code == 3
    assert "store fingerprint" in ran.error
    assert not (run / "scores").exists()


def test_hidden_ground_truth_cannot_be_scored(rvos, store, tmp_path):
    run = tmp_path / "run"
    assert rvos("predict", "nothing", "--dataset", store, "--split", "valid", "--out", run).code == 0
    ran = rvos("evaluate", run)
    assert ran.code == 3
    assert "hidden" in ran.error


def test_segment_says_what_is_wrong_with_its_input(rvos, tmp_path):
    assert (
        rvos("segment", tmp_path / "no.mp4", "the cup", "--model", "centre", "--out", tmp_path / "a.mp4").code
        == 1
    )
    (tmp_path / "text.mp4").write_text("not a video")
    ran = rvos("segment", tmp_path / "text.mp4", "the cup", "--model", "centre", "--out", tmp_path / "a.mp4")
    assert ran.code == 3
    assert "text.mp4" in ran.error
    assert (
        rvos("segment", tmp_path / "text.mp4", " ", "--model", "centre", "--out", tmp_path / "a.mp4").code
        == 3
    )
    assert leftovers(tmp_path) == ["text.mp4"]


@pytest.mark.parametrize("command", ["prepare", "dry run", "export", "predict", "synth", "train", "evaluate"])
def test_a_name_that_no_file_can_have_is_one_line(rvos, release, store, tmp_path, command):
    place = tmp_path / ("n" * 300)
    arguments = {
        "prepare": ("prepare", "ytvos", "--root", release, "--out", place),
        "dry run": ("prepare", "ytvos", "--root", release, "--out", place, "--dry-run"),
        "export": ("export", store, "--format", "coco", "--out", place),
        "predict": ("predict", "centre", "--dataset", store, "--split", "train", "--out", place),
        "synth": ("synth", "ytvos", "--root", place),
        "train": ("train", "soc", "--preset", "soc-demo", "--dataset", store, "--out", place),
        "evaluate": ("evaluate", place),
    }
    ran = rvos(*arguments[command])
    assert ran.code == 1
    assert str(place) in ran.error
    assert "File name too long" in ran.error
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    "words", [["list"], ["info"], ["train"], ["prepare"], ["preview", "STORE", "--video"]]
)
def test_a_name_of_a_megabyte_is_a_short_line(rvos, store, words):
    ran = rvos(*(store if word == "STORE" else word for word in words), "x" * 100_000)
    assert ran.code != 0
    assert len(ran.error) < 2100
