"""Run lengths in JSON: Sa2VA, and the YouTube-VIS results of VITA, LMPM, LV-VIS and CLIP-VIS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.submission.producers.scene import Answers, frames_of, rle, texts

_UNPICKLED = b"PK\x03\x04instances"  # torch.save of the raw predictions, which nobody reads here


def put(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def sa2va(folder: Path, answers: Answers) -> Path:
    """Sa2VA: <work_dir>/<dataset>/results.json; a video without an answer has empty masks, never null."""
    results: dict[str, dict[str, Any]] = {}
    for video_id, tracks in answers.items():
        for index, (expression_id, track) in enumerate(tracks.items()):
            results.setdefault(video_id, {})[expression_id] = {
                "index": index,
                "video_id": video_id,
                "exp_id": expression_id,
                "text_prediction": "Sure, [SEG].<|im_end|>",
                "frames": sorted(frames_of(video_id)),
                "exp": f"<image>\nPlease segment {texts()[expression_id]}.",
                "prediction_masks": [rle(mask) for mask in track],
            }
    return put(folder / "MEVIS_U" / "results.json", results)


def youtube_vis(answers: Answers, first: int = 1) -> list[dict[str, Any]]:
    """A record for each candidate: numbers for video and category, the worse candidate first."""
    records = []
    for number, tracks in enumerate(answers.values(), 1):
        for key, track in tracks.items():
            for score, masks in ((0.25, np.roll(track, 9, axis=2)), (0.5, track)):
                segmentations = [rle(mask) for mask in masks]
                record = {"video_id": number, "score": score, "category_id": first + int(key)}
                records.append({**record, "segmentations": segmentations})
    return records


def annotation_file(answers: Answers, *, truth: bool, first: int = 1) -> dict[str, Any]:
    """The instances of YouTube-VIS and LV-VIS: what numbers mean and, in train and val, the ground truth."""
    videos = [
        {
            "id": number,
            "width": 32,
            "height": 24,
            "length": len(frames_of(video_id)),
            "date_captured": "2019-04-11 00:55:41.903634",
            "license": 1,
            "flickr_url": "",
            "coco_url": "",
            "file_names": [f"{video_id}/{name}.jpg" for name in frames_of(video_id)],
        }
        for number, video_id in enumerate(answers, 1)
    ]
    content: dict[str, Any] = {
        "info": {"description": "YouTube-VOS", "year": 2019},
        "licenses": [{"url": "", "id": 1, "name": ""}],
        "videos": videos,
        "categories": [{"id": first + int(key), "name": text} for key, text in texts().items()],
    }
    if truth:
        content["annotations"] = [
            {
                "id": number,
                "video_id": number,
                "category_id": first,
                "height": 24,
                "width": 32,
                "iscrowd": 0,
                "areas": [64] * video["length"],
                "bboxes": [[0.0, 0.0, 8.0, 8.0]] * video["length"],
                "segmentations": [{"size": [24, 32], "counts": [0, 64, 704]}] * (video["length"] - 1)
                + [None],
                "length": 1,
            }
            for number, video in enumerate(videos, 1)
        ]
    return content


def vita(folder: Path, answers: Answers) -> Path:
    """VITA and LMPM: <output>/inference/results.json beside the raw instances_predictions.pth."""
    put(folder / "inference" / "results.json", youtube_vis(answers))
    (folder / "inference" / "instances_predictions.pth").write_bytes(_UNPICKLED)
    return folder


def saco(folder: Path, answers: Answers) -> Path:
    """SAM 3 on SA-Co/VEval: with bboxes and areas in each record."""
    records = youtube_vis(answers)
    for record in records:
        masks = record["segmentations"]
        record |= {"bboxes": [[0, 0, 1, 1]] * len(masks), "areas": [1] * len(masks)}
    put(folder / "saco_veval_sav_test_preds.json", records)
    return folder


def lvvis(folder: Path, answers: Answers) -> Path:
    """OV2Seg of LV-VIS: <output>/<dataset>/results.json, categories from 1; CLIP-VIS leaves <dataset> out."""
    put(folder / "lvvis_val" / "results.json", youtube_vis(answers))
    return folder
