"""The protocols of Ref-DAVIS17 through `evaluate`, by hand; what cannot be merged is refused."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.errors import ScoreError, ShapeError
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.plugins.registry import PROTOCOLS
from rvosbench.runs.predictions import Prediction
from rvosbench.runs.run import open_run
from rvosbench.store import Store
from rvosbench.types import Object, Video
from tests.tiny_run import expressions, make_run, row
from tests.tiny_store import HEIGHT, WIDTH, square, two_squares, write_store


def both() -> Video:
    """Red as object 1 and blue as object 2 in three frames, without motion, and 4 x 4 px of void in blue."""
    stands = {(1, n): square(0) for n in range(3)} | {(2, n): square(20, 14) for n in range(3)}
    stands |= {(255, n): square(24, 14, 4) for n in range(3)}
    video = two_squares()
    return replace(
        video,
        frames=video.frames[:3],
        objects=tuple(
            Object(object_id=i, category=name) for i, name in ((1, "red"), (2, "blue"), (255, "void"))
        ),
        expressions=expressions("pair", (1, 2)),
        masks={key: masks.encode(mask) for key, mask in stands.items()},
    )


@pytest.fixture
def pair(tmp_path: Path) -> Store:
    return write_store(tmp_path / "store", [both()])


def answers(masks_of: dict[int, np.ndarray], scores: dict[int, float]) -> list[Prediction]:
    """The same answer about an object to all four annotators."""
    return [
        row("pair", each.expression_id, n, masks_of[each.object_ids[0]], scores[each.object_ids[0]])
        for each in both().expressions
        for n in range(3)
    ]


def test_a_run_is_merged_by_score_and_matched_by_hand(pair: Store, tmp_path: Path):
    """Both expressions claim the red square; who is surer keeps it, and which was meant is forgiven."""
    claims = {1: square(0), 2: square(0) | square(20, 14, 4)}
    apart = {"1": 1.0, "2": 16 / 48}  # 16 of the 48 pixels of blue that are not void
    for scores, expected in (
        ({1: 0.9, 2: 0.1}, apart),
        ({1: 0.5, 2: 0.5}, apart),  # of equal ones the lowest object
        ({1: 0.1, 2: 0.9}, {"1": 64 / 80, "2": 0.0}),  # label 1 is left with nothing, label 2 dealt to red
    ):
        run = make_run(tmp_path / f"{scores[1]}", pair, [answers(claims, scores)])
        found = evaluate(run, store=pair, split="train", protocol="davis-official")
        table = open_run(run).expressions().to_pylist()
        j = {each["expression_id"]: each["j"] for each in table}
        assert j == pytest.approx({f"anno_{k}/{i}": expected[i] for k in range(4) for i in ("1", "2")})
        assert found.metrics["J"].value == pytest.approx(sum(expected.values()) / 2)
        assert found.metrics["J"].n == 2
    swapped = {1: square(20, 14), 2: square(0)}
    run = make_run(tmp_path / "swapped", pair, [answers(swapped, {1: 1.0, 2: 1.0})])
    assert evaluate(run, store=pair, split="train", protocol="davis-official").metrics["J&F"].value == 1.0
    alone = evaluate(run, store=pair, split="train", protocol="davis-expressions").metrics
    assert (alone["J"].value, alone["F"].value, alone["J"].n) == (0.0, 0.0, 8)


def test_davis_expressions_leaves_void_out_and_takes_every_expression_alone(pair: Store, tmp_path: Path):
    claims = {1: square(4), 2: square(20, 14) & ~square(24, 14, 4)}  # half of red; blue without its void
    run = make_run(tmp_path / "run", pair, [answers(claims, {1: 1.0, 2: 1.0})])
    found = evaluate(run, store=pair, split="train", protocol="davis-expressions")
    table = open_run(run).expressions().to_pylist()
    assert [each["j"] for each in table] == [32 / 96] * 4 + [1.0] * 4
    assert found.metrics["J"].value == (32 / 96 + 1) / 2
    assert (found.n_expressions, found.n_frames) == (8, 24)
    # A protocol without void counts the 16 pixels as missed.
    evaluate(run, store=pair, split="train", protocol="ytvos")
    table = open_run(run).expressions("ytvos").to_pylist()
    assert [each["j"] for each in table] == [32 / 96] * 4 + [48 / 64] * 4


def perfect_maps(
    folder: Path, annotators: tuple[str, ...] = ("anno_0", "anno_1", "anno_2", "anno_3")
) -> Path:
    labels = np.where(square(0), 1, np.where(square(20, 14), 2, 0)).astype(np.uint8)
    for annotator in annotators:
        for name in ("00000", "00005", "00010"):
            path = folder / annotator / "pair" / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(masks.encode_index_png(labels))
    return folder


def official(store: Store, predictions: Path, out: Path) -> Any:
    return evaluate(predictions, store, split="train", protocol="davis-official", out=out)


def test_folders_zips_and_masks_per_expression_are_all_taken(pair: Store, tmp_path: Path):
    folder = perfect_maps(tmp_path / "mine")
    assert official(pair, folder, tmp_path / "a").metrics["J&F"].value == 1.0
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        for path in sorted(folder.rglob("*.png")):
            archive.write(path, Path("Annotations") / path.relative_to(folder))
    assert official(pair, tmp_path / "mine.zip", tmp_path / "b").metrics["J&F"].value == 1.0
    for each in both().expressions:
        for n, name in enumerate(("00000", "00005", "00010")):
            path = tmp_path / "alone" / "pair" / each.expression_id / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(masks.encode_binary_png(masks.decode(both().masks[each.object_ids[0], n])))
    assert official(pair, tmp_path / "alone", tmp_path / "c").metrics["J&F"].value == 1.0


def test_an_annotator_without_any_label_found_nothing(pair: Store, tmp_path: Path):
    folder = perfect_maps(tmp_path / "mine")
    for path in (folder / "anno_2" / "pair").iterdir():
        path.write_bytes(masks.encode_index_png(np.zeros((HEIGHT, WIDTH), np.uint8)))
    assert official(pair, folder, tmp_path / "out").metrics["J"].value == 0.75


def test_objects_may_be_matched_without_annotators_too(pair: Store, tmp_path: Path):
    """Matching and the mean over annotators are two rules, which a protocol may combine as it likes."""
    labels = np.where(square(0), 2, np.where(square(20, 14), 1, 0)).astype(np.uint8)
    for name in ("00000", "00005", "00010"):
        path = tmp_path / "mine" / "pair" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(masks.encode_index_png(labels))
    mine = tmp_path / "mine"
    assert evaluate(mine, pair, split="train", protocol="davis-objects").metrics["J"].value == 0.0
    with PROTOCOLS.register("x", replace(PROTOCOLS["davis-objects"], name="x", matching="hungarian")):
        assert evaluate(mine, pair, split="train", protocol="x").metrics["J"].value == 1.0


def refused(store: Store, predictions: Path, out: Path, complaint: str, error: type = ScoreError) -> None:
    with pytest.raises(error, match=complaint) as caught:
        official(store, predictions, out)
    assert "\n" not in str(caught.value)
    assert not out.exists()


def test_label_maps_that_are_not_of_four_annotators_are_refused(pair: Store, tmp_path: Path):
    out = tmp_path / "out"
    three = perfect_maps(tmp_path / "three", ("anno_0", "anno_1", "anno_2"))
    refused(pair, three, out, r"three holds anno_0, anno_1, anno_2, expected the folders anno_0, .*anno_3")
    mixed = perfect_maps(tmp_path / "mixed", ("anno_0", "anno_1", "anno_2", "anno_3", "pair"))
    refused(pair, mixed, out, "holds anno_0, anno_1, anno_2, anno_3, pair, expected the folders")
    single = perfect_maps(tmp_path / "single", ("",))
    refused(pair, single, out, r"expected anno_0/<sequence>/<frame>\.png \(annotators\) or")
    with pytest.raises(ScoreError, match=r"holds label maps per annotator .* such as davis-official"):
        evaluate(perfect_maps(tmp_path / "four"), pair, split="train", protocol="davis-expressions", out=out)


def test_frames_and_labels_that_do_not_fit_are_refused(pair: Store, tmp_path: Path):
    out = tmp_path / "out"
    folder = perfect_maps(tmp_path / "missing")
    (folder / "anno_3" / "pair" / "00005.png").unlink()
    refused(
        pair, folder, out, r"2 of 6 predictions .* missing: anno_3/1/00005, anno_3/2/00005 \(label/frame\)"
    )
    folder = perfect_maps(tmp_path / "gone", ("anno_0", "anno_1", "anno_2"))
    perfect_maps(folder, ("anno_3",))
    (folder / "anno_3" / "pair").rename(folder / "anno_3" / "other")
    refused(pair, folder, out, r"3 of 3 predictions for video pair are missing: anno_3/1/00000,")
    folder = perfect_maps(tmp_path / "surplus")
    (folder / "anno_1" / "pair" / "00099.png").write_bytes(
        (folder / "anno_1" / "pair" / "00000.png").read_bytes()
    )
    refused(pair, folder, out, r"1 predictions of video pair are of frames .* such as anno_1/00099")
    folder = perfect_maps(tmp_path / "binary")
    (folder / "anno_1" / "pair" / "00005.png").write_bytes(masks.encode_binary_png(square(0)))
    refused(pair, folder, out, r"anno_1/pair/00005\.png holds the label 255, expected at most 20 labels")
    folder = perfect_maps(tmp_path / "size")
    (folder / "anno_1" / "pair" / "00005.png").write_bytes(
        masks.encode_index_png(np.zeros((HEIGHT, WIDTH + 1), np.uint8))
    )
    refused(pair, folder, out, "is 24x33 px .* never resized", ShapeError)


def test_a_video_of_which_some_expressions_were_not_asked_is_refused_and_one_without_any_left_out(
    pair: Store, tmp_path: Path
):
    rows = answers({1: square(0), 2: square(20, 14)}, {1: 1.0, 2: 1.0})
    run = make_run(
        tmp_path / "some",
        pair,
        [[each for each in rows if each.expression_id != "3"]],
        left_out=["pair/3"],
    )
    with pytest.raises(ScoreError, match="did not ask 1 of the 8 expressions of video pair"):
        evaluate(run, store=pair, split="train", protocol="davis-official")
    two = write_store(
        tmp_path / "two",
        [both(), replace(both(), video_id="zebra", expressions=expressions("zebra", (1, 2)))],
    )
    run = make_run(tmp_path / "whole", two, [rows], split="train", left_out=[f"zebra/{n}" for n in range(8)])
    found = evaluate(run, store=two, split="train", protocol="davis-official")
    assert (found.n_videos, found.n_expressions) == (1, 2)


def test_the_scores_say_how_a_run_was_merged(pair: Store, tmp_path: Path):
    run = make_run(
        tmp_path / "run", pair, [answers({1: square(0), 2: square(0)}, {1: 1.0, 2: 1.0})], split="train"
    )
    evaluate(run, store=pair, split="train", protocol="davis-official")
    written = open_run(run).scores().protocol
    assert (written.matching, written.annotators, written.frames, written.void) == (
        "hungarian",
        "mean",
        "all",
        True,
    )
    assert "differ from soft merging" in written.unverified
