"""The protocols of DAVIS and MeViS through `evaluate`: equal to the official evaluators."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.plugins.registry import PROTOCOLS
from rvosbench.runs.run import open_run
from rvosbench.store import Store
from rvosbench.types import Frame, Object, Video
from tests.tiny_run import ANNOTATORS, expressions, make_run, row
from tests.tiny_store import write_store

SEQUENCES = ("bike-packing", "dogs-jump", "scooter-black")
FIGURES = {
    "J&F": "J&F-Mean",
    "J": "J-Mean",
    "J recall": "J-Recall",
    "J decay": "J-Decay",
    "F": "F-Mean",
    "F recall": "F-Recall",
    "F decay": "F-Decay",
}


def labelled(video_id: str, labels: np.ndarray) -> Video:
    """A sequence from (T, H, W) label maps; 255 is void."""
    objects = tuple(np.unique(labels)[1:].tolist())
    return Video(
        video_id=video_id,
        split="val",
        height=labels.shape[1],
        width=labels.shape[2],
        fps=24.0,
        source=video_id,
        frames=tuple(
            Frame(name=f"{n:05d}", annotated=True, path=f"{video_id}/{n:05d}.jpg") for n in range(len(labels))
        ),
        objects=tuple(Object(object_id=i, category="void" if i == 255 else None) for i in objects),
        expressions=expressions(video_id, tuple(i for i in objects if i != 255)),
        masks={(i, n): masks.encode(frame == i) for i in objects for n, frame in enumerate(labels)},
    )


def write_maps(folder: Path, labels: np.ndarray) -> None:
    folder.mkdir(parents=True)
    for n, frame in enumerate(labels):
        (folder / f"{n:05d}.png").write_bytes(masks.encode_index_png(frame))


@pytest.fixture(scope="module")
def goldens(shared: Path) -> tuple[dict[str, Any], dict[str, dict[str, np.ndarray]]]:
    """What the official evaluators printed, and their input: sequence -> name -> (T, H, W) labels."""
    folder = shared / "goldens" / "metrics" / "davis"
    arrays = {}
    for sequence in SEQUENCES:
        with np.load(folder / f"pipeline_{sequence}.npz") as file:
            arrays[sequence] = {name: file[name] for name in file.files if name != "frames"}
    return json.loads((folder / "pipeline_expected.json").read_text()), arrays


@pytest.fixture(scope="module")
def davis(goldens, tmp_path_factory) -> Store:
    """With void, as for the unsupervised task."""
    videos = [labelled(sequence, arrays["gt_unsup"]) for sequence, arrays in goldens[1].items()]
    return write_store(tmp_path_factory.mktemp("davis") / "store", videos)


def figures(scores: Any) -> dict[str, float]:
    return {FIGURES[name]: metric.value for name, metric in scores.metrics.items()}


def per_label(run: Path) -> dict[str, list[dict[str, float]]]:
    """Annotator -> J and F per matched label, in order."""
    found: dict[str, list[dict[str, float]]] = {}
    for each in open_run(run).expressions().to_pylist():
        annotator = each["expression_id"].partition("/")[0]
        found.setdefault(annotator, []).append({"J": each["j"], "F": each["f"]})
    return found


@pytest.fixture(scope="module")
def maps(goldens, tmp_path_factory) -> Path:
    """What RVOS code writes for the official evaluator."""
    folder = tmp_path_factory.mktemp("maps") / "valid"
    for sequence, arrays in goldens[1].items():
        for k in range(4):
            write_maps(folder / f"anno_{k}" / sequence, arrays[f"ref_anno{k}"])
    return folder


def test_label_maps_per_annotator_score_what_the_official_evaluator_prints(
    goldens, davis: Store, maps: Path, tmp_path: Path
):
    found = evaluate(maps, davis, split="val", protocol="davis-official", out=tmp_path / "run")
    assert figures(found) == goldens[0]["ref_davis_average"]
    for k, scores in enumerate(goldens[0]["ref_davis"]):
        assert per_label(tmp_path / "run")[f"anno_{k}"] == list(scores["per_object"].values())
    assert (found.n_expressions, found.n_videos, found.n_frames) == (7, 3, 4 * 7 * 14)
    assert (found.metrics["J&F"].n, found.metrics["J&F"].unit) == (7, "object")
    assert found.metrics["J&F"].low < found.metrics["J&F"].value < found.metrics["J&F"].high


def test_a_run_of_binary_masks_that_do_not_overlap_scores_the_same(goldens, davis: Store, tmp_path: Path):
    rows = [
        [
            row(sequence, each.expression_id, n, labels == each.object_ids[0], score=0.5)
            for each in davis.video("val", sequence).expressions
            for n, labels in enumerate(arrays[f"ref_anno{ANNOTATORS.index(each.annotator)}"])
        ]
        for sequence, arrays in goldens[1].items()
    ]
    run = make_run(tmp_path / "run", davis, rows, split="val")
    found = evaluate(run, store=davis, split="val", protocol="davis-official")
    assert figures(found) == goldens[0]["ref_davis_average"]
    assert found.n_expressions == 7


def test_every_word_of_the_definition_changes_the_numbers(goldens, davis: Store, maps: Path):
    """Without matching, void, first and last frame: the semi-supervised task, which is a golden too."""
    semi = replace(PROTOCOLS["davis-official"], name="x", matching="none", void=False, frames="inner")
    found = evaluate(maps, davis, split="val", protocol=semi)
    expected = [scores["global"] for scores in goldens[0]["ref_davis_semi_style"]]
    assert figures(found) == {name: np.mean([each[name] for each in expected]) for name in expected[0]}
    numbers = {json.dumps(figures(found)), json.dumps(goldens[0]["ref_davis_average"])}
    for change in ({"matching": "none"}, {"void": False}, {"frames": "inner"}):
        changed = replace(PROTOCOLS["davis-official"], name="x", **change)
        numbers.add(json.dumps(figures(evaluate(maps, davis, split="val", protocol=changed))))
    assert len(numbers) == 5


def test_davis_semi_equals_the_official_semi_supervised_task(goldens, tmp_path: Path):
    expected, arrays = goldens
    store = write_store(tmp_path / "store", [labelled(name, found["gt"]) for name, found in arrays.items()])
    for name, found in arrays.items():
        write_maps(tmp_path / "mine" / name, found["semi"])
    scores = evaluate(tmp_path / "mine", store, split="val", protocol="davis-semi", out=tmp_path / "out")
    assert figures(scores) == expected["semi"]["global"]
    table = open_run(tmp_path / "out").expressions().to_pylist()
    names = [f"{each['video_id']}_{each['expression_id']}" for each in table]
    assert {name: {"J": each["j"], "F": each["f"]} for name, each in zip(names, table, strict=True)} == (
        expected["semi"]["per_object"]
    )


def test_mevis_equals_the_official_evaluation(goldens, tmp_path: Path):
    """The union of several objects, frames without target, frames without prediction."""
    expected, arrays = goldens
    videos, rows = [], []
    for number, item in enumerate(expected["mevis_style"]["items"]):
        found = arrays[item["sequence"]]
        truth, predicted = found["gt"].copy(), found[item["pred_from"]].copy()
        truth[item["gt_zeroed_frames"]] = 0
        predicted[item["pred_zeroed_frames"]] = 0
        video = labelled(f"video{number}", truth)
        one = replace(video.expressions[0], object_ids=tuple(item["object_ids"]))
        videos.append(replace(video, expressions=(one,)))
        mask = np.isin(predicted, item["object_ids"])
        rows.append([row(video.video_id, one.expression_id, n, frame) for n, frame in enumerate(mask)])
    store = write_store(tmp_path / "store", videos)
    run = make_run(tmp_path / "run", store, rows, split="val")
    scores = evaluate(run, store=store, split="val", protocol="mevis")
    assert {name: scores.metrics[name].value for name in ("J", "F", "J&F")} == {
        name: expected["mevis_style"][name] for name in ("J", "F", "J&F")
    }
    table = open_run(run).expressions().to_pylist()
    assert [(each["j"], each["f"]) for each in table] == [
        (item["J"], item["F"]) for item in expected["mevis_style"]["items"]
    ]
