"""Annotations of the release are refused as predictions; results that lie in the release are not."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from rvosbench import masks
from rvosbench.errors import InvalidDataError, OutputError, ScoreError
from rvosbench.store import Store
from rvosbench.submission import convert, open_predictions
from tests.tiny_store import square, two_squares, write_store


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Frames and annotations of one split, as YouTube-VOS lays them out."""
    (tmp_path / "train" / "JPEGImages" / "pair").mkdir(parents=True)
    for folder in ("train/Annotations", "train/Annotations_unsupervised"):
        put(tmp_path / folder)
    return tmp_path


@pytest.fixture
def store(release: Path, tmp_path: Path) -> Store:
    video = replace(two_squares(), source="train/JPEGImages/pair")
    return write_store(tmp_path / "store", [video])


def put(folder: Path) -> Path:
    path = folder / "pair" / "0" / "00000.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(masks.encode_binary_png(square(2)))
    return folder


@pytest.mark.parametrize("folder", [".", "train", "train/Annotations", "train/Annotations_unsupervised"])
def test_annotations_beside_the_frames_are_refused(release, store, folder):
    with pytest.raises(ScoreError, match=r"is the ground truth of the release|holds several results"):
        open_predictions(release / folder, "expression", release=release, store=store)


@pytest.mark.parametrize(
    "folder",
    [
        "results/Annotations",
        "Annotations",
        "Annotations_mymodel",
        "train/Annotations_mymodel",
        "train/results/Annotations",
        "valid/Annotations",
        "valid",
    ],
)
def test_results_inside_the_release_are_scored(release, store, folder):
    put(release / folder)
    source = open_predictions(release / folder, "expression", release=release, store=store)
    assert source.video_ids() == ("pair",)


@pytest.mark.parametrize("linked", ["pair", "pair/0", "pair/0/00000.png"])
def test_links_to_annotations_are_followed(release, store, tmp_path, linked):
    (tmp_path / "mine" / linked).parent.mkdir(parents=True)
    (tmp_path / "mine" / linked).symlink_to(release / "train" / "Annotations" / linked)
    with pytest.raises(ScoreError, match="is the ground truth of the release"):
        open_predictions(tmp_path / "mine", "expression", release=release, store=store)


def test_annotations_as_run_lengths_are_refused_beside_the_expressions_alone(release, store):
    path = release / "train" / "mask_dict.json"
    path.write_text("{}")
    with pytest.raises(ScoreError, match="is the ground truth of the release"):
        open_predictions(path, "expression", release=release, store=store)
    mine = release / "results" / "mask_dict.json"
    mine.parent.mkdir()
    mine.write_text("{}")
    with pytest.raises(InvalidDataError, match=r"^(?!.*ground truth)"):
        open_predictions(mine, "expression", release=release, store=store)


@pytest.mark.parametrize("inner", ["", "Annotations", "valid/Annotations"])
@pytest.mark.parametrize("relative", [False, True])
def test_masks_that_were_given_for_the_store_are_refused(tmp_path, monkeypatch, inner, relative):
    (tmp_path / "elsewhere" / "release" / "valid" / "JPEGImages").mkdir(parents=True)
    video = replace(two_squares(), split="valid", source="valid/JPEGImages/pair")
    store = write_store(tmp_path / "store", [video])
    masks_folder = put(tmp_path / "elsewhere" / "masks" / inner)
    given = "masks" if relative else str(tmp_path / "elsewhere" / "masks")
    store.manifest["converter"] = {"arguments": {"options": {"valid-masks": given}}}
    store.manifest["release"]["root"] = str(tmp_path / "elsewhere" / "release")
    for folder in {masks_folder, masks_folder / "pair"}:
        with pytest.raises(ScoreError, match="is the ground truth given for the store"):
            open_predictions(folder, "expression", store=store)
    # What lies where annotations would be is somebody's results: the masks came from elsewhere.
    mine = put(tmp_path / "elsewhere" / "release" / "valid" / "Annotations")
    assert open_predictions(mine, "expression", store=store).video_ids() == ("pair",)


def test_a_copy_of_the_annotations_elsewhere_is_opened(release, store, tmp_path):
    shutil.copytree(release / "train" / "Annotations", tmp_path / "copy")  # scoring it warns
    source = open_predictions(tmp_path / "copy", "expression", release=release, store=store)
    assert source.video_ids() == ("pair",)


@pytest.mark.parametrize("to", ["png", "submission"])
@pytest.mark.parametrize("folder", ["train/Annotations", "train/Annotations/pair"])
def test_annotations_are_never_overwritten_by_predictions(release, store, folder, to):
    theirs = put(release / "theirs")
    with pytest.raises(OutputError, match="holds ground truth, which is never overwritten"):
        convert(theirs, store, release / folder, to=to, split="train", overwrite=True)
    assert (release / "train/Annotations/pair/0/00000.png").is_file()
