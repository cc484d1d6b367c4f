"""Synthetic scenes in the layout of A2D-Sentences: real mp4 clips and MATLAB-shaped .h5 masks.

What makes the official release awkward is here too: ids that start with '-', frame numbers that count from
one, arrays with reversed axes, a lone instance without its axis, rows in another order in every frame,
sentences in mixed case with stray spaces, and a video without sentences.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Final, cast

import av
import h5py
import numpy as np
from av import VideoStream
from numpy.typing import NDArray

from rvosbench.errors import RvosbenchError
from rvosbench.synthetic.describing import describe
from rvosbench.synthetic.folders import (
    HELD_OUT,
    Progress,
    check_request,
    held_out_count,
    new_folder,
    unique_ids,
)
from rvosbench.synthetic.render import render
from rvosbench.synthetic.scenes import Scene, Thing, generator, make_scene

FPS: Final = 24

_ID_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
_ACTORS: Final = {"circle": 3, "square": 5, "triangle": 4, "star": 6, "cross": 7}  # ball car bird cat dog
_NO_ACTION: Final = 9
_ROLLING: Final = 6  # with jumping the only action that these five actors all have in the official list
_JUMPING: Final = 5
_USER_BLOCK: Final = 512  # bytes that MATLAB puts before the HDF5 data


def write(
    root: Path,
    videos: int,
    seed: int,
    *,
    frames: int = 12,
    size: tuple[int, int] = (96, 128),
    on_progress: Progress | None = None,
) -> None:
    """Write a release with `videos` train videos, a tenth as many test ones (2 or more) and one missed one.

    Args:
        root: a folder that is new or empty.
        videos: number of train videos with sentences.
        seed: any integer; the same one gives the same bytes, the mp4 files perhaps excepted.
        frames: frames per video; three of them carry masks.
        size: height and width in px, both even.
        on_progress: called after every video.

    Raises:
        RvosbenchError: a size that H.264 cannot hold.
        OutputError: `root` is taken or cannot be written.
    """
    check_request(videos, frames, size)
    if size[0] % 2 or size[1] % 2:
        raise RvosbenchError(
            f"the size is {size[0]}x{size[1]} px, expected even numbers for mp4; make it even"
        )
    tests = held_out_count(videos, 2)
    missed = HELD_OUT + tests
    indices = [*range(videos), *range(HELD_OUT, missed + 1)]
    ids = unique_ids(seed, indices, length=11, alphabet=_ID_LETTERS)
    ids[0] = "-" + ids[0][1:]

    rows: list[str] = []
    queries: list[str] = []
    with new_folder(root) as folder:
        texts = folder / "text_annotations"
        clips = folder / "Release" / "clips320H"
        texts.mkdir()
        clips.mkdir(parents=True)
        for done, index in enumerate(indices, start=1):
            scene = make_scene(seed, index, frames=frames, size=size)
            rendered = render(scene)
            rng = generator(seed, index, 3)
            annotated = annotated_frames(frames)
            write_mp4(clips / f"{ids[index]}.mp4", rendered.frames)
            rows.append(
                _videoset_row(ids[index], scene, rng, len(annotated), is_test=HELD_OUT <= index < missed)
            )
            if index != missed:
                masks = texts / "a2d_annotation_with_instances" / ids[index]
                masks.mkdir(parents=True)
                for number in annotated:
                    path = masks / f"{number:05d}.h5"
                    _write_masks(path, scene, rendered.labels[number - 1], rng)
                queries += [f"{ids[index]},{line}" for line in _queries(scene, seed, index, rng)]
            if on_progress is not None:
                on_progress(done, len(indices))
        _write_lines(folder / "Release" / "videoset.csv", sorted(rows))
        _write_lines(texts / "a2d_annotation.txt", ["video_id,instance_id,query", *sorted(queries)])
        # The official file ends without a newline.
        (texts / "a2d_missed_videos.txt").write_text(ids[missed], encoding="utf-8")


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


def class_id(thing: Thing) -> int:
    """The actor-action id of an instance, 10 * actor + action, always one of the 43 official ones."""
    actor = 10 * _ACTORS[thing.shape]
    if thing.motion == "still":
        return actor + _NO_ACTION
    return actor + (_JUMPING if thing.motion.startswith(("up", "down")) else _ROLLING)


def _write_lines(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def _videoset_row(
    video_id: str, scene: Scene, rng: np.random.Generator, annotated: int, *, is_test: bool
) -> str:
    """One line of videoset.csv; the label of a video is never "none", of an instance it may be."""
    label = (
        next(class_id(thing) for thing in scene.things if thing.motion != "still") if scene.frames > 1 else 36
    )
    start = int(rng.integers(0, 300))
    end = start + max(1, round(scene.frames / FPS))
    times = ",".join(f"00:{second // 60:02d}:{second % 60:02d}" for second in (start, end))
    return (
        f"{video_id},{label},{times},{scene.height},{scene.width},{scene.frames},{annotated},{int(is_test)}"
    )


def _queries(scene: Scene, seed: int, index: int, rng: np.random.Generator) -> list[str]:
    """`instance_id,query` for every thing: one sentence each, instances counted from zero."""
    lines = []
    for sentence in describe(scene, generator(seed, index, 1), per_thing=(1, 1)):
        text = sentence.text[0].upper() + sentence.text[1:] if rng.random() < 0.2 else sentence.text
        text = f"{text} " if rng.random() < 0.04 else text
        lines.append(f"{sentence.object_id - 1},{text}")
    return lines


def _write_masks(path: Path, scene: Scene, labels: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """One .h5 file: the visible instances of a frame in any order, axes reversed as MATLAB does."""
    visible = [thing for thing in scene.things if (labels == thing.object_id).any()]
    shuffled = [visible[position] for position in rng.permutation(len(visible))]
    masks = np.stack([labels == thing.object_id for thing in shuffled])  # (N, H, W)
    reversed_axes = masks.transpose(0, 2, 1).astype(np.uint8)
    with h5py.File(path, "w", userblock_size=_USER_BLOCK) as file:
        file.create_dataset(
            "reMask", data=reversed_axes[0] if len(shuffled) == 1 else reversed_axes, compression="gzip"
        )
        file["id"] = np.array([[class_id(thing) for thing in shuffled]], np.float64)
        file["reBBox"] = np.stack([_box(mask) for mask in masks], axis=1)
        file["instance"] = np.array([thing.object_id - 1 for thing in shuffled], np.int64)


def _box(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(4,) x1, y1, x2, y2 in px; the far edges are exclusive."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float64)
