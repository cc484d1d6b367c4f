"""What code writes beside or instead of masks, and masks that say not what they answer."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tests.submission.producers.run_lengths import put
from tests.submission.producers.scene import rle
from tests.tiny_store import square

_FIGURES = {"J": 0.5, "F": 0.625, "J&F": 0.5625, "HOTA": 0.5}


def lmms_eval_points(folder: Path) -> Path:
    """The rvos tasks of lmms-eval, first stage: points by time, in no mask."""
    track = {"frame": 0, "time": 0.0, "points": {"1": {"point": [8.0, 7.5], "occluded": False}}}
    record = {
        "id": "mevis_valid_u_track_0",
        "qid": "0",
        "video": "0a49f5265b",
        "expression": "the red square",
        "prediction": '<points coords="0.0 1 250 312">the red square</points>',
        "tracks": [track],
        "height": 24,
        "width": 32,
        "fps": 6,
        "sampling_fps": 1,
        "n_frames": 6,
        "mask_ids": ["12"],
        "precision": 1.0,
        "recall": 1.0,
        "f1": 1.0,
        "HOTA": 1.0,
    }
    return put(folder / "submissions" / "mevis_valid_u_submission_20260801_120000.json", [record])


def lmms_eval_figures(folder: Path) -> Path:
    """Its second stage, SAM 2: the figures of each query; the masks are not kept."""
    query = {"id": "mevis_valid_u_track_0", "qid": "0", "video": "0a49f5265b", "expression": "the red square"}
    figures = {**query, "num_prompt_frames": 1, "num_prompt_points": 1, **_FIGURES}
    put(folder / "rvos_mevis_valid_u_sam2_metrics.json", {"task": "rvos_mevis_valid_u", "n": 1, **_FIGURES})
    put(folder / "rvos_mevis_valid_u_sam2_predictions.json", [figures])
    return folder


def unipixel_refcoco(folder: Path) -> Path:
    """UniPixel on RefCOCO: intersection and union of each query; the masks are not kept."""
    sample = {
        "vid": "COCO_train2014_000000000009",
        "qid": 10,
        "inter": 48,
        "union": 80,
        "iou": 0.6,
        "hit": True,
    }
    return put(folder / "output_0.json", [sample])


def sa2va_refcoco(folder: Path) -> Path:
    """Sa2VA's older script for RefCOCO: masks by position of a picture and of a text drawn at random."""
    mask = [rle(square(0))]
    record = {"img_id": 0, "gt_masks": mask, "image_path": "data/9.jpg", "prediction_masks": [mask, None]}
    return put(folder / "refcoco.json", [record])


def eval_mevis(folder: Path) -> Path:
    """MeViS' eval_mevis.py, and VISA's and ReferDINO's: J and F by <video>_<expression>."""
    return put(folder / "mevis_valu.json", {"0a49f5265b_0": [0.5, 0.625], "e98d115d9d_3": [1.0, 1.0]})


def raw_predictions(folder: Path) -> Path:
    """VITA, LMPM: instances_predictions.pth of torch.save alone, which is a zip of pickles."""
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "instances_predictions.pth", "w") as archive:
        archive.writestr("instances_predictions/data.pkl", b"\x80\x02}q\x00.")
        archive.writestr("instances_predictions/version", "3\n")
    return folder


def soft_scores(folder: Path) -> Path:
    """XMem and Cutie with --save_scores: probabilities in HDF5, by frame."""
    for name in ("00000", "backward"):
        path = folder / "Scores" / "0a49f5265b" / f"{name}.hkl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(64))
    return folder
