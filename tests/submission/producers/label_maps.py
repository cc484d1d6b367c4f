"""Label maps and masks per object: what code for semi-supervised segmentation and for Ref-DAVIS17 writes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.submission.producers.scene import Answers, frames_of, rle


def davis_palette() -> list[int]:
    """256 colours by the rule of PASCAL VOC: each round takes three bits of the index, one for a channel."""
    table = []
    for index in range(256):
        colour, rest = [0, 0, 0], index
        for bit in range(7, -1, -1):
            for channel in range(3):
                colour[channel] |= ((rest >> channel) & 1) << bit
            rest >>= 3
        table += colour
    return table


def labels_of(tracks: dict[str, NDArray[np.bool_]], n: int) -> NDArray[np.uint8]:
    """Objects as values; of two that meet the first."""
    labels = np.zeros(next(iter(tracks.values())).shape[1:], np.uint8)
    for key in sorted(tracks, key=int, reverse=True):
        labels[tracks[key][n]] = int(key)
    return labels


def save(path: Path, labels: NDArray[np.uint8], palette: list[int] | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(labels)
    if palette is not None:
        picture.putpalette(palette)
    picture.save(path)


def sam2(folder: Path, answers: Answers) -> Path:
    """SAM 2's vos_inference.py: <output>/<video>/<frame>.png in the palette of its input, or of DAVIS."""
    for video_id, tracks in answers.items():
        for n, name in enumerate(frames_of(video_id)):
            save(folder / video_id / f"{name}.png", labels_of(dict(tracks), n), davis_palette())
    return folder


def sam2_per_object(folder: Path, answers: Answers) -> Path:
    """SAM 2 with --per_obj_png_file: <output>/<video>/001/<frame>.png, palette, 0 and 1."""
    for video_id, tracks in answers.items():
        for key, track in tracks.items():
            for n, name in enumerate(frames_of(video_id)):
                path = folder / video_id / f"{int(key):03d}" / f"{name}.png"
                save(path, track[n].astype(np.uint8), davis_palette())
    return folder


def cutie(folder: Path, answers: Answers, *, zipped: str = "", palette: bool = True) -> Path:
    """Cutie: <run>/Annotations/<video>/, logs of hydra and, for the servers, a zip of it beside."""
    table = davis_palette() if palette else None
    for video_id, tracks in answers.items():
        for n, name in enumerate(frames_of(video_id)):
            save(folder / "Annotations" / video_id / f"{name}.png", labels_of(dict(tracks), n), table)
    (folder / ".hydra").mkdir()
    (folder / ".hydra" / "config.yaml").write_text("exp_id: default\n")
    if zipped == "y19-val":
        made = shutil.make_archive(str(folder / "default_y19-val"), "zip", folder, "Annotations")
        return Path(made)
    if zipped == "mose-val":
        return Path(shutil.make_archive(str(folder / "default_mose-val"), "zip", folder / "Annotations"))
    return folder


def cutie_long_ids(folder: Path, answers: Answers) -> Path:
    """Cutie, where its input is in colour: each object in a colour drawn at random, RGB."""
    colours = {key: np.array([7 * int(key) + 3, 91, 40 * int(key)], np.uint8) for key in ("1", "2")}
    for video_id, tracks in answers.items():
        for n, name in enumerate(frames_of(video_id)):
            labels = labels_of(dict(tracks), n)
            picture = np.zeros((*labels.shape, 3), np.uint8)
            for key, colour in colours.items():
                picture[labels == int(key)] = colour
            save(folder / "Annotations" / video_id / f"{name}.png", picture, None)
    return folder


def cutie_burst(folder: Path, answers: Answers) -> Path:
    """Cutie on BURST: predictions.json, run lengths as a text without a size."""
    sequences = []
    for video_id, tracks in answers.items():
        names = frames_of(video_id)
        segments = [
            {key: {"rle": rle(track[n])["counts"]} for key, track in tracks.items() if track[n].any()}
            for n in range(len(names))
        ]
        of_video = {"dataset": "YFCC100M", "seq_name": video_id, "height": 24, "width": 32, "fps": 6}
        of_video |= {"annotated_image_paths": [f"{name}.jpg" for name in names], "segmentations": segments}
        sequences.append(of_video)
    folder.mkdir(parents=True)
    (folder / "predictions.json").write_text(json.dumps({"sequences": sequences, "split": "val"}))
    return folder


def xmem(folder: Path, answers: Answers, *, youtube: bool = True) -> Path:
    """XMem: for YouTube-VOS <output>/Annotations/<video>/, with a zip; for DAVIS <output>/<video>/."""
    for video_id, tracks in answers.items():
        for n, name in enumerate(frames_of(video_id)):
            top = folder / "Annotations" if youtube else folder
            save(top / video_id / f"{name}.png", labels_of(dict(tracks), n), davis_palette())
    if youtube:
        shutil.make_archive(str(folder / folder.name), "zip", folder, "Annotations")
    return folder


OBJECT_PRODUCERS = {
    "SAM 2": sam2,
    "SAM 2 --per_obj_png_file": sam2_per_object,
    "Cutie": cutie,
    "Cutie, zip for YouTube-VOS": lambda folder, answers: cutie(folder, answers, zipped="y19-val"),
    "Cutie, zip for MOSE": lambda folder, answers: cutie(folder, answers, zipped="mose-val"),
    "Cutie, input without a palette": lambda folder, answers: cutie(folder, answers, palette=False),
    "XMem": xmem,
    "XMem, DAVIS": lambda folder, answers: xmem(folder, answers, youtube=False),
}


def referformer_davis(folder: Path, answers: Answers, *, annotators: int = 4, top: str = "valid") -> Path:
    """ReferFormer and OnlineRefer on Ref-DAVIS17: <output>/<split>/anno_<k>/<sequence>/<position>.png.

    Of the expressions 4 i + k, label i + 1; in the palette of a real annotation; files are counted by
    position, in five digits.
    """
    for video_id, tracks in answers.items():
        for k in range(annotators):
            mine = {str(1 + i): tracks[str(4 * i + k)] for i in range(len(tracks) // 4)}
            for n in range(len(frames_of(video_id))):
                path = folder / top / f"anno_{k}" / video_id / f"{n:05d}.png"
                save(path, labels_of(mine, n), davis_palette())
    return folder


def sgmg_davis(folder: Path, answers: Answers) -> Path:
    """SgMg: DVS_Annotations/ in place of the split."""
    return referformer_davis(folder, answers, top="DVS_Annotations")


def soc_davis(folder: Path, answers: Answers, *, visualize: bool = False) -> Path:
    """SOC: the annotators' folders in the run's own, overlays in <split>_images/anno_<k>/<sequence>/."""
    referformer_davis(folder, answers, top=".")
    (folder / "config.yaml").write_text("visualize: false\n")
    for video_id in answers if visualize else ():
        for k, n in np.ndindex(4, len(frames_of(video_id))):
            _overlay(folder / "valid_images" / f"anno_{k}" / video_id / f"{n:05d}.png")
    return folder


def referdino_davis(folder: Path, answers: Answers, *, visualize: bool = False) -> Path:
    """ReferDINO: <version>/Annotations/; overlays in <split>_images/anno_<k>/<sequence>/<object>/."""
    run = folder / "davis" / "swin-b"
    referformer_davis(run, answers, top="Annotations")
    (run / "config.yaml").write_text("seed: 42\n")
    for video_id, tracks in answers.items() if visualize else ():
        for k, j, n in np.ndindex(4, len(tracks) // 4, len(frames_of(video_id))):
            _overlay(run / "valid_images" / f"anno_{k}" / video_id / str(j) / f"{n:05d}.png")
    return folder


def videolisa_davis(folder: Path, answers: Answers) -> Path:
    """VideoLISA's post-processing: anno_<k>/ in the folder that was named for it."""
    return referformer_davis(folder, answers, top=".")


def _overlay(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGBA", (32, 24), (90, 90, 90, 255)).save(path)
