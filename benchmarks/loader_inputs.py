"""Videos for benchmarks/loader.py, drawn: clips like those of A2D, records like those of Ref-YouTube-VOS."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from rvosbench import masks
from rvosbench.media.video import VideoFile
from rvosbench.types import Card, Expression, Frame, Object, Video

CARD = Card(name="drawn", title="Drawn", homepage="none", licence="none", citation="none")


def scene(frames: int, height: int, width: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    """A camera that pans over a rough background, discs that cross it, and sensor noise."""
    rng = np.random.default_rng(seed)
    background = np.full((2 * height, 2 * width, 3), 128.0)
    for coarse in (2, 4, 8, 32):
        rough = rng.normal(0, 18, (2 * height // coarse, 2 * width // coarse, 3))
        background += cv2.resize(rough, (2 * width, 2 * height))
    background = background.clip(0, 255)
    discs = [(rng.uniform(0, 1, 2), rng.normal(0, 3, 2), rng.uniform(0.06, 0.2)) for _ in range(4)]
    for number in range(frames):
        left, top = round(width / 2 + 0.9 * number) % width, round(height / 2 + 20 * np.sin(number / 15))
        picture = background[top : top + height, left : left + width].copy()
        for position, (start, speed, radius) in enumerate(discs):
            x, y = (start * (width, height) + speed * number) % (width, height)
            colour = (60 * position, 200 - 30 * position, 90)
            cv2.circle(picture, (int(x), int(y)), int(radius * height), colour, -1)
        picture += rng.normal(0, 2, (height, width, 1))
        yield picture.clip(0, 255).astype(np.uint8)


def write_clip(path: Path, *, frames: int, height: int, width: int, group: int, seed: int) -> None:
    """H.264 with x264's own choice of B-frames and one key frame every `group` frames, 25 frames/s."""
    options = {"crf": "30", "g": str(group), "keyint_min": str(group), "sc_threshold": "0"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        for number, pixels in enumerate(scene(frames, height, width, seed)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def of_clip(path: Path) -> Video:
    """An mp4 file as a store refers to it; every fifth frame is annotated."""
    with VideoFile(path) as file:
        info = file.probe()
    return _one_object(path.stem, info.height, info.width, [path.name] * len(info.pts_s), info.pts_s)


def as_images(folder: Path, video_id: str, *, frames: int, height: int, width: int, seed: int) -> Video:
    """The same kind of video as JPEG files, which are written here."""
    (folder / video_id).mkdir()
    names = [f"{video_id}/{number:05d}.jpg" for number in range(frames)]
    for name, pixels in zip(names, scene(frames, height, width, seed), strict=True):
        cv2.imwrite(str(folder / name), pixels)
    return _one_object(video_id, height, width, names, [None] * frames)


def _one_object(
    video_id: str, height: int, width: int, paths: Sequence[str], times: Sequence[float | None]
) -> Video:
    return Video(
        video_id=video_id,
        split="train",
        height=height,
        width=width,
        fps=None,
        source=video_id,
        frames=tuple(
            Frame(name=f"{number:05d}", annotated=number % 5 == 0, path=path, pts_s=time_s)
            for number, (path, time_s) in enumerate(zip(paths, times, strict=True))
        ),
        objects=(Object(object_id=0, category="disc"),),
        expressions=(Expression(video_id=video_id, expression_id="0", text="the disc", object_ids=(0,)),),
        masks={(0, n): masks.encode(blob(height, width, n)) for n in range(0, len(paths), 5)},
    )


def blob(height: int, width: int, seed: int) -> NDArray[np.bool_]:
    """A smooth outline with a few waves."""
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, 300, endpoint=False)
    waves = sum(rng.normal(0, 0.25 / n) * np.cos(n * angle + rng.uniform(0, 6.3)) for n in range(2, 20))
    reach = height * rng.uniform(0.08, 0.3) * (1 + waves)
    centre = rng.uniform(0.25, 0.75, 2) * (width, height)
    outline = centre + np.stack([1.3 * reach * np.cos(angle), reach * np.sin(angle)], axis=1)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [outline.round().astype(np.int32)], 1)
    return mask.astype(np.bool_)


def many_videos(count: int) -> list[Video]:
    """720x1280 px, 36 annotated frames, 2 objects, 4 expressions each; no pixels. Sorted."""
    height, width, frames = 720, 1280, 36
    drawn = [masks.encode(blob(height, width, seed)) for seed in range(400)]
    videos = []
    for number in range(count):
        rng = random.Random(number)
        video_id = f"{rng.getrandbits(20):05x}{number:05x}"
        folder = f"train/JPEGImages/{video_id}"
        videos.append(
            Video(
                video_id=video_id,
                split="train",
                height=height,
                width=width,
                fps=None,
                source=folder,
                frames=tuple(
                    Frame(name=f"{5 * n:05d}", annotated=True, path=f"{folder}/{5 * n:05d}.jpg")
                    for n in range(frames)
                ),
                objects=tuple(Object(object_id=n, category="person") for n in (1, 2)),
                expressions=tuple(
                    Expression(
                        video_id=video_id, expression_id=str(n), text="walking", object_ids=(1 + n % 2,)
                    )
                    for n in range(4)
                ),
                masks={(obj, n): rng.choice(drawn) for obj in (1, 2) for n in range(frames)},
            )
        )
    return sorted(videos, key=lambda video: video.video_id)
