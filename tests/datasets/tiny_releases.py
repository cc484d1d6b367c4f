"""Tiny copies of the official releases, drawn in code: frames of 24x32 pixels with rectangles in them."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import av
import h5py
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat

from rvosbench.masks import encode, encode_index_png

HEIGHT, WIDTH = 24, 32


def labels(boxes: Mapping[int, tuple[int, int, int, int]]) -> NDArray[np.uint8]:
    """A label map with one rectangle per object id: (first row, last row + 1, first column, last + 1)."""
    drawn = np.zeros((HEIGHT, WIDTH), np.uint8)
    for object_id, (top, bottom, left, right) in boxes.items():
        drawn[top:bottom, left:right] = object_id
    return drawn


TWO_OBJECTS = labels({1: (2, 8, 3, 9), 2: (10, 20, 12, 30)})
ONE_OBJECT = labels({2: (11, 21, 12, 30)})


def write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def write_frame(path: Path, grey: int = 90) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((HEIGHT, WIDTH, 3), grey, np.uint8)).save(path)


def write_labels(path: Path, drawn: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_index_png(drawn))


def write_video(split: Path, video_id: str, frames: Mapping[str, NDArray[np.uint8] | None]) -> None:
    """JPEGImages and, where there are labels, Annotations of one video."""
    for name, drawn in frames.items():
        write_frame(split / "JPEGImages" / video_id / f"{name}.jpg")
        if drawn is not None:
            write_labels(split / "Annotations" / video_id / f"{name}.png", drawn)


def expressions(*expressions: tuple[str, str | None]) -> dict[str, dict[str, str]]:
    """The "expressions" of one video: (expression, obj_id or None)."""
    return {
        str(number): {"exp": text} | ({} if object_id is None else {"obj_id": object_id})
        for number, (text, object_id) in enumerate(expressions)
    }


def ytvos(root: Path) -> Path:
    """Two train videos, one valid, one test; the valid json lists the test video too."""
    names = ["00005", "00010", "00020"]  # neither from 00000 nor in even steps
    masks = [TWO_OBJECTS, ONE_OBJECT, TWO_OBJECTS]
    write_video(root / "train", "aaa", dict(zip(names, masks, strict=True)))
    write_video(root / "train", "bbb", {"00000": ONE_OBJECT})
    write_video(root / "valid", "ccc", {"00000": None, "00005": None})
    write_video(root / "test", "ddd", {"00000": None})
    train = {
        "bbb": {"frames": ["00000"], "expressions": expressions(("the wide one", "2"))},
        "aaa": {"frames": names, "expressions": expressions(("A  small box ", "1"), ("a wide box", "2"))},
    }
    valid = {"ccc": {"frames": ["00000", "00005"], "expressions": expressions(("something", None))}}
    test = {"ddd": {"frames": ["00000"], "expressions": expressions(("something else", None))}}
    write_json(meta_expressions(root, "train"), {"videos": train})
    write_json(meta_expressions(root, "valid"), {"videos": valid | test})
    write_json(meta_expressions(root, "test"), {"videos": test})
    write_json(root / "train" / "meta.json", {"videos": {"aaa": {"objects": {"1": {"category": "dog"}}}}})
    return root


def meta_expressions(root: Path, split: str) -> Path:
    return root / "meta_expressions" / split / "meta_expressions.json"


DAVIS_TEXT = {
    "Davis17_annot1.txt": 'motor-bike 1 "a bike"\nmotor-bike 2 "a man"\n',
    "Davis17_annot1_full_video.txt": 'motor-bike 1 "a bike that jumps"\nmotor-bike 2 "a man, jumping"\n',
    "Davis17_annot2.txt": 'motor-bike 1 "the café racer"\nmotor-bike 2 "the rider"\n',
    "Davis17_annot2_full_video.txt": 'motor-bike 1 "bike"\nmotor-bike 2 "rider"\n',
}


def davis(root: Path) -> Path:
    """The three raw downloads with one sequence, misspelt in the text as in the official files."""
    void = TWO_OBJECTS.copy()
    void[0, :] = 255
    for name, drawn in (("00000", TWO_OBJECTS), ("00001", void)):
        write_frame(root / "DAVIS" / "JPEGImages" / "480p" / "motorbike" / f"{name}.jpg")
        write_labels(
            root / "DAVIS" / "Annotations_unsupervised" / "480p" / "motorbike" / f"{name}.png", drawn
        )
    sets = root / "DAVIS" / "ImageSets" / "2017"
    sets.mkdir(parents=True)
    (sets / "val.txt").write_text("motorbike\n")
    (sets / "train.txt").write_text("")
    write_json(root / "DAVIS" / "davis_semantics.json", {"motorbike": {"1": "motorcycle", "2": "person"}})
    text = root / "davis_text_annotations"
    text.mkdir()
    for name, content in DAVIS_TEXT.items():
        (text / name).write_bytes(content.encode("latin-1" if "annot2" in name else "utf-8"))
    return root


def davis_converted(root: Path) -> Path:
    """The same expressions as the conversion script leaves them."""
    write_video(root / "valid", "motorbike", {"00000": TWO_OBJECTS, "00001": TWO_OBJECTS})
    texts = [("a bike", "1"), ("a bike that jumps", "1"), ("the café racer", "1"), ("bike", "1")]
    texts += [("a man", "2"), ("a man, jumping", "2"), ("the rider", "2"), ("rider", "2")]
    entry = {"frames": ["00000", "00001"], "expressions": expressions(*texts)}
    write_json(meta_expressions(root, "valid"), {"videos": {"motorbike": entry}})
    return root


def write_mp4(path: Path, frames: int) -> None:
    """A clip whose frame `i` is uniformly grey, 10 * i."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24, options={"bf": "2", "g": "4", "crf": "10"})
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "yuv420p"
        stream.codec_context.thread_count = 1
        for index in range(frames):
            pixels = np.full((HEIGHT, WIDTH, 3), 10 * index, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())


def write_h5(
    path: Path,
    masks: Sequence[NDArray[np.bool_]],
    instances: Sequence[int],
    ids: Sequence[int] | None = None,
) -> None:
    """An instance file as MATLAB writes it: axes reversed, a single instance without its first axis."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = np.stack(masks).transpose(0, 2, 1).astype(np.uint8)
    with h5py.File(path, "w", userblock_size=512) as file:
        file["reMask"] = data[0] if len(masks) == 1 else data
        file["id"] = np.array([ids or [34] * len(masks)], np.float64)
        file["reBBox"] = np.zeros((4, len(masks)))
        file["instance"] = np.array(instances, np.int64)


A2D_IDS = ("-aaaaaaaaaa", "bbbbbbbbbbb", "ccccccccccc", "ddddddddddd")


def a2d(root: Path) -> Path:
    """A train and a test video; a third is listed as missed, of a fourth the clip is not there."""
    train, test, missed, absent = A2D_IDS
    first, second = TWO_OBJECTS == 1, TWO_OBJECTS == 2
    masks = root / "text_annotations" / "a2d_annotation_with_instances"
    for video_id in (train, test, missed):
        write_mp4(root / "Release" / "clips320H" / f"{video_id}.mp4", frames=6)
    write_h5(masks / train / "00002.h5", [second, first], [1, 0], ids=[34, 15])  # rows in another order
    write_h5(masks / train / "00006.h5", [first], [0], ids=[15])  # squeezed
    write_h5(masks / test / "00003.h5", [first, second], [0, 3], ids=[15, 99])
    row = "00:00:00,00:00:01,24,32,6,3"
    (root / "Release" / "videoset.csv").write_text(
        "".join(f"{video_id},34,{row},{int(video_id == test)}\n" for video_id in A2D_IDS)
    )
    (root / "text_annotations" / "a2d_annotation.txt").write_text(
        "video_id,instance_id,query\n"
        f"{train},0,A man  is jumping \n{train},1,ball\n{train},1 (copy),ball again\n"
        f"{test},0,man\n{test},3,the ball\n{absent},0,nobody\n"
    )
    (root / "text_annotations" / "a2d_missed_videos.txt").write_text(missed)  # no newline at the end
    return root


def refcoco(root: Path, *, folder: str = "refcoco", by: str = "unc") -> Path:
    """Two images: a polygon, a compressed and a plain run-length annotation, a crowd nobody means."""
    names = {7: "COCO_train2014_000000000007.jpg", 9: "COCO_train2014_000000000009.jpg"}
    for name in names.values():
        write_frame(root / "train2014" / name)
    plain = [24 * 2, 24, 24 * 29]  # the third column
    annotations: list[dict[str, Any]] = [
        {"id": 70, "image_id": 7, "category_id": 1, "iscrowd": 0, "segmentation": [[3, 2, 9, 2, 9, 8, 3, 8]]},
        {"id": 71, "image_id": 7, "category_id": 2, "iscrowd": 0, "segmentation": rle(plain)},
        {"id": 900100000000, "image_id": 7, "category_id": 2, "iscrowd": 1, "segmentation": rle(plain)},
        {"id": 72, "image_id": 7, "category_id": 2, "iscrowd": 1, "segmentation": rle(plain)},
        {"id": 90, "image_id": 9, "category_id": 2, "iscrowd": 1, "segmentation": rle(plain)},
    ]
    images = [{"id": i, "file_name": name, "height": HEIGHT, "width": WIDTH} for i, name in names.items()]
    categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    refs = [
        reference(7, 70, "train", (0, "left cat"), (1, "cat")),
        reference(7, 71, "train", (2, "dog")),
        reference(9, 90, "testA", (3, "all the dogs")),
    ]
    content = {"images": images, "annotations": annotations, "categories": categories}
    write_json(root / folder / "instances.json", content)
    (root / folder / f"refs({by}).p").write_bytes(pickle.dumps(refs, protocol=2))
    return root


def rle(counts: list[int]) -> dict[str, object]:
    return {"size": [HEIGHT, WIDTH], "counts": counts}


def reference(image: int, annotation: int, split: str, *expressions: tuple[int, str]) -> dict[str, Any]:
    return {
        "image_id": image,
        "ann_id": annotation,
        "split": split,
        "file_name": f"COCO_train2014_{image:012d}_{annotation}.jpg",  # no image has this name
        "sentences": [{"sent_id": n, "sent": text, "raw": f"{text.upper()} ."} for n, text in expressions],
    }


def compressed(mask: NDArray[np.bool_]) -> dict[str, object]:
    """A mask as `mask_dict.json` has it."""
    return {"size": list(mask.shape), "counts": encode(mask).counts.decode()}


MEVIS_FRAMES = (TWO_OBJECTS, ONE_OBJECT, TWO_OBJECTS)


def mevis_sentence(text: str, *anno_ids: int) -> dict[str, object]:
    return {"exp": text, "anno_id": list(anno_ids), "obj_id": [i % 2 for i in anno_ids]}


def mevis(root: Path, *, text: str = "meta_expressions.json") -> Path:
    """Two train videos, one of valid_u, and one of valid without ground truth."""
    names = ["00000", "00001", "00002"]
    for split, video_id in (("train", "aaa"), ("train", "bbb"), ("valid_u", "ccc"), ("valid", "ddd")):
        write_video(root / split, video_id, dict.fromkeys(names))
    small = [compressed(drawn == 1) if (drawn == 1).any() else None for drawn in MEVIS_FRAMES]
    wide = [compressed(drawn == 2) for drawn in MEVIS_FRAMES]
    first = [
        mevis_sentence("the small box", 40),
        mevis_sentence("the wide box", 41),
        mevis_sentence("both boxes", 40, 41),
        mevis_sentence("a dog"),
    ]
    train = {
        "aaa": {"vid_id": 0, "frames": names, "expressions": {str(n): s for n, s in enumerate(first)}},
        "bbb": {"vid_id": 1, "frames": names, "expressions": {"0": mevis_sentence("a box", 42)}},
    }
    valid_u = {"ccc": {"vid_id": 0, "frames": names, "expressions": {"0": mevis_sentence("a box", 0)}}}
    valid = {"ddd": {"vid_id": 0, "frames": names, "expressions": {"0": {"exp": "a box"}}}}
    for split, videos in (("train", train), ("valid_u", valid_u), ("valid", valid)):
        write_json(root / split / text, {"videos": videos})
    write_json(root / "train" / "mask_dict.json", {"40": small, "41": wide, "42": wide})
    write_json(root / "valid_u" / "mask_dict.json", {"0": wide})
    return root


JHMDB_ODD = "30_(dead-hang)_pull-ups!!_pullup_u_cm_np1_ba_med_0"


def jhmdb(root: Path) -> Path:
    """Two videos; the first has four frames and masks of three, and three sampled frames."""
    puppet = np.stack([drawn == 2 for drawn in MEVIS_FRAMES], axis=2)
    for action, video_id, frames in (("pullup", JHMDB_ODD, 4), ("walk", "bob_walk_0", 3)):
        for number in range(1, frames + 1):
            write_frame(root / "Rename_Images" / action / video_id / f"{number:05d}.png")
        write_mat(root, f"{action}/{video_id}", {"part_mask": puppet.astype(np.uint8)})
    (root / "jhmdb_annotation.txt").write_text(
        f"video_id,query\n{JHMDB_ODD},a man  Pulling up\nbob_walk_0,bob walks\n"
    )
    return root


def write_mat(root: Path, place: str, arrays: Mapping[str, Any], **options: Any) -> Path:
    path = root / "puppet_mask" / place / "puppet_mask.mat"
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, dict(arrays), **options)
    return path


def sample(video_id: str, frame: int, *, action: str = "pullup", count: int = 3) -> list[object]:
    """One entry of the list of sampled frames."""
    root = "/mnt/somebody/jhmdb_sentences"
    return [
        video_id,
        f"{root}/Rename_Images/{action}/{video_id}/{frame:05d}.png",
        f"{root}/puppet_mask/{action}/{video_id}/puppet_mask.mat",
        count,
        "an expression",
    ]
