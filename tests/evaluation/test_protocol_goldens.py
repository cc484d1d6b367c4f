"""Every protocol gives what its reference evaluator said about the same masks, to the last bit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.evaluation.evaluate import Scores, evaluate
from rvosbench.metrics.samples import THRESHOLDS
from rvosbench.runs.predictions import Prediction
from rvosbench.store import Store
from rvosbench.types import VOID, Expression, Frame, Object, Rle, Video
from tests.tiny_run import make_run
from tests.tiny_store import write_store

GOLDENS = Path(__file__).parents[1] / "goldens" / "protocols"
MAPS = np.load(GOLDENS / "davis.npz")
SEQUENCES = sorted(name.removeprefix("truth/") for name in MAPS if name.startswith("truth/"))
STATISTICS = ("J&F", "J", "J recall", "J decay", "F", "F recall", "F decay")
ANNOTATORS = ("anno_0", "anno_1", "anno_2", "anno_3")


def golden(name: str) -> Any:
    return json.loads((GOLDENS / f"{name}.json").read_text())


EXPECTED = golden("expected")


def rle(counts: dict[str, Any]) -> Rle:
    return Rle(*counts["size"], counts["counts"].encode())


def video(
    video_id: str,
    shown: dict[tuple[int, int], Rle],
    names: list[str],
    expressions: tuple[Expression, ...] = (),
    categories: dict[int, str] | None = None,
) -> Video:
    first = next(iter(shown.values()))
    return Video(
        video_id=video_id,
        split="test",
        height=first.height,
        width=first.width,
        fps=None,
        source=video_id,
        frames=tuple(Frame(name=name, annotated=True, path=f"{video_id}/{name}.jpg") for name in names),
        objects=tuple(
            Object(object_id=object_id, category=(categories or {}).get(object_id))
            for object_id in sorted({object_id for object_id, _ in shown})
        ),
        expressions=expressions,
        masks={key: mask for key, mask in shown.items() if masks.area(mask)},
    )


def sequence(name: str) -> Video:
    """What a reader of DAVIS makes of the label maps: objects are the labels that are on some pixel."""
    truth = MAPS[f"truth/{name}"]
    shown = {
        (int(label), index): masks.encode(frame == label)
        for index, frame in enumerate(truth)
        for label in np.unique(frame)
        if label
    }
    return video(name, shown, [f"{n:05d}" for n in range(len(truth))], categories={255: VOID})


@pytest.fixture(scope="module")
def davis(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return write_store(tmp_path_factory.mktemp("davis") / "store", [sequence(name) for name in SEQUENCES])


def folders(root: Path, kinds: tuple[str, ...]) -> Path:
    """Label maps as they are sent in: <sequence>/<frame>.png, below the annotator where there are four."""
    for kind in kinds:
        for name in SEQUENCES:
            folder = root / (kind if len(kinds) > 1 else "") / name
            folder.mkdir(parents=True)
            for number, labels in enumerate(MAPS[f"{kind}/{name}"]):
                (folder / f"{number:05d}.png").write_bytes(masks.encode_index_png(labels))
    return root


def per_object(scores: Scores, column: str, annotator: str = "") -> list[float]:
    assert scores.expressions is not None
    return [
        row[column]
        for row in scores.expressions.to_pylist()
        if not annotator or row["expression_id"].startswith(f"{annotator}/")
    ]


# The reference names every object of every sequence in the order of its list, which is alphabetical here.
@pytest.mark.parametrize(("protocol", "kind"), [("davis-semi", "semi"), ("davis-objects", "objects")])
def test_davis_with_gaps_in_the_labels_late_objects_and_void(davis: Store, tmp_path, protocol, kind):
    expected = EXPECTED["davis"][kind]
    found = evaluate(folders(tmp_path / "mine", ("semi",)), davis, protocol=protocol)
    assert {name: found.metrics[name].value for name in STATISTICS} == {n: expected[n] for n in STATISTICS}
    assert found.n_expressions == len(expected["objects"])
    for column, key in (("j", "J M"), ("j_recall", "J R"), ("j_decay", "J D")):
        assert per_object(found, column) == expected[key]
    for column, key in (("f", "F M"), ("f_recall", "F R"), ("f_decay", "F D")):
        assert per_object(found, column) == expected[key]
    assert {"gap/2", "two-first-missing/1"} <= {
        f"{row['video_id']}/{row['expression_id']}"
        for row in found.expressions.to_pylist()
        if row["text"] == "no object has this label"
    }


def test_ref_davis_merged_and_matched_and_its_four_annotators(davis: Store, tmp_path):
    found = evaluate(folders(tmp_path / "mine", ANNOTATORS), davis, protocol="davis-official")
    for annotator in ANNOTATORS:
        expected = EXPECTED["davis"][annotator]
        assert found.by_annotator[annotator] == {name: expected[name] for name in STATISTICS}
        assert per_object(found, "j", annotator) == expected["J M"]
        assert per_object(found, "f_decay", annotator) == expected["F D"]
    for name in STATISTICS:
        assert found.metrics[name].value == np.mean([EXPECTED["davis"][a][name] for a in ANNOTATORS])


def test_masks_per_expression_that_do_not_overlap_are_the_label_maps(tmp_path):
    """A run holds a mask per expression and no label maps; objects that nobody describes are gaps."""
    videos, rows = [], []
    for name in ("gap", "two-first-missing", "void"):
        drawn = sequence(name)
        described = [label for label in (1, 2, 3) if (label, 0) in drawn.masks]
        expressions = tuple(
            Expression(
                video_id=name,
                expression_id=f"{annotator * len(described) + index}",
                text="it",
                object_ids=(label,),
                annotator=f"annotator {annotator}",
            )
            for annotator in range(4)
            for index, label in enumerate(described)
        )
        videos.append(replace(drawn, expressions=expressions))
        rows.append(
            [
                Prediction(
                    video_id=name,
                    expression_id=expression.expression_id,
                    frame_index=n,
                    candidate=0,
                    score=1.0,
                    mask=masks.encode(frame == described.index(expression.object_ids[0]) + 1),
                )
                for expression in expressions
                for n, frame in enumerate(MAPS[f"anno_{expression.annotator[-1]}/{name}"])
            ]
        )
    store = write_store(tmp_path / "store", videos)
    run = make_run(tmp_path / "run", store, rows, split="test")
    found = evaluate(run, store, protocol="davis-official")
    for annotator in ANNOTATORS[:3]:  # the last never uses label 1
        expected = EXPECTED["davis"][annotator]
        of_annotator = {
            f"{row['video_id']}": row["j"]
            for row in found.expressions.to_pylist()
            if row["expression_id"].startswith(annotator)
        }
        mine = [
            figure
            for name, figure in zip(expected["objects"], expected["J M"], strict=True)
            if name.rpartition("_")[0] in of_annotator
        ]
        assert per_object(found, "j", annotator) == mine


def test_the_mean_over_expressions_that_visa_sa2va_and_lmms_eval_report(tmp_path):
    videos, rows = [], []
    for name, content in sorted(golden("expressions").items()):
        labels = list(content["truth"])
        shown = {
            (int(label), index): rle(counts)
            for label, track in [*content["truth"].items(), ("255", content["void"])]
            for index, counts in enumerate(track)
        }
        expressions = tuple(
            Expression(
                video_id=name,
                expression_id=expression_id,
                text="it",
                object_ids=(int(labels[int(expression_id) % len(labels)]),),
                annotator=f"annotator {int(expression_id) // len(labels)}",
            )
            for expression_id in content["answers"]
        )
        names = [f"{n:05d}" for n in range(len(content["void"]))]
        videos.append(video(name, shown, names, expressions, {255: VOID}))
        rows.append(
            [
                Prediction(
                    video_id=name,
                    expression_id=expression_id,
                    frame_index=index,
                    candidate=0,
                    score=1.0,
                    mask=rle(counts),
                )
                for expression_id, track in content["answers"].items()
                for index, counts in enumerate(track)
            ]
        )
    store = write_store(tmp_path / "store", videos)
    run = make_run(tmp_path / "run", store, rows, split="test")
    plain = evaluate(run, store, protocol="davis-plain")
    for reference in ("visa", "sa2va", "lmms-eval", "mevis"):
        expected = EXPECTED["expressions"][reference]
        assert {name: plain.metrics[name].value for name in ("J", "F", "J&F")} == {
            name: expected[name] for name in ("J", "F", "J&F")
        }
        assert {
            f"{row['video_id']}/{row['expression_id']}": [row["j"], row["f"]]
            for row in plain.expressions.to_pylist()
        } == expected["expressions"]
    assert list(plain.by_annotator) == [f"annotator {n}" for n in range(4)]
    assert np.mean([values["J"] for values in plain.by_annotator.values()]) == pytest.approx(
        plain.metrics["J"].value
    )
    # Void is in the truth of these videos, so the protocol that leaves it out says something else.
    without_void = evaluate(run, store, protocol="davis-expressions")
    assert without_void.metrics["J&F"].value != plain.metrics["J&F"].value


def ranked(folder: Path, drawn: dict[str, Any], protocol: str, form: str) -> Scores:
    """Samples `<video> <frame> [<instance>]` as a store and a run, or as COCO results with MTTR's ids."""
    of_video: dict[str, list[list[str]]] = {}
    for key in drawn["truths"]:
        of_video.setdefault(key.split()[0], []).append([key, *key.split()[1:], "0"][:3])
    videos, rows = [], []
    for video_id, samples in sorted(of_video.items()):
        names = sorted({frame for _, frame, _ in samples}, key=int)
        instances = sorted({instance for _, _, instance in samples}, key=int)
        shown = {
            (int(instance), names.index(frame)): rle(drawn["truths"][key]) for key, frame, instance in samples
        }
        expressions = tuple(
            Expression(video_id=video_id, expression_id=i, text="it", object_ids=(int(i),)) for i in instances
        )
        videos.append(video(video_id, shown, [f"{int(name):05d}" for name in names], expressions))
        rows.append(
            [
                Prediction(
                    video_id=video_id,
                    expression_id=instance,
                    frame_index=names.index(frame),
                    candidate=candidate,
                    score=score,
                    mask=rle(counts),
                )
                for key, frame, instance in samples
                for candidate, (counts, score) in enumerate(drawn["detections"][key])
            ]
        )
    store = write_store(folder / "store", videos)
    if form == "run":
        return evaluate(make_run(folder / "run", store, rows, split="test"), store, protocol=protocol)
    ids = EXPECTED["jhmdb_two" if len(drawn["truths"]) == 2 else protocol]["ids"]
    results = [
        {"image_id": ids[key], "category_id": 1, "segmentation": counts, "score": score}
        for key, detections in drawn["detections"].items()
        for counts, score in detections
    ]
    (folder / "results.json").write_text(json.dumps(results))
    return evaluate(folder / "results.json", store, protocol=protocol)


@pytest.mark.parametrize("form", ["run", "COCO results"])
@pytest.mark.parametrize(("name", "protocol"), [("a2d", "a2d"), ("jhmdb", "jhmdb"), ("two", "jhmdb")])
def test_equal_scores_rank_as_the_official_sample_ids_have_it(tmp_path, name, protocol, form):
    expected = EXPECTED["jhmdb_two" if name == "two" else name]
    found = ranked(tmp_path, golden(name), protocol, form)
    assert found.n_frames == len(expected["ids"])
    figures = [found.metrics[metric].value for metric in ("mAP", "AP@0.5", "AP@0.75")]
    assert figures == expected["stats"][:3]
    assert [found.metrics[f"P@{k}"].value for k in THRESHOLDS] == expected["P@K"]
    assert found.metrics["oIoU"].value == expected["overall_iou"]
    # Samples come video by video here, which decides the last bits of a mean.
    assert found.metrics["mIoU"].value == pytest.approx(expected["mean_iou"], abs=1e-14)
    if name == "two":
        assert figures == [0.504950495049505] * 3 or figures[0] == pytest.approx(0.5050, abs=5e-5)
