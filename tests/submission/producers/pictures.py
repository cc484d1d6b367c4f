"""PNG per expression and frame, as the inference scripts of the field leave them; one function for each.

What each writes was read in its repository; `docs/evaluation.md` has the table. Only facts come from there:
folders, names, values, modes, and what else lies beside.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.submission.producers.scene import Answers, frames_of


def each_mask(answers: Answers) -> Iterator[tuple[str, str, int, str, NDArray[np.bool_]]]:
    """Video, expression, number and name of the frame, mask."""
    for video_id, tracks in answers.items():
        for expression_id, track in tracks.items():
            for n, name in enumerate(frames_of(video_id)):
                yield video_id, expression_id, n, name, track[n]


def grey(path: Path, mask: NDArray[np.bool_], white: int = 255) -> None:
    """By Pillow, mode L."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask.astype(np.float32) * white).convert("L").save(path)


def by_opencv(path: Path, mask: NDArray[np.bool_], white: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), mask.astype(np.uint8) * white)


def overlay(path: Path, mask: NDArray[np.bool_], mode: str = "RGBA") -> None:
    """The frame with the mask painted over it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    colour = np.where(mask[..., None], (200, 90, 90), (128, 128, 128)).astype(np.uint8)
    Image.fromarray(colour).convert(mode).save(path)


def referformer(folder: Path, answers: Answers, *, visualize: bool = False) -> Path:
    """ReferFormer: <output>/<split>/, overlays in <split>_images/."""
    for video_id, expression_id, _, name, mask in each_mask(answers):
        grey(folder / "valid" / video_id / expression_id / f"{name}.png", mask)
        if visualize:
            overlay(folder / "valid_images" / video_id / expression_id / f"{name}.png", mask)
    return folder / "valid"


def soc(folder: Path, answers: Answers, *, visualize: bool = False) -> Path:
    """SOC's infer_refytb.py: <run>/Annotations/ beside the configuration, overlays in <split>_images/."""
    for video_id, expression_id, _, name, mask in each_mask(answers):
        grey(folder / "Annotations" / video_id / expression_id / f"{name}.png", mask)
        if visualize:
            overlay(folder / "valid_images" / video_id / expression_id / f"{name}.png", mask)
    (folder / "config.yaml").write_text("visualize: false\n")
    return folder


def sgmg(folder: Path, answers: Answers) -> Path:
    """SgMg: <output>/Annotations/."""
    return visa(folder, answers)


def onlinerefer(folder: Path, answers: Answers) -> Path:
    """OnlineRefer: the same, overlays as .jpg; a folder of their own where --visualize is given."""
    for video_id, expression_id, _, name, mask in each_mask(answers):
        grey(folder / "valid" / video_id / expression_id / f"{name}.png", mask)
        overlay(folder / "valid_images" / video_id / expression_id / f"{name}.jpg", mask, "RGB")
    return folder


def mttr(folder: Path, answers: Answers) -> Path:
    """MTTR, and SOC in training: a zip by shutil with Annotations/ at the top, entries for folders too."""
    epoch = folder / "validation_outputs" / "epoch_3"
    for video_id, expression_id, _, name, mask in each_mask(answers):
        path = epoch / "Annotations" / video_id / expression_id / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 * mask.astype(np.uint8)).save(path)
    made = shutil.make_archive(str(epoch.parent / "submission_epoch_3"), "zip", epoch, "Annotations")
    shutil.rmtree(epoch)
    return Path(made)


def mttr_output_folder(folder: Path, answers: Answers) -> Path:
    """The same, if the folder of the training is named: a checkpoint lies there too."""
    mttr(folder, answers)
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "0003.pth.tar").write_bytes(b"\x80\x02}q\x00.")
    return folder / "validation_outputs"


def visa(folder: Path, answers: Answers) -> Path:
    """VISA: <output>/Annotations/."""
    for video_id, expression_id, _, name, mask in each_mask(answers):
        grey(folder / "Annotations" / video_id / expression_id / f"{name}.png", mask)
    return folder


def visa_mevis_zip(folder: Path, answers: Answers) -> Path:
    """VISA's zip for MeViS: video folders at the top, entries stored again without compression."""
    made = visa(folder / "out", answers) / "Annotations"
    with zipfile.ZipFile(folder / "mevis.zip", "w") as archive:
        for path in sorted(made.rglob("*.png")):
            archive.writestr(path.relative_to(made).as_posix(), path.read_bytes())
    return folder / "mevis.zip"


def visa_ytvos_zip(folder: Path, answers: Answers) -> Path:
    """VISA's zip for Ref-YouTube-VOS: Annotations/ at the top."""
    made = visa(folder / "out", answers)
    with zipfile.ZipFile(folder / "ytvos.zip", "w") as archive:
        for path in sorted(made.rglob("*.png")):
            archive.writestr(path.relative_to(made).as_posix(), path.read_bytes())
    return folder / "ytvos.zip"


def lmpm(folder: Path, answers: Answers) -> Path:
    """MeViS' baseline LMPM: <folder>/<video>/<expression>/."""
    for video_id, expression_id, _, name, mask in each_mask(answers):
        grey(folder / video_id / expression_id / f"{name}.png", mask)
    return folder


def referdino(folder: Path, answers: Answers, *, visualize: bool = False) -> Path:
    """ReferDINO on MeViS, and Long-RVOS' baseline: <version>/<split>/Annotations/, overlays in _images/.

    Several queries are summed and cut at 1.
    """
    run = folder / "mevis" / "swin-b" / "valid_u"
    for video_id, expression_id, _, name, mask in each_mask(answers):
        summed = mask.astype(np.int64) + mask.astype(np.int64)
        grey(run / "Annotations" / video_id / expression_id / f"{name}.png", summed.clip(max=1).astype(bool))
        if visualize:
            overlay(run / "_images" / video_id / expression_id / f"{name}.png", mask)
    (run / "config.yaml").write_text("seed: 42\n")
    return folder


def referdino_ytvos(folder: Path, answers: Answers) -> Path:
    """ReferDINO on Ref-YouTube-VOS: a zip, Annotations/ at the top; what it was made of is removed."""
    run = folder / "refytvos" / "swin-b"
    for video_id, expression_id, _, name, mask in each_mask(answers):
        grey(run / "Annotations" / video_id / expression_id / f"{name}.png", mask)
    shutil.make_archive(str(run / "swin-b"), "zip", run, "Annotations")
    shutil.rmtree(run / "Annotations")
    (run / "config.yaml").write_text("seed: 42\n")
    return folder


def sa2va_submit(folder: Path, answers: Answers) -> Path:
    """Sa2VA --submit: <work_dir>/Annotations/; no results.json then."""
    return visa(folder, answers)


def unipixel(folder: Path, answers: Answers) -> Path:
    """UniPixel: by OpenCV; the samples that failed are written as black masks and listed in a JSON beside."""
    for video_id, expression_id, _, name, mask in each_mask(answers):
        by_opencv(folder / video_id / expression_id / f"{name}.png", mask, 255)
    anno = {"source": "mevis", "data_type": "seg_video", "vid": "0a49f5265b", "frames": ["a/00000.jpg"]}
    failed = [
        {"anno": {**anno, "samples": [{"qid": "3", "type": "query", "query": "the dog"}]}, "err": "(0, '')"}
    ]
    (folder / "failed_0.json").write_text(json.dumps(failed))
    return folder


def glus(folder: Path, answers: Answers) -> Path:
    """GLUS without --use_kf: uint8 0/255."""
    for video_id, expression_id, _, name, mask in each_mask(answers):
        path = folder / video_id / expression_id / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((mask * 255).astype(np.uint8)).save(path)
    return folder


def videolisa(folder: Path, answers: Answers) -> Path:
    """VideoLISA on MeViS, Ref-YouTube-VOS and ReasonVOS, with --save_overlay: a .jpg beside each mask."""
    for video_id, expression_id, n, name, mask in each_mask(answers):
        by_opencv(folder / video_id / expression_id / f"{name}.png", mask, 255)
        overlay(folder / video_id / expression_id / f"masked_img_{n}.jpg", mask, "RGB")
    return folder


def videolisa_davis(folder: Path, answers: Answers) -> Path:
    """VideoLISA on Ref-DAVIS17, before its post-processing: grey of 0 and 100."""
    for video_id, expression_id, n, name, mask in each_mask(answers):
        by_opencv(folder / video_id / expression_id / f"{name}.png", mask, 100)
        overlay(folder / video_id / expression_id / f"masked_img_{n}.jpg", mask, "RGB")
    return folder


def hyperseg(folder: Path, answers: Answers) -> Path:
    """HyperSeg on ReasonVOS: the best-scored mask of each frame."""
    return lmpm(folder, answers)


PRODUCERS: Mapping[str, Callable[[Path, Answers], Path]] = {
    "ReferFormer": referformer,
    "SOC": soc,
    "SgMg": sgmg,
    "OnlineRefer": onlinerefer,
    "MTTR": mttr,
    "MTTR, its folder": mttr_output_folder,
    "VISA": visa,
    "VISA, zip for MeViS": visa_mevis_zip,
    "VISA, zip for Ref-YouTube-VOS": visa_ytvos_zip,
    "LMPM": lmpm,
    "ReferDINO, Long-RVOS": referdino,
    "ReferDINO, Ref-YouTube-VOS": referdino_ytvos,
    "Sa2VA --submit": sa2va_submit,
    "UniPixel": unipixel,
    "GLUS": glus,
    "VideoLISA": videolisa,
    "VideoLISA, Ref-DAVIS17": videolisa_davis,
    "HyperSeg": hyperseg,
}
"""Name -> what writes its files into a folder and returns what its user would name."""
