"""Detections in the form of COCO results: A2D-Sentences, JHMDB-Sentences and RefCOCO.

None of the programs writes these to a file by itself: they hand the list to pycocotools. What people dump is
that list, whose counts are bytes, which `str` and `.decode()` turn into text in two ways.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

from rvosbench.store import Store
from rvosbench.types import Expression, Frame, Object, Video
from tests.submission.producers.run_lengths import put
from tests.tiny_store import HEIGHT, WIDTH, square, video, write_store

Counts = Callable[[bytes], str]
COUNTS: Mapping[str, Counts] = {"decoded": bytes.decode, "by str": str}


def segmentation(mask: NDArray[np.bool_], counts: Counts) -> dict[str, Any]:
    made = coco.encode(np.array(mask[:, :, None], np.uint8, order="F"))[0]
    return {"size": made["size"], "counts": counts(made["counts"])}


def candidates(mask: NDArray[np.bool_], number: int) -> list[tuple[float, NDArray[np.bool_]]]:
    """Scores and masks of four queries, the best one neither first nor last; one mask is empty."""
    best = np.roll(mask, (0, 1, 3)[number % 3], axis=1)  # IoU 1, 56 / 72 and 40 / 88: none on a threshold
    return [(0.25, ~mask), (0.75, best), (0.5, np.zeros_like(mask)), (0.125, mask)]


def a2d_sentences(folder: Path) -> Store:
    """Actors 1 and 4 in frames 10, 20 and 30; expressions have the ids of their actors."""
    drawn = video(
        "0qzFNdN7o5g",
        "test",
        {1: {n: square(5 * n) for n in range(3)}, 4: {n: square(20, 14) for n in range(2)}},
        {"red": (1,), "blue": (4,)},
        frames=3,
    )
    return write_store(folder, [_renamed(drawn, ["00010", "00020", "00030"], {"0": "1", "1": "4"})])


def jhmdb_sentences(folder: Path) -> Store:
    """Two clips with one annotated frame each and one expression, as after the sampling of MTTR."""
    clips = []
    for number, name in enumerate(("Pirates_clap_f_nm_np1_ba_med_5", "kick__Best_f_3_goal")):
        drawn = video(name, "test", {1: {1: square(3 + number)}}, {"who": (1,)}, frames=3, annotated=[1])
        clips.append(_renamed(drawn, ["00001", "00017", "00033"], {"0": "0"}))
    return write_store(folder, clips)


def refcoco(folder: Path) -> Store:
    """Two pictures with two expressions each, whose ids are those of sentences."""
    stills = []
    for number, name in enumerate(("COCO_train2014_000000000009", "COCO_train2014_000000000025")):
        drawn = video(name, "val", {1: {0: square(2)}, 2: {0: square(20, 14)}}, _CAPTIONS, frames=1)
        stills.append(_renamed(drawn, [name], {"0": str(30 + number), "1": str(7 + number)}))
    return write_store(folder, stills)


_CAPTIONS: Mapping[str, tuple[int, ...]] = {"red one": (1,), "blue": (2,)}


def _renamed(drawn: Video, frames: list[str], ids: Mapping[str, str]) -> Video:
    """The video with other names for frames and expressions."""
    facts = {name: getattr(drawn, name) for name in Video.__dataclass_fields__}
    facts["frames"] = tuple(
        Frame(name=name, annotated=frame.annotated, path=None, encoded=frame.encoded)
        for name, frame in zip(frames, drawn.frames, strict=True)
    )
    facts["expressions"] = tuple(
        Expression(
            video_id=drawn.video_id, expression_id=ids[e.expression_id], text=e.text, object_ids=e.object_ids
        )
        for e in drawn.expressions
    )
    facts["objects"] = tuple(Object(object_id=each.object_id) for each in drawn.objects)
    return Video(**facts)


def mttr_a2d(path: Path, counts: Counts) -> tuple[Path, list[tuple[Any, Any]]]:
    """MTTR, SOC, ReferFormer on A2D: image_id with the number of the frame, without zeros.

    Returns:
        The file, and (truth, best candidate) of each sample.
    """
    found, pairs = [], []
    samples = [(1, n, square(5 * n)) for n in range(3)] + [(4, n, square(20, 14)) for n in range(2)]
    for number, (instance, n, mask) in enumerate(samples):
        for score, candidate in candidates(mask, number):
            image_id = f"v_0qzFNdN7o5g_f_{10 * (n + 1)}_i_{instance}"
            found.append(_detection(image_id, score, candidate, counts))
        pairs.append((mask, candidates(mask, number)[1][1]))
    return put(path, found), pairs


def mttr_jhmdb(path: Path, counts: Counts) -> tuple[Path, list[tuple[Any, Any]]]:
    """The same on JHMDB: image_id without an instance."""
    found, pairs = [], []
    for number, name in enumerate(("Pirates_clap_f_nm_np1_ba_med_5", "kick__Best_f_3_goal")):
        mask = square(3 + number)
        found += [
            _detection(f"v_{name}_f_17", score, candidate, counts)
            for score, candidate in candidates(mask, number)
        ]
        pairs.append((mask, candidates(mask, number)[1][1]))
    return put(path, found), pairs


def referformer_refcoco(folder: Path, counts: Counts) -> tuple[Path, list[tuple[Any, Any]]]:
    """ReferFormer on RefCOCO: image_id counts the captions from 1; the converted instances say what they are.

    The instances hold the ground truth too, as polygons.
    """
    found, pairs, images, annotations = [], [], [], []
    number = 0
    for name in ("COCO_train2014_000000000009", "COCO_train2014_000000000025"):
        for caption, mask in (("blue", square(20, 14)), ("red one", square(2))):
            number += 1
            for score, candidate in candidates(mask, number):
                box = [1.5, 2.0, 8.0, 9.25]
                found.append({**_detection(number, score, candidate, counts), "bbox": box})
            pairs.append((mask, candidates(mask, number)[1][1]))
            image = {
                "file_name": f"{name}.jpg",
                "height": HEIGHT,
                "width": WIDTH,
                "original_id": int(name[-4:]),
            }
            images.append({**image, "id": number, "caption": caption, "dataset_name": "refcoco"})
            polygon = [[2.0, 4.0, 10.0, 4.0, 10.0, 12.0, 2.0, 12.0]]
            annotation = {"segmentation": polygon, "area": 64.0, "iscrowd": 0, "bbox": [2.0, 4.0, 8.0, 8.0]}
            annotations.append({**annotation, "image_id": number, "category_id": 1, "id": number})
    content = {"info": "", "licenses": "", "categories": [{"id": 1, "name": "person"}]}
    content |= {"images": images, "annotations": annotations}
    put(folder / "instances_refcoco_val.json", content)
    put(folder / "predictions.json", found)
    return folder, pairs


def _detection(image_id: object, score: float, mask: NDArray[np.bool_], counts: Counts) -> dict[str, Any]:
    return {
        "image_id": image_id,
        "category_id": 1,
        "segmentation": segmentation(mask, counts),
        "score": score,
    }
