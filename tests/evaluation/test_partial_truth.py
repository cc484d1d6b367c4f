"""Masks of some frames, where the source promises all: said everywhere, refused, or scored by name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from rvosbench_cli.main import cli

from rvosbench.datasets.specs.ytvos import YtvosOptions
from rvosbench.errors import FormatError, ScoreError, UnknownNameError
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.metrics import region_similarity
from rvosbench.preparation import prepare
from rvosbench.preparation.plan import plan
from rvosbench.reporting.answers import ScoredRun
from rvosbench.runs.tolerance import Tolerance
from rvosbench.store import Store
from rvosbench.store_tools.verify import verify
from rvosbench.workspace.init import initialise
from tests.datasets.tiny_releases import (
    HEIGHT,
    TWO_OBJECTS,
    WIDTH,
    expressions,
    meta_expressions,
    write_frame,
    write_json,
    write_labels,
    ytvos,
)

FRAMES = ("00000", "00005", "00010", "00015")
ANNOTATED = {"truth": "annotated"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A release whose valid split has the videos ccc and eee of four frames."""
    release = ytvos(tmp_path / "release")
    content = {}
    for video_id in ("ccc", "eee"):
        content[video_id] = {"frames": list(FRAMES), "expressions": expressions(("a", "1"), ("b", "2"))}
        for name in FRAMES:
            write_frame(release / "valid" / "JPEGImages" / video_id / f"{name}.jpg")
    write_json(meta_expressions(release, "valid"), {"videos": content})
    return release


def masks(folder: Path, there: dict[str, tuple[str, ...]]) -> Path:
    for video_id, names in there.items():
        for name in names:
            write_labels(folder / video_id / f"{name}.png", TWO_OBJECTS)
    return folder


def prepared(root: Path, there: dict[str, tuple[str, ...]], **options: object):
    folder = masks(root.parent / "masks", there)
    chosen = YtvosOptions(valid_masks=folder)
    return prepare("ytvos", root, root.parent / "store", options=chosen, splits=["valid"], **options)


def answers(store: Store, *, empty_from: int = 99) -> dict[tuple[str, str], np.ndarray]:
    """The truth, and nothing from some frame on."""
    found = {}
    for video_id in store.video_ids("valid"):
        for expression_id, object_id in (("0", 1), ("1", 2)):
            stack = np.stack([object_id == TWO_OBJECTS] * len(FRAMES))
            stack[empty_from:] = False
            found[video_id, expression_id] = stack
    return found


def test_a_whole_ground_truth_leaves_no_trace(root):
    made = prepared(root, {"ccc": FRAMES, "eee": FRAMES})
    assert not any("not whole" in warning for warning in made.warnings)
    store = Store.open(made.store)
    assert "partly_annotated" not in store.manifest
    assert store.partly_annotated("valid") == {}
    scores = evaluate(answers(store), store, protocol="ytvos")
    assert scores.adjusted.partial_truth == 0
    assert scores.marks == ()


@pytest.mark.parametrize(
    ("there", "counts", "said"),
    [
        ({"ccc": FRAMES[:1], "eee": FRAMES[1:2]}, {"ccc": (1, 4), "eee": (1, 4)}, "masks of 2 of 8 frames"),
        ({"ccc": FRAMES, "eee": FRAMES[:3]}, {"eee": (3, 4)}, "masks of 7 of 8 frames"),
        ({"ccc": FRAMES}, {"eee": (0, 4)}, "masks of 4 of 8 frames"),
    ],
)
def test_masks_that_are_missing_are_counted_kept_and_said(root, there, counts, said):
    made = prepared(root, there)
    assert any(said in warning and "valid is not whole" in warning for warning in made.warnings)
    store = Store.open(made.store)
    assert store.partly_annotated("valid") == counts
    problems = {row["video_id"]: row["message"] for row in store.problems().to_pylist() if row["video_id"]}
    assert problems == {
        video_id: f"masks of {have} of {of} frames; the others are not annotated"
        for video_id, (have, of) in counts.items()
    }
    assert "The ground truth of valid is not whole: masks of " in (made.store / "README.md").read_text()
    with pytest.raises(UnknownNameError):
        store.partly_annotated("trian")


def test_an_interrupted_conversion_still_knows_what_is_missing(root):
    there = {"ccc": FRAMES[:1], "eee": FRAMES}
    (root / "valid" / "JPEGImages" / "eee" / "00015.jpg").unlink()
    with pytest.raises(Exception, match="is missing"):
        prepared(root, there)
    write_frame(root / "valid" / "JPEGImages" / "eee" / "00015.jpg")
    made = prepared(root, {})
    assert made.reused == 1
    assert Store.open(made.store).partly_annotated("valid") == {"ccc": (1, 4)}


def test_the_same_with_workers(root):
    made = prepared(root, {"ccc": FRAMES[:1], "eee": FRAMES}, workers=2)
    assert Store.open(made.store).partly_annotated("valid") == {"ccc": (1, 4)}


def test_a_dry_run_says_it_of_all_videos_and_not_that_nothing_is_missing(root):
    folder = masks(root.parent / "masks", {"ccc": FRAMES[:2], "eee": FRAMES[:1]})
    found = plan("ytvos", root, root.parent / "store", options={"valid-masks": str(folder)})
    assert any("masks of 3 of 8 frames; 2 of 2 videos lack some" in line for line in found.warnings)
    assert {split.name: split.masks for split in found.splits} == {
        "train": (0, 0),
        "valid": (3, 8),
        "test": (0, 0),
    }
    arguments = ["prepare", "ytvos", "--root", root, "--out", root.parent / "s", "--valid-masks", folder]
    result = CliRunner().invoke(cli, [*map(str, arguments), "--dry-run"])
    assert result.exit_code == 0
    assert "Missing in valid: masks of 5 of 8 frames" in result.stdout
    assert "Missing: nothing" not in result.stdout
    assert "Warning: the ground truth of valid is not whole" in result.stderr


def test_evaluation_refuses_it_with_the_videos_the_counts_and_the_way_out(root):
    store = Store.open(prepared(root, {"ccc": FRAMES[:2], "eee": FRAMES}).store)
    with pytest.raises(ScoreError) as refused:
        evaluate(answers(store), store, protocol="ytvos")
    assert str(refused.value) == (
        "the ground truth of ytvos/valid is not whole: masks of 2 of 4 frames; 1 of 2 videos lack some (ccc "
        "2 of 4); fetch the masks of every frame and prepare again, or score the annotated frames with "
        "--truth annotated"
    )


def test_or_scores_the_annotated_frames_by_name(root):
    store = Store.open(prepared(root, {"ccc": FRAMES[:2], "eee": FRAMES}).store)
    given = answers(store, empty_from=1)
    scores = evaluate(given, store, protocol="ytvos", **ANNOTATED)
    # ccc: right in one of two frames, eee: in one of four; two expressions each.
    assert scores.metrics["J"].value == pytest.approx((0.5 + 0.25) / 2)
    assert region_similarity(given["ccc", "0"][0], TWO_OBJECTS == 1) == 1.0
    assert (scores.n_frames, scores.n_videos) == (2 * 2 + 2 * 4, 2)
    assert scores.adjusted.partial_truth == 1
    assert scores.tolerance == Tolerance(**ANNOTATED)
    assert scores.marks == ("ground truth of 1 video incomplete, annotated frames scored",)


def test_of_first_frames_an_object_is_scored_where_it_is_drawn(root):
    folder = root.parent / "masks"
    for video_id in ("ccc", "eee"):
        write_labels(
            folder / video_id / "00000.png", np.where(TWO_OBJECTS == 1, TWO_OBJECTS, 0).astype(np.uint8)
        )
        write_labels(
            folder / video_id / "00005.png", np.where(TWO_OBJECTS == 2, TWO_OBJECTS, 0).astype(np.uint8)
        )
    store = Store.open(prepared(root, {}).store)
    assert store.partly_annotated("valid") == {"ccc": (2, 4), "eee": (2, 4)}
    given = answers(store)  # both objects in every frame, where they are
    given["ccc", "1"][1] = False
    scores = evaluate(given, store, protocol="ytvos", truth="annotated")
    assert scores.metrics["J"].value == pytest.approx(3 / 4)
    assert (scores.n_frames, scores.adjusted.partial_truth) == (4, 2)
    for (video_id, expression_id), stack in given.items():
        for name, mask in zip(FRAMES, stack, strict=True):
            file = root.parent / "png" / video_id / expression_id / f"{name}.png"
            write_labels(file, mask.astype(np.uint8))
    kept = root.parent / "run"
    assert evaluate(root.parent / "png", store, protocol="ytvos", truth="annotated", out=kept).metrics[
        "J"
    ].value == pytest.approx(3 / 4)
    tracks = ScoredRun(kept, store).video("ccc")[1]
    assert {expression_id: len(track.rows) for expression_id, track in tracks.items()} == {"0": 1, "1": 1}


def test_first_frames_that_were_filled_up_with_black_pictures_are_not_whole(root):
    folder = root.parent / "masks"
    black = np.zeros_like(TWO_OBJECTS)
    for video_id in ("ccc", "eee"):
        for name in FRAMES:
            write_labels(folder / video_id / f"{name}.png", TWO_OBJECTS if name == FRAMES[0] else black)
    store = Store.open(prepared(root, {}).store)
    assert store.partly_annotated("valid") == {"ccc": (1, 4), "eee": (1, 4)}
    assert list(verify(store.folder)) == []
    with pytest.raises(ScoreError, match="not whole: masks of 2 of 8 frames"):
        evaluate(answers(store), store, protocol="ytvos")
    scores = evaluate(answers(store), store, protocol="ytvos", truth="annotated")
    assert (scores.metrics["J"].value, scores.n_frames) == (1.0, 4)


def test_an_object_that_leaves_while_another_stays_has_left(root):
    folder = root.parent / "masks"
    for video_id in ("ccc", "eee"):
        for name in FRAMES:
            alone = np.where(TWO_OBJECTS == 1, TWO_OBJECTS, 0).astype(np.uint8)
            write_labels(folder / video_id / f"{name}.png", TWO_OBJECTS if name == FRAMES[0] else alone)
    assert Store.open(prepared(root, {}).store).partly_annotated("valid") == {}


def test_a_video_without_any_mask_is_left_out_and_counted(root):
    store = Store.open(prepared(root, {"ccc": FRAMES}).store)
    given = {key: stack for key, stack in answers(store).items() if key[0] == "ccc"}
    for predicted in (given, answers(store)):
        scores = evaluate(predicted, store, protocol="ytvos", **ANNOTATED)
        assert scores.metrics["J"].value == 1.0
        assert (scores.n_videos, scores.n_expressions, scores.adjusted.partial_truth) == (1, 2, 1)


def test_a_store_from_before_scores_as_before(root):
    store = Store.open(prepared(root, {"ccc": FRAMES[:2], "eee": FRAMES}).store)
    path = store.folder / "dataset.json"
    manifest = json.loads(path.read_text())
    del manifest["partly_annotated"]
    path.write_text(json.dumps(manifest))
    old = Store.open(store.folder)
    assert old.partly_annotated("valid") == {}
    assert evaluate(answers(old), old, protocol="ytvos").metrics["J"].value == 1.0


def test_the_command_line_says_it_everywhere(root, tmp_path):
    store = Store.open(prepared(root, {"ccc": FRAMES[:2], "eee": FRAMES}).store)
    for (video_id, expression_id), stack in answers(store).items():
        for name, mask in zip(FRAMES, stack, strict=True):
            write_labels(tmp_path / "a" / video_id / expression_id / f"{name}.png", mask.astype(np.uint8))
    run = CliRunner().invoke
    said = "masks of 2 of 4 frames; 1 video lacks some (ccc 2 of 4)"
    checked = run(cli, ["verify", str(store.folder)])
    assert checked.exit_code == 0
    assert f"Warning: the ground truth of valid is not whole: {said}" in checked.stderr
    assert checked.stdout.endswith("every frame decoded; the ground truth of valid is not whole\n")
    assert json.loads(run(cli, ["verify", str(store.folder), "--json"]).stdout)["partly_annotated"] == {
        "valid": {"ccc": [2, 4]}
    }
    assert said in " ".join(run(cli, ["info", str(store.folder)]).stdout.split())
    facts = json.loads(run(cli, ["info", str(store.folder), "--json"]).stdout)
    assert facts["splits"]["valid"]["partly_annotated"] == {"ccc": [2, 4]}
    words = ["evaluate", "--dataset", str(store.folder), "--predictions", str(tmp_path / "a")]
    refused = run(cli, words)
    assert isinstance(refused.exception, ScoreError)
    scored = json.loads(run(cli, [*words, "--truth", "annotated", "--json"]).stdout)
    assert scored["metrics"]["J"]["value"] == 1.0
    assert (scored["tolerance"]["truth"], scored["adjusted"]["partial_truth"]) == ("annotated", 1)


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"valid": {"ccc": [3, 4]}}, "masks of 3 of 4 frames"),
        ({"valid": {"ccc": [2, 9]}}, "masks of 2 of 9 frames"),
        ({"valid": {"zzz": [2, 4], "ccc": [2, 4]}}, "a video that no table has"),
        ({"test": {"ccc": [2, 4]}}, "a video that no table has"),
        ([1], "holds [1], expected split"),
        ({"valid": 1}, "holds 1, expected split"),
        ({"valid": {"ccc": [2, "4"]}}, "holds [2, '4'], expected split"),
        ({"valid": {"ccc": [4, 4]}}, "holds [4, 4], expected split"),
        ({"valid": {"ccc": [-1, 4]}}, "holds [-1, 4], expected split"),
        ({"valid": {"ccc": [True, 4]}}, "holds [True, 4], expected split"),
    ],
)
def test_what_the_manifest_says_is_checked_against_the_frames(root, told, problem):
    store = Store.open(prepared(root, {"ccc": FRAMES[:2], "eee": FRAMES}).store)
    path = store.folder / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"partly_annotated": told}))
    assert any(problem in str(found) for found in verify(store.folder))
    result = CliRunner().invoke(cli, ["verify", str(store.folder)])
    assert isinstance(result.exception, FormatError)
    assert problem in result.stdout
    if "expected split" in problem:
        with pytest.raises(FormatError, match="partly_annotated holds"):
            Store.open(store.folder).partly_annotated("valid")


def test_the_list_of_stores_says_it(root, tmp_path, monkeypatch):
    workspace = initialise(tmp_path / "lab")
    made = prepared(root, {"ccc": FRAMES[:2], "eee": FRAMES})
    workspace.stores.mkdir(exist_ok=True)
    made.store.rename(workspace.stores / "ytvos")
    monkeypatch.chdir(workspace.folder)
    said = "masks of 2 of 4 frames; 1 video lacks some (ccc 2 of 4)"
    shown = CliRunner().invoke(cli, ["status"]).stdout
    assert f"ytvos: the ground truth of valid is not whole: {said}" in shown
    (entry,) = json.loads(CliRunner().invoke(cli, ["status", "--json"]).stdout)["stores"]
    assert entry["not_whole"] == {"valid": said}


def test_releases_that_are_annotated_sparsely_by_design_are_whole(root, tmp_path):
    made = prepare("ytvos", root, tmp_path / "train", splits=["train", "test"])
    assert Store.open(made.store).partly_annotated("train") == {}
    assert TWO_OBJECTS.shape == (HEIGHT, WIDTH)
