"""Numbers in COCO and YouTube-VIS results: a list or the store says what they mean, or they are refused.

That COCO results score as under the reference evaluators, to the bit, is tested with recordings of these.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rvosbench.errors import ScoreError
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.metrics.samples import THRESHOLDS
from rvosbench.runs.tolerance import Tolerance
from rvosbench.store import Store
from rvosbench.types import Expression, Frame, Object, Rle, Video
from tests.submission.forms.made import IDS, VIDEO, opened, put, read, rle, rows, tracks
from tests.tiny_store import lone_square, square, two_squares, write_store

GOLDENS = Path(__file__).parents[2] / "goldens" / "metrics"
SAMPLE = re.compile(r"v_(?P<video>.+)_f_(?P<frame>\d+)(_i_(?P<instance>\d+))?")


def release(folder: Path, truth: dict[str, Any]) -> Store:
    """A store of what COCO annotations with the sample ids of A2D-Sentences or JHMDB-Sentences describe."""
    by_video: dict[str, dict[tuple[int, int], Rle]] = {}
    for annotation in truth["annotations"]:
        sample = SAMPLE.fullmatch(annotation["image_id"])
        segmentation = annotation["segmentation"]
        mask = Rle(*segmentation["size"], segmentation["counts"].encode())
        key = int(sample["instance"] or 0), int(sample["frame"])
        by_video.setdefault(sample["video"], {})[key] = mask
    videos = []
    for video_id, shown in sorted(by_video.items()):
        frames = sorted({frame for _, frame in shown})
        instances = sorted({instance for instance, _ in shown})
        size = next(iter(shown.values()))
        videos.append(
            Video(
                video_id=video_id,
                split="test",
                height=size.height,
                width=size.width,
                fps=None,
                source=video_id,
                frames=tuple(Frame(name=f"{n:05d}", annotated=True, path=f"{video_id}/{n}") for n in frames),
                objects=tuple(Object(object_id=instance) for instance in instances),
                expressions=tuple(
                    Expression(video_id=video_id, expression_id=str(n), text=f"number {n}", object_ids=(n,))
                    for n in instances
                ),
                masks={(instance, frames.index(frame)): mask for (instance, frame), mask in shown.items()},
            )
        )
    return write_store(folder, videos)


@pytest.mark.parametrize(
    ("name", "protocol"),
    [("clean", "a2d"), ("maxdets", "a2d"), ("jhmdb", "jhmdb")],
)
def test_coco_results_score_as_the_reference_to_the_bit(tmp_path: Path, name, protocol):
    data = json.loads((GOLDENS / "a2d" / f"{name}.json").read_text())
    expected = json.loads((GOLDENS / "a2d" / "expected.json").read_text())[name]
    store = release(tmp_path / "store", data["gt"])
    found = evaluate(put(tmp_path / "r.json", data["pred"]), store, split="test", protocol=protocol)
    assert found.metrics["mAP"].value == expected["stats12"][0]
    assert [found.metrics[f"P@{k}"].value for k in THRESHOLDS] == expected["pk"]["P@K"]
    assert found.metrics["oIoU"].value == expected["pk"]["overall_iou"]
    # The samples come in another order, which decides the last bits of a mean.
    assert found.metrics["mIoU"].value == pytest.approx(expected["pk"]["mean_iou"], abs=1e-14)


def test_results_of_refcoco_score_as_the_reference(tmp_path: Path):
    data = json.loads((GOLDENS / "refcoco" / "data.json").read_text())
    expected = json.loads((GOLDENS / "refcoco" / "expected.json").read_text())["mask"]
    truth = data["gt"]["annotations"]
    for number, annotation in enumerate(truth):
        truth[number] = {
            **annotation,
            "image_id": f"v_{annotation['image_id']}_f_1_i_{annotation['image_id']}",
        }
    store = release(tmp_path / "store", data["gt"])
    found = evaluate(put(tmp_path / "r.json", data["pred"]), store, split="test", protocol="refcoco")
    assert [found.metrics[f"P@{k}"].value for k in THRESHOLDS] == expected["P@K"]
    assert found.metrics["oIoU"].value == expected["overall_iou"]


def detections(image_id: Any, score: float = 0.5, mask: Any = None) -> dict[str, Any]:
    return {"image_id": image_id, "category_id": 1, "score": score, "segmentation": mask or rle(square(0))}


def stills(folder: Path) -> Store:
    """Two pictures with two expressions each, whose ids are unique, as in RefCOCO."""
    videos = []
    for number, name in enumerate(("COCO_train2014_000000000009", "COCO_train2014_000000000025")):
        video = two_squares(name)
        expressions = tuple(
            Expression(video_id=name, expression_id=str(10 + 2 * number + k), text=text, object_ids=(k,))
            for k, text in enumerate(("red", "blue"))
        )
        shown = {key: mask for key, mask in video.masks.items() if key[1] == 3}
        videos.append(
            Video(
                **{
                    **{field: getattr(video, field) for field in Video.__dataclass_fields__},
                    "frames": (Frame(name=name, annotated=True, path=None, encoded=video.frames[3].encoded),),
                    "masks": {(key[0], 0): mask for key, mask in shown.items()},
                    "expressions": expressions,
                }
            )
        )
    return write_store(folder, videos)


def test_image_ids_that_are_all_expressions_of_the_split_are_those(tmp_path: Path):
    store = stills(tmp_path / "store")
    path = put(tmp_path / "r.json", [detections(n, mask=rle(square(n))) for n in (12, 10, 13, 11)])
    source = opened(path, store, split="train")
    assert len(source.video_ids()) == 2
    for video_id in store.video_ids("train"):
        video = store.video("train", video_id)
        found = source.read(video).rows
        assert [(r.expression_id, r.frame_index) for r in found] == [
            (e.expression_id, 0) for e in video.expressions
        ]
        assert all(r.mask.counts.decode() == rle(square(int(r.expression_id)))["counts"] for r in found)


@pytest.mark.parametrize("ids", [(1, 2, 3, 4), (0, 1, 2, 3), (10, 11, 12), (10, 11, 12, 13, 14)])
def test_other_numbers_are_refused_and_the_list_of_images_is_asked_for(tmp_path: Path, ids):
    store = stills(tmp_path / "store")
    path = put(tmp_path / "r.json", [detections(n) for n in ids])
    with pytest.raises(ScoreError, match='put the annotation file with the list "images"'):
        opened(path, store, split="train", tolerance=Tolerance(surplus="ignore"))


def test_the_list_of_images_says_what_numbers_mean(tmp_path: Path):
    store = stills(tmp_path / "store")
    first, second = store.video_ids("train")
    images = [
        {"id": 1, "file_name": f"{second}.jpg", "caption": "blue", "original_id": 25},
        {"id": 2, "file_name": f"{first}.jpg", "caption": "red", "original_id": 9},
    ]
    folder = tmp_path / "run"
    put(folder / "instances_refcoco_val.json", {"images": images, "annotations": [], "categories": []})
    put(folder / "r.json", [detections(1, mask=rle(square(5))), detections(2, mask=rle(square(7)))])
    source = opened(folder, store, split="train")
    (blue,) = source.read(store.video("train", second)).rows
    (red,) = source.read(store.video("train", first)).rows
    assert (blue.expression_id, blue.mask.counts.decode()) == ("13", rle(square(5))["counts"])
    assert (red.expression_id, red.mask.counts.decode()) == ("10", rle(square(7))["counts"])
    put(folder / "r.json", [detections(3)])
    with pytest.raises(ScoreError, match='image_id 3 is not in the list "images"'):
        opened(folder, store, split="train")
    images[0]["caption"] = "green"
    put(folder / "instances_refcoco_val.json", {"images": images})
    put(folder / "r.json", [detections(1)])
    with pytest.raises(ScoreError, match="not the text of exactly one expression"):
        opened(folder, store, split="train")


def youtube_vis(video_id: Any, **extra: Any) -> list[dict[str, Any]]:
    return [
        {"video_id": video_id, "score": 0.5, "category_id": 1 + int(key), "segmentations": track, **extra}
        for key, track in tracks().items()
    ]


def halved() -> list[Any]:
    return [(key, frame, rank, 0.5, counts) for key, frame, rank, _, counts in rows()]


def test_youtube_vis_results_need_the_lists_of_videos_and_categories(tmp_path: Path, store):
    folder = tmp_path / "run"
    put(folder / "results.json", youtube_vis(7))
    with pytest.raises(ScoreError, match=r'video_id 7, which is no video .* the list "videos"'):
        opened(folder, store)
    videos = [{"id": 7, "file_names": ["pair/00000.jpg", "pair/00001.jpg"]}, {"id": 8, "name": "single"}]
    put(folder / "instances.json", {"videos": videos})
    with pytest.raises(ScoreError, match="the category_id 1 and says nowhere which expression"):
        opened(folder, store)
    categories = [{"id": 1 + int(e.expression_id), "name": e.text} for e in VIDEO.expressions]
    put(folder / "instances.json", {"videos": videos, "categories": categories})
    assert read(folder, store) == halved()
    categories = [{"id": 1 + int(key), "name": key} for key in IDS]
    put(folder / "instances.json", {"videos": videos, "categories": categories})
    assert read(folder, store) == halved()


def test_a_number_is_the_video_of_that_name_only_where_the_record_was_written_for_the_release(tmp_path: Path):
    """Numbers of YouTube-VIS run from 1, names of folders often from 0."""
    store = write_store(tmp_path / "store", [lone_square("00000"), lone_square("00001")])
    track = [rle(square(0))] * 5
    record = {"video_id": 1, "category_id": 1, "score": 0.5, "segmentations": track}
    content = {"annotations": [record], "categories": [{"id": 1, "name": "0"}]}
    with pytest.raises(ScoreError, match="the video_id 1, which is no video"):
        opened(put(tmp_path / "r.json", content), store)
    content = [{**record, "exp_id": 0}]
    assert opened(put(tmp_path / "r.json", content), store).video_ids() == ("00001",)


def test_youtube_vis_results_that_name_the_video_need_the_categories_alone(tmp_path: Path, store):
    path = put(tmp_path / "r.json", youtube_vis("pair"))
    with pytest.raises(ScoreError, match="the category_id 1 and says nowhere"):
        opened(path, store)
    content = {"annotations": youtube_vis("pair"), "categories": [{"id": 1 + int(k), "name": k} for k in IDS]}
    assert read(put(tmp_path / "r.json", content), store) == halved()


@pytest.mark.parametrize(
    ("lists", "complaint"),
    [
        ({"videos": [{"id": 7, "name": "pair"}, {"id": 7, "name": "single"}]}, "the id 7 twice, with two"),
        ({"videos": [{"name": "pair"}]}, "expected objects with an id"),
        ({"videos": [3]}, "expected objects with an id"),
        ({"videos": [{"id": 7, "name": "elsewhere"}]}, "the category_id 1 and says nowhere"),
    ],
)
def test_lists_that_say_nothing_or_two_things_are_refused(tmp_path: Path, store, lists, complaint):
    put(tmp_path / "run" / "results.json", youtube_vis(7))
    put(tmp_path / "run" / "instances.json", lists)
    with pytest.raises(ScoreError, match=complaint):
        opened(tmp_path / "run", store)


def test_sample_ids_are_found_whatever_a_video_is_called(tmp_path: Path):
    names = ("-c__d", "a", "a_f_1_i_0", "v_b")
    store = write_store(tmp_path / "store", [lone_square(name) for name in names])
    for name in names:
        for end in ("_i_0", ""):  # one expression: JHMDB leaves the instance out
            path = put(tmp_path / "r.json", [detections(f"v_{name}_f_20{end}")])
            source = opened(path, store)
            assert source.video_ids() == (name,)
            (row,) = source.read(lone_square(name)).rows
            assert (row.expression_id, row.frame_index) == ("0", 4)


def test_samples_that_the_store_does_not_have_are_surplus(tmp_path: Path, store):
    found = [detections("v_single_f_4_i_0"), detections("v_elsewhere_f_1_i_0")]
    source = opened(put(tmp_path / "r.json", found), store)
    assert source.video_ids() == ("single", "v_elsewhere_f_1_i_0")
    late = opened(put(tmp_path / "r.json", [detections("v_single_f_77_i_0")]), store)
    with pytest.raises(ScoreError, match="frames that it does not have, such as 0/77"):
        late.read(lone_square())
