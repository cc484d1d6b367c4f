"""The protocols whose unit is a frame sample, through `evaluate`: equal to the reference evaluators."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rvosbench.evaluation.evaluate import Scores, evaluate
from rvosbench.metrics.samples import THRESHOLDS
from rvosbench.runs.predictions import Prediction, PredictionsWriter
from rvosbench.types import Expression, Frame, Object, Rle, Video
from tests.tiny_store import write_store

GOLDENS = Path(__file__).parents[1] / "goldens" / "metrics"
SAMPLE = re.compile(r"v_(?P<video>.+)_f_(?P<frame>\d+)(_i_(?P<instance>\d+))?")


def rle(segmentation: dict[str, Any]) -> Rle:
    return Rle(*segmentation["size"], segmentation["counts"].encode())


def place(image_id: str | int) -> tuple[str, str, str]:
    """(video, frame, expression) of a sample; a still picture is a video of one frame."""
    found = SAMPLE.fullmatch(str(image_id))
    return (found["video"], found["frame"], found["instance"] or "0") if found else (str(image_id), "1", "0")


def score(folder: Path, data: dict[str, Any], protocol: str) -> Scores:
    """COCO ground truth and results as a store and a run, through `evaluate`."""
    truths = {place(each["image_id"]): rle(each["segmentation"]) for each in data["gt"]["annotations"]}
    answers: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for each in data["pred"]:
        answers.setdefault(place(each["image_id"]), []).append(each)
    videos, rows = [], []
    for video_id in sorted({video for video, _, _ in truths}):
        names = sorted({frame for video, frame, _ in truths if video == video_id}, key=int)
        instances = sorted({instance for video, _, instance in truths if video == video_id}, key=int)
        shown = {
            (int(instance), names.index(frame)): truth
            for (video, frame, instance), truth in truths.items()
            if video == video_id
        }
        size = next(iter(shown.values()))
        videos.append(
            Video(
                video_id=video_id,
                split="test",
                height=size.height,
                width=size.width,
                fps=None,
                source=video_id,
                frames=tuple(
                    Frame(name=name, annotated=True, path=f"{video_id}/{name}.jpg") for name in names
                ),
                objects=tuple(Object(object_id=int(instance)) for instance in instances),
                expressions=tuple(
                    Expression(
                        video_id=video_id, expression_id=instance, text="it", object_ids=(int(instance),)
                    )
                    for instance in instances
                ),
                masks=shown,
            )
        )
        rows.append(
            [
                Prediction(
                    video_id=video_id,
                    expression_id=instance,
                    frame_index=names.index(frame),
                    candidate=candidate,
                    score=each["score"],
                    mask=rle(each["segmentation"]),
                )
                for (video, frame, instance), found in answers.items()
                if video == video_id
                for candidate, each in enumerate(found)
            ]
        )
    store = write_store(folder / "store", videos)
    run = folder / "run"
    with PredictionsWriter(run / "predictions") as writer:
        for each in rows:
            writer.add(each)
    facts = {"model": "drawn", "unit": "expression", "split": "test", "store_fingerprint": store.fingerprint}
    (run / "run.json").write_text(json.dumps(facts))
    return evaluate(run, store=store, split="test", protocol=protocol)


@pytest.mark.parametrize(("name", "protocol"), [("clean", "a2d"), ("maxdets", "a2d"), ("jhmdb", "jhmdb")])
def test_equal_to_the_evaluators_of_a2d_and_jhmdb(tmp_path: Path, name, protocol):
    folder = GOLDENS / "a2d"
    data = json.loads((folder / f"{name}.json").read_text())
    expected = json.loads((folder / "expected.json").read_text())[name]
    found = score(tmp_path, data, protocol)
    assert found.n_frames == found.metrics["mAP"].n == expected["n_images"]
    assert found.metrics["mAP"].value == expected["stats12"][0]
    assert [found.metrics[f"P@{k}"].value for k in THRESHOLDS] == expected["pk"]["P@K"]
    assert found.metrics["oIoU"].value == expected["pk"]["overall_iou"]
    # The samples come in another order, which decides the last bits of a mean.
    assert found.metrics["mIoU"].value == pytest.approx(expected["pk"]["mean_iou"], abs=1e-14)


def test_equal_to_the_evaluators_of_refcoco(tmp_path: Path):
    folder = GOLDENS / "refcoco"
    data = json.loads((folder / "data.json").read_text())
    expected = json.loads((folder / "expected.json").read_text())["mask"]
    found = score(tmp_path, data, "refcoco")
    assert found.n_frames == found.metrics["oIoU"].n == 90
    assert [found.metrics[f"P@{k}"].value for k in THRESHOLDS] == expected["P@K"]
    assert found.metrics["oIoU"].value == expected["overall_iou"]
    assert found.metrics["mIoU"].value == pytest.approx(expected["mean_iou"], abs=1e-14)
