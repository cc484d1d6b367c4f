"""Synthetic scenes in the layout of A2D-Sentences: real mp4 clips and MATLAB-shaped .h5 masks.

What makes the official release awkward is here too: ids that start with '-', frame numbers that count from
one, arrays with reversed axes, a lone instance without its axis, rows in another order in every frame,
expressions in mixed case with stray spaces, and a video without expressions.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final, cast

import av
import h5py
import numpy as np
from av import VideoStream
from numpy.typing import NDArray

from rvosbench.errors import RvosbenchError
from rvosbench.synthetic.folders import write_lines
from rvosbench.synthetic.render import render
from rvosbench.synthetic.request import Request
from rvosbench.synthetic.scenes import Scene, SceneObject

FPS: Final = 24

_ID_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
_ACTORS: Final = {"circle": 3, "square": 5, "triangle": 4, "star": 6, "cross": 7}  # ball car bird cat dog
_NO_ACTION: Final = 9
_ROLLING: Final = 6  # with jumping the only action that these five actors all have in the official list
_JUMPING: Final = 5
_USER_BLOCK: Final = 512  # bytes that MATLAB puts before the HDF5 data
_DAMAGE: Final = {(0, 0): "mask", (0, 1): "instance"}
"""(scene, position of the annotated frame) -> what comes once too often in its file."""


def lay_out(folder: Path, request: Request) -> None:
    """Write train, a tenth as many test videos (2 or more) and one missed one; three frames carry masks.

    Raises:
        RvosbenchError: a size that H.264 cannot hold.
    """
    if request.size[0] % 2 or request.size[1] % 2:
        raise RvosbenchError(
            f"the size is {request.size[0]}x{request.size[1]} px, expected even numbers for mp4; make it even"
        )
    missed = {"missed": 1} if request.has("missed-video") else {}
    plan = request.planned({"train": request.videos, "test": request.held_out(2), **missed})
    ids = _ids(request, plan)
    texts = folder if request.has("root-text") else folder / "text_annotations"
    clips = folder / "Release" / ("CLIPS320" if request.has("upper-case") else "clips320H")
    mats = folder / "Release" / "Annotations" / "mat"
    masks = mats if request.has("mat-only") else texts / "a2d_annotation_with_instances"
    for made in (texts, clips):
        made.mkdir(parents=True, exist_ok=True)
    rows: list[str] = []
    queries: list[str] = []
    for split, index in request.counted(plan):
        scene = request.scene(index)
        rendered = render(scene)
        rng = request.rng(index, 3)
        annotated = annotated_frames(request.frames)
        write_mp4(clips / f"{ids[index]}.mp4", rendered.frames)
        rows.append(_videoset_row(ids[index], scene, rng, len(annotated), is_test=split == "test"))
        if split == "missed":
            continue
        (masks / ids[index]).mkdir(parents=True)
        for position, number in enumerate(annotated):
            damage = _DAMAGE.get((index, position)) if request.has("damaged-masks") else None
            path = masks / ids[index] / f"{number:05d}.h5"
            _write_masks(path, scene, rendered.labels[number - 1], rng, request, damage)
        queries += [f"{ids[index]},{line}" for line in _queries(scene, index, rng, request)]
    if request.has("copy-row"):
        queries.append(f"{ids[0]},1 (copy),shape standing on the ground")
    _write_texts(texts, queries, ids[plan[-1][1]] if missed else None, request)
    head = ["VID,Label,Start,End,Height,Width,FramesCut,AnnotatedFrames,Usage"]
    write_lines(folder / "Release" / "videoset.csv", (head if request.has("header") else []) + sorted(rows))


def _ids(request: Request, plan: Sequence[tuple[str, int]]) -> dict[int, str]:
    """Scene index -> id; the first one begins with a dash, or none does."""
    ids = request.ids(plan, length=11, alphabet=_ID_LETTERS)
    if not request.has("dash-ids"):
        return {index: video_id.replace("-", "_") for index, video_id in ids.items()}
    return ids | {0: "-" + ids[0][1:]}


def _write_texts(texts: Path, queries: list[str], missed: str | None, request: Request) -> None:
    """The expressions, and the list of videos that have none."""
    columns = "video_id,instance_id,query"
    if request.has("extra-columns"):
        columns += ",short_query"
        queries = [f"{line},{line.split()[-1]}" for line in queries]
    write_lines(texts / "a2d_annotation.txt", [columns, *sorted(queries)])
    if missed is not None:
        # The official file ends without a newline.
        (texts / "a2d_missed_videos.txt").write_text(missed, encoding="utf-8")


def annotated_frames(frames: int) -> list[int]:
    """The numbers, counted from one, of the frames that carry masks: three, spread over the clip."""
    return sorted({max(1, frames * quarter // 4) for quarter in (1, 2, 3)})


def write_mp4(path: Path, frames: NDArray[np.uint8]) -> None:
    """(T, H, W, 3) RGB as H.264, or MPEG-4 part 2 where PyAV lacks the encoder."""
    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    options = {"crf": "14", "preset": "veryfast"} if codec == "libx264" else {"qscale": "2"}
    with av.open(str(path), "w") as container:
        stream = cast(VideoStream, container.add_stream(codec, rate=Fraction(FPS), options=options))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1  # several threads give other bytes on other machines
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def class_id(obj: SceneObject) -> int:
    """The actor-action id of an instance, 10 * actor + action, always one of the 43 official ones."""
    actor = 10 * _ACTORS[obj.shape]
    if obj.motion == "still":
        return actor + _NO_ACTION
    return actor + (_JUMPING if obj.motion.startswith(("up", "down")) else _ROLLING)


def _videoset_row(
    video_id: str, scene: Scene, rng: np.random.Generator, annotated: int, *, is_test: bool
) -> str:
    """One line of videoset.csv; the label of a video is never "none", of an instance it may be."""
    label = next(class_id(obj) for obj in scene.objects if obj.motion != "still") if scene.frames > 1 else 36
    start = int(rng.integers(0, 300))
    end = start + max(1, round(scene.frames / FPS))
    times = ",".join(f"00:{second // 60:02d}:{second % 60:02d}" for second in (start, end))
    return (
        f"{video_id},{label},{times},{scene.height},{scene.width},{scene.frames},{annotated},{int(is_test)}"
    )


def _queries(scene: Scene, index: int, rng: np.random.Generator, request: Request) -> list[str]:
    """`instance_id,query` for every object: one expression each, instances counted from zero."""
    lines = []
    for expression in request.expressions(scene, index, per_object=(1, 1)):
        text = expression.text[0].upper() + expression.text[1:] if rng.random() < 0.2 else expression.text
        text = f"{text} " if rng.random() < 0.04 else text
        lines.append(f"{expression.object_id - 1},{text if request.has('untidy-text') else expression.text}")
    return lines


def _write_masks(
    path: Path,
    scene: Scene,
    labels: NDArray[np.uint8],
    rng: np.random.Generator,
    request: Request,
    damage: str | None,
) -> None:
    """The visible instances of a frame in any order, axes reversed as MATLAB does."""
    visible = [obj for obj in scene.objects if (labels == obj.object_id).any()]
    order = rng.permutation(len(visible))
    rows = [visible[position] for position in (order if request.has("row-order") else sorted(order))]
    if damage is not None:
        rows.append(rows[0])  # one row too many; the first of an instance counts
    masks = np.stack([labels == obj.object_id for obj in rows])  # (N, H, W)
    if damage is not None:
        masks[-1] = labels == 0  # what must not count is something else
    instances = [obj.object_id - 1 for obj in rows[: -1 if damage == "mask" else None]]
    reversed_axes = masks.transpose(0, 2, 1).astype(np.uint8)
    is_squeezed = len(rows) == 1 and request.has("squeezed")
    if request.has("mat-only"):
        path = path.with_suffix(".mat")
    with h5py.File(path, "w", userblock_size=_USER_BLOCK) as file:
        file.create_dataset(
            "reMask", data=reversed_axes[0] if is_squeezed else reversed_axes, compression="gzip"
        )
        file["id"] = np.array([[class_id(obj) for obj in rows]], np.float64)
        file["reBBox"] = np.stack([_box(mask) for mask in masks], axis=1)
        if not request.has("mat-only"):
            file["instance"] = np.array(instances, np.int64)


def _box(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(4,) x1, y1, x2, y2 in px; the far edges are exclusive."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float64)
